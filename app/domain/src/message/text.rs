//! The words of a message: a template a kind and language, with typed fields. No field holds an identity number, and the name is masked.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::MessageKind;
use crate::code::Code;
use crate::lang::Lang;
use crate::slot::Window;
use crate::time::{day_text, hour_minute, near_day};
use crate::words::words;

words! {
    /// What a template may tell.
    Field {
        /// The city's name.
        City = "city",
        /// The person's masked name.
        Name = "name",
        /// The vaccine's name.
        Vaccine = "vaccine",
        /// Which dose.
        Dose = "dose",
        /// The day, with its weekday; 今天 or 明天 before it where it is near.
        Date = "date",
        /// The window's ends.
        Time = "time",
        /// The site's name.
        Site = "site",
        /// The site's telephone.
        Phone = "phone",
        /// The booking's code, in groups; or the digits of a sign-in code.
        Code = "code",
        /// Where "my bookings" is.
        Link = "link",
        /// For how long a code can be used.
        Minutes = "minutes",
        /// Why the site called it off.
        Reason = "reason",
    }
}

/// What the fields of one message say.
pub type Values = Vec<(Field, String)>;

/// The fields that a kind of message may tell.
pub const fn fields_of(kind: MessageKind) -> &'static [Field] {
    use Field::*;
    match kind {
        MessageKind::SignInCode | MessageKind::OwnDataCode => &[City, Code, Minutes],
        MessageKind::CancelledBySite => &[City, Name, Vaccine, Dose, Date, Time, Site, Phone, Code, Link, Reason],
        _ => &[City, Name, Vaccine, Dose, Date, Time, Site, Phone, Code, Link],
    }
}

/// What a message about a booking tells.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// The city's name in the reader's language; so are those of the vaccine and the site.
    pub city: &'a str,
    /// The person's masked name.
    pub name: &'a str,
    /// The vaccine's name.
    pub vaccine: &'a str,
    /// Which dose.
    pub dose: u8,
    /// When.
    pub window: Window,
    /// The site's name.
    pub site: &'a str,
    /// The site's telephone.
    pub phone: &'a str,
    /// The booking's code.
    pub code: Code,
    /// Where "my bookings" is.
    pub link: &'a str,
    /// Why the site called it off.
    pub reason: &'a str,
}

impl About<'_> {
    /// What the fields say on the day `today`.
    pub fn values(&self, lang: Lang, today: NaiveDate) -> Values {
        let day = day_text(self.window.date, lang);
        let date = match near_day(self.window.date, today, lang) {
            Some(near) => format!("{near} {day}"),
            None => day,
        };
        // a dash would make an English text one of 70 characters a segment
        let time = lang.pick(self.window.text(), format!("{}-{}", hour_minute(self.window.start), hour_minute(self.window.end)));
        let reason =
            if self.reason.trim().is_empty() { lang.pick("接种点安排有变", "a change at the site") } else { self.reason };
        let all = [
            (Field::City, self.city.to_owned()),
            (Field::Name, self.name.to_owned()),
            (Field::Vaccine, self.vaccine.to_owned()),
            (Field::Dose, self.dose.to_string()),
            (Field::Date, date),
            (Field::Time, time),
            (Field::Site, self.site.to_owned()),
            (Field::Phone, self.phone.to_owned()),
            (Field::Code, self.code.grouped()),
            (Field::Link, self.link.to_owned()),
            (Field::Reason, reason.to_owned()),
        ];
        all.into()
    }
}

/// A text with fields in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Field(Field),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateError {
    /// A brace that is not closed, or not opened.
    Brace,
    /// Such a field does not exist.
    Unknown(String),
    /// This kind of message does not have that field.
    NotOfKind(Field),
}

