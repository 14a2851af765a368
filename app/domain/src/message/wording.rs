//! What a text must be before messages are worded by it: a template of its kind that says what its reader needs, and is not too long.

use super::MessageKind;
use serde::{Deserialize, Serialize};

use super::segments::Length;
use super::text::{Field, Template, TemplateError, Values, fields_of};
use crate::lang::Lang;

/// The most messages that a gateway may count for a text, filled with long values: six are 402 characters, and gateways take 500.
pub const MOST_SEGMENTS: u32 = 6;

/// Why a text cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordingError {
    /// It says nothing.
    Empty,
    /// It has a line break or a control character in it.
    Control,
    /// It is no template of its kind.
    Template(TemplateError),
    /// It does not tell what its reader needs.
    Lacks(Field),
    /// Filled with long values it is as many messages: more than [`MOST_SEGMENTS`].
    TooLong(u32),
}

impl WordingError {
    /// What is wrong and what to do, after the name of the text.
    pub fn text(&self, kind: MessageKind, lang: Lang) -> String {
        let fields = || fields_of(kind).iter().map(|field| format!("{{{field}}}")).collect::<Vec<_>>().join(" ");
        match (self, lang) {
            (Self::Empty, Lang::Zh) => "是空的，请写上内容".into(),
            (Self::Empty, Lang::En) => "is empty; write something there".into(),
            (Self::Control, Lang::Zh) => "里有换行或控制字符，请删掉".into(),
            (Self::Control, Lang::En) => "has a control character or a line break in it; remove it".into(),
            (Self::Template(TemplateError::Brace), Lang::Zh) => "里有一个单独的花括号，字段要写成 {site} 这样".into(),
            (Self::Template(TemplateError::Brace), Lang::En) => "has a brace that stands alone; write fields as {site}".into(),
            (Self::Template(TemplateError::Unknown(name)), Lang::Zh) => {
                format!("里的 {{{}}} 不是字段，可以用：{}", short(name), fields())
            }
            (Self::Template(TemplateError::Unknown(name)), Lang::En) => {
                format!("has {{{}}}, which is no field; there are {}", short(name), fields())
            }
            (Self::Template(TemplateError::NotOfKind(field)), Lang::Zh) => {
                format!("里的 {{{field}}} 这类短信没有，可以用：{}", fields())
            }
            (Self::Template(TemplateError::NotOfKind(field)), Lang::En) => {
                format!("has {{{field}}}, which messages of this kind do not have; there are {}", fields())
            }
            (Self::Lacks(field), Lang::Zh) => format!("里没有 {{{field}}}，收信人需要它，请加上"),
            (Self::Lacks(field), Lang::En) => format!("does not say {{{field}}}, which its reader needs; add it"),
            (Self::TooLong(parts), Lang::Zh) => format!("太长：填上长的内容后计 {parts} 条短信，最多 {MOST_SEGMENTS} 条，请缩短"),
            (Self::TooLong(parts), Lang::En) => {
                format!("is too long: filled with long values it is {parts} messages, {MOST_SEGMENTS} at most; shorten it")
            }
        }
    }
}

/// As much of what was written as helps to find it.
fn short(name: &str) -> String {
    name.chars().take(24).collect()
}

/// Reads a text of a kind.
///
/// # Errors
/// See [`WordingError`].
pub fn read_wording(kind: MessageKind, lang: Lang, text: &str) -> Result<Template, WordingError> {
    if text.trim().is_empty() {
        return Err(WordingError::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(WordingError::Control);
    }
    let template = Template::parse(kind, text).map_err(WordingError::Template)?;
    if let Some(lacking) = needed(kind).iter().find(|field| !template.has(**field)) {
        return Err(WordingError::Lacks(*lacking));
    }
    match Length::of(&template.render(&long(lang))).billed {
        parts if parts > MOST_SEGMENTS => Err(WordingError::TooLong(parts)),
        _ => Ok(template),
    }
}

/// Without these a message of the kind is of no use.
const fn needed(kind: MessageKind) -> &'static [Field] {
    use Field::*;
    match kind {
        MessageKind::SignInCode | MessageKind::OwnDataCode => &[Code],
        MessageKind::Booked | MessageKind::Moved | MessageKind::Reminder => &[Name, Date, Time, Site, Code],
        MessageKind::Cancelled | MessageKind::CancelledBySite | MessageKind::Missed => &[Name, Date, Time],
        MessageKind::NextDose => &[Name, Vaccine],
    }
}

/// What the fields of an invented message say, for previews and tests that somebody asks for. `link` is where "my bookings" really is: it
/// counts for the length; where there is none it is empty.
pub fn example(kind: MessageKind, lang: Lang, link: &str) -> Values {
    filled(kind, |field| match field {
        Field::City => lang.pick("永州", "Yongzhou"),
        Field::Name => "张*兰",
        Field::Vaccine => lang.pick("新冠灭活疫苗（Vero 细胞）", "COVID-19, inactivated (Vero cell)"),
        Field::Dose => "2",
        Field::Date => lang.pick("明天 11月23日 周一", "Tomorrow Mon 23 Nov"),
        Field::Time => lang.pick("09:30–10:00", "09:30-10:00"),
        Field::Site => lang.pick("冷水滩区演示接种点一", "Lengshuitan Demo Site 1"),
        Field::Phone => "0746-000 0101",
        Field::Code if kind.is_code() => "048213",
        Field::Code => "7K3-M9P-2XQ8",
        Field::Link => link,
        Field::Minutes => "5",
        Field::Reason => lang.pick("停电", "a power cut"),
    })
}