impl Template {
    /// Reads a text for messages of a kind.
    ///
    /// # Errors
    /// When it names a field that the kind does not have, or a brace is alone.
    pub fn parse(kind: MessageKind, text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((words, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(TemplateError::Brace)?;
            if words.contains('}') || name.contains('{') {
                return Err(TemplateError::Brace);
            }
            let field: Field = name.parse().map_err(|()| TemplateError::Unknown(name.to_owned()))?;
            if !fields_of(kind).contains(&field) {
                return Err(TemplateError::NotOfKind(field));
            }
            parts.push(Part::Words(words.to_owned()));
            parts.push(Part::Field(field));
            rest = after;
        }
        if rest.contains('}') {
            return Err(TemplateError::Brace);
        }
        parts.push(Part::Words(rest.to_owned()));
        Ok(Self { parts })
    }

    /// Whether it tells a field.
    pub fn has(&self, field: Field) -> bool {
        self.parts.contains(&Part::Field(field))
    }

    /// The text as it was written.
    pub fn source(&self) -> String {
        let part = |part: &Part| match part {
            Part::Words(words) => words.clone(),
            Part::Field(field) => format!("{{{field}}}"),
        };
        self.parts.iter().map(part).collect()
    }

    /// The text with what the fields say; a field that says nothing is left out, at the end with the blank before it.
    pub fn render(&self, values: &Values) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Field(field) => {
                    let value = values.iter().find(|(name, _)| name == field);
                    text.push_str(value.map_or("", |(_, value)| value));
                }
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// The texts of a city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts(BTreeMap<(MessageKind, Lang), Template>);

impl Texts {
    /// Puts another text in the place of the built-in one.
    pub fn set(&mut self, kind: MessageKind, lang: Lang, template: Template) {
        self.0.insert((kind, lang), template);
    }

    /// The words of a message.
    pub fn text(&self, kind: MessageKind, lang: Lang, values: &Values) -> String {
        self.0.get(&(kind, lang)).map(|template| template.render(values)).unwrap_or_default()
    }

    /// The text of a kind, with its fields in braces.
    pub fn source(&self, kind: MessageKind, lang: Lang) -> String {
        self.0.get(&(kind, lang)).map(Template::source).unwrap_or_default()
    }
}

impl Default for Texts {
    /// The built-in ones: each kind in both languages.
    fn default() -> Self {
        let mut texts = Self(BTreeMap::new());
        for kind in MessageKind::ALL {
            for lang in [Lang::Zh, Lang::En] {
                texts.set(*kind, lang, Template::parse(*kind, built_in(*kind, lang)).expect("a built-in text is a template"));
            }
        }
        texts
    }
}

fn built_in(kind: MessageKind, lang: Lang) -> &'static str {
    let (zh, en) = match kind {
        MessageKind::SignInCode => (
            "【一针{city}】登录验证码 {code}，{minutes} 分钟内有效。请不要告诉任何人，工作人员也不会向您要。",
            "[Yizhen {city}] Your sign-in code is {code}, good for {minutes} minutes. Tell it to nobody; our staff never ask for it.",
        ),
        MessageKind::OwnDataCode => (
            "【一针{city}】验证码 {code}，{minutes} 分钟内有效，用来下载或删除您的全部数据。如果不是您本人在操作，请不要告诉任何人。",
            "[Yizhen {city}] Code {code}, good for {minutes} minutes, to download or delete all your data. If you did not ask for it, tell it to nobody.",
        ),
        MessageKind::Booked => (
            "【一针{city}】{name}约好了：{date} {time}，{site}，{vaccine}第{dose}剂。预约码{code}，请带身份证件原件。改期或取消请到“我的预约”。{link}",
            "[Yizhen {city}] {name} is booked: {date} {time}, {site}, {vaccine}, dose {dose}. Code {code}. Bring the original ID. {link}",
        ),
        MessageKind::Moved => (
            "【一针{city}】{name}的预约已改到{date} {time}，{site}，{vaccine}第{dose}剂。预约码{code}，请带身份证件原件。{link}",
            "[Yizhen {city}] {name}'s booking is now {date} {time}, {site}, {vaccine}, dose {dose}. Code {code}. {link}",
        ),
        MessageKind::Cancelled => (
            "【一针{city}】{name}{date} {time}在{site}的预约已取消（预约码{code}）。需要时随时可以再约。{link}",
            "[Yizhen {city}] {name}'s booking for {date} {time}, {site}, is cancelled (code {code}). You can book again at any time. {link}",
        ),
        MessageKind::CancelledBySite => (
            "【一针{city}】很抱歉，因{reason}，{name}{date} {time}在{site}的预约取消了（预约码{code}）。请另约时间，或致电{phone}。{link}",
            "[Yizhen {city}] Sorry: no jab for {name} on {date} {time}, {site}, because of {reason} ({code}). Book again or call {phone}. {link}",
        ),
        MessageKind::Reminder => (
            "【一针{city}】提醒：{name}{date} {time}在{site}接种疫苗第{dose}剂，预约码{code}。请带身份证件原件。来不了请改期或取消，电话{phone}。{link}",
            "[Yizhen {city}] Reminder: {name}, {date} {time}, {site}, dose {dose}. Code {code}. Bring the original ID. Cannot come? Call {phone}. {link}",
        ),
        MessageKind::NextDose => (
            "【一针{city}】{name}可以约{vaccine}的下一剂了（上次在{site}接种了第{dose}剂）。请到“我的预约”选时间。{link}",
            "[Yizhen {city}] {name} can now book the next dose of {vaccine} (dose {dose} was given at {site}). {link}",
        ),
        MessageKind::Missed => (
            "【一针{city}】{name}{date} {time}在{site}的预约没有接种记录（预约码{code}）。没关系，可以再约；如果去过，请致电{phone}。{link}",
            "[Yizhen {city}] No jab is recorded for {name} on {date} {time}, {site} ({code}). Book again, or call {phone} if you did come. {link}",
        ),
    };
    lang.pick(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(lang: Lang) -> Values {
        blank().values(lang, "2026-11-22".parse().expect("a date"))
    }

    fn blank() -> About<'static> {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        About {
            city: "永州",
            name: "张*兰",
            vaccine: "新冠灭活疫苗",
            dose: 1,
            site: "冷水滩区演示接种点一",
            phone: "0746-000 0101",
            window: Window { date: "2026-11-23".parse().expect("a date"), start: time("09:30"), end: time("10:00") },
            code: Code::from_random(1234).expect("a code"),
            link: "https://yizhen.example/m",
            reason: "停电",
        }
    }