/// The longest that the fields come to, about: names of the longest counties, sites and vaccines of the country.
fn long(lang: Lang) -> Values {
    filled(MessageKind::CancelledBySite, |field| match field {
        Field::City => lang.pick("黔西南布依族苗族自治州", "Qianxinan Buyei and Miao"),
        Field::Name => "阿**********提·买******江",
        Field::Vaccine => lang.pick("重组新型冠状病毒疫苗（CHO 细胞，加强用）", "COVID-19, recombinant (CHO cell), booster"),
        Field::Dose => "3",
        Field::Date => lang.pick("明天 12月23日 周三", "Tomorrow Wed 23 Sep"),
        Field::Time => lang.pick("09:30–10:00", "09:30-10:00"),
        Field::Site => lang
            .pick("黔西南州望谟县蔗香镇社区卫生服务中心新冠疫苗接种点", "Zhexiang Town Community Health Centre Vaccination Site"),
        Field::Phone => "0859-000 0000 转 0000",
        Field::Code => "7K3-M9P-2XQ8",
        Field::Link => "https://yimiao.qianxinan.example.gov.cn/m",
        Field::Minutes => "10",
        Field::Reason => lang.pick("道路积雪结冰，疫苗无法按时送达", "the vaccine could not be delivered"),
    })
    .into_iter()
    .chain([(Field::Minutes, "10".to_owned())])
    .collect()
}

fn filled<'a>(kind: MessageKind, says: impl Fn(Field) -> &'a str) -> Values {
    fields_of(kind).iter().map(|field| (*field, says(*field).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Alphabet, Texts};

    const LINK: &str = "https://yizhen.example/m";

    fn every() -> impl Iterator<Item = (MessageKind, Lang)> {
        MessageKind::ALL.iter().flat_map(|kind| Lang::ALL.iter().map(|lang| (*kind, *lang)))
    }

    #[test]
    fn each_built_in_text_is_one_that_a_city_might_write() {
        for (kind, lang) in every() {
            let text = Texts::default().source(kind, lang);
            assert!(read_wording(kind, lang, &text).is_ok(), "{kind} {lang}: {:?}", read_wording(kind, lang, &text));
        }
    }

    #[test]
    fn a_built_in_text_is_two_messages_in_chinese_and_three_in_english_at_most() {
        for (kind, lang) in every() {
            let text = Texts::default().text(kind, lang, &example(kind, lang, LINK));
            let length = Length::of(&text);
            let most = lang.pick(2, 3);
            assert!(length.billed <= most && length.segments <= most, "{kind} {lang}: {length:?}: {text}");
        }
    }

    #[test]
    fn an_english_code_travels_in_one_segment() {
        let text = Texts::default().text(MessageKind::SignInCode, Lang::En, &example(MessageKind::SignInCode, Lang::En, LINK));
        let length = Length::of(&text);
        assert_eq!((length.alphabet, length.segments), (Alphabet::Gsm7, 1), "{text}");
    }

    #[test]
    fn each_way_to_write_a_text_wrong_is_told() {
        use MessageKind::*;
        let long = format!("{{name}} {{date}} {{time}} {{site}} {{code}}{}", "很".repeat(400));
        for (kind, text, error) in [
            (Booked, " ", WordingError::Empty),
            (Booked, "{name}\n{date}", WordingError::Control),
            (Booked, "{name", WordingError::Template(TemplateError::Brace)),
            (Booked, "{document}", WordingError::Template(TemplateError::Unknown("document".into()))),
            (Booked, "{reason}", WordingError::Template(TemplateError::NotOfKind(Field::Reason))),
            (SignInCode, "{name} {code}", WordingError::Template(TemplateError::NotOfKind(Field::Name))),
            (SignInCode, "{city}", WordingError::Lacks(Field::Code)),
            (Reminder, "{name} {date} {time} {code}", WordingError::Lacks(Field::Site)),
            (Booked, &long, WordingError::TooLong(8)),
        ] {
            assert_eq!(read_wording(kind, Lang::Zh, text), Err(error.clone()), "{text}");
            for lang in Lang::ALL {
                let said = error.text(kind, *lang);
                assert!(!said.is_empty() && !said.contains('\n'), "{said}");
            }
        }
    }

    #[test]
    fn an_example_says_something_for_each_field_of_its_kind() {
        for (kind, lang) in every() {
            let values = example(kind, lang, LINK);
            for field in fields_of(kind) {
                assert!(values.iter().any(|(name, says)| name == field && !says.is_empty()), "{kind} {field}");
            }
        }
    }
}