    #[test]
    fn a_message_says_who_when_where_what_and_the_code() {
        use MessageKind::*;
        for lang in [Lang::Zh, Lang::En] {
            for kind in [Booked, Moved, Cancelled, CancelledBySite, Reminder, Missed] {
                let text = Texts::default().text(kind, lang, &about(lang));
                for part in [
                    "张*兰",
                    lang.pick("09:30–10:00", "09:30-10:00"),
                    "冷水滩区演示接种点一",
                    "000-000-16JD",
                    lang.pick("明天 11月23日", "Tomorrow Mon 23 Nov"),
                ] {
                    assert!(text.contains(part), "{kind}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_template_with_a_field_that_its_kind_does_not_have_is_none() {
        for (text, error) in [
            ("{city} {minutes}", TemplateError::NotOfKind(Field::Minutes)),
            ("{document}", TemplateError::Unknown("document".into())),
            ("{name", TemplateError::Brace),
            ("{{name}}", TemplateError::Brace),
            ("{ name }", TemplateError::Unknown(" name ".into())),
            ("name}", TemplateError::Brace),
            ("a } b {name}", TemplateError::Brace),
        ] {
            assert_eq!(Template::parse(MessageKind::Booked, text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_template_is_written_again_as_it_was() {
        for text in ["", "{name}", "a{name}{site} b", "【一针{city}】{date}，{time}。"] {
            assert_eq!(Template::parse(MessageKind::Booked, text).expect("a template").source(), text);
        }
    }

    #[test]
    fn a_cancellation_without_a_reason_says_so_in_a_whole_sentence() {
        for (reason, says) in [("", "因接种点安排有变，"), ("停电", "因停电，")] {
            let values = About { reason, ..blank() }.values(Lang::Zh, "2026-11-22".parse().expect("a date"));
            let text = Texts::default().text(MessageKind::CancelledBySite, Lang::Zh, &values);
            assert!(text.contains(says), "{text}");
        }
    }

    #[test]
    fn without_a_link_no_text_ends_with_a_blank() {
        for lang in [Lang::Zh, Lang::En] {
            let values = About { link: "", ..blank() }.values(lang, "2026-11-22".parse().expect("a date"));
            for kind in MessageKind::ALL {
                let text = Texts::default().text(*kind, lang, &values);
                assert_eq!(text, text.trim_end(), "{kind}");
            }
        }
    }

    #[test]
    fn what_a_field_says_is_never_read_as_a_template() {
        let template = Template::parse(MessageKind::Booked, "{name}: {site}").expect("a template");
        let values = vec![(Field::Name, "{site}".to_owned()), (Field::Site, "{name}".to_owned())];
        assert_eq!(template.render(&values), "{site}: {name}");
    }
}
