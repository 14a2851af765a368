//! The office's page of texts: what each message says, how long it is, another wording to try, and a test to a phone.

use domain::error::Error;
use domain::lang::Lang;
use domain::message::{Alphabet, Field as Says, Length, MessageKind, Preview, Sheet, SheetText};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::ui::form::field_id;
use crate::ui::page::{heading, titled};
use crate::ui::{Field, Load, dom, field_error, lang, submit_button, t, text_field};

const TEXT: &str = "text";
const PHONE: &str = "phone";

#[derive(Clone, Copy)]
struct Page {
    desk: Desk,
    sheet: RwSignal<Load<Sheet>>,
    /// Which text is on the bench.
    chosen: RwSignal<(MessageKind, Lang)>,
    text: RwSignal<String>,
    preview: RwSignal<Option<Preview>>,
    phone: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    said: RwSignal<Option<&'static str>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let page = Page {
        desk: Desk::here(),
        sheet: RwSignal::new(Load::Waiting),
        chosen: RwSignal::new((MessageKind::Booked, Lang::Zh)),
        text: RwSignal::default(),
        preview: RwSignal::new(None),
        phone: RwSignal::default(),
        errors: RwSignal::default(),
        busy: RwSignal::new(false),
        said: RwSignal::new(None),
    };
    Effect::new(move |_| {
        page.desk.signed_in.track();
        spawn_local(async move {
            let answer = page.desk.ask(api::messages::texts()).await;
            let first = page.sheet.try_with_untracked(|sheet| sheet.ready().is_none()) == Some(true);
            if page.sheet.try_set(answer.map_or_else(Load::Failed, Load::Ready)).is_none() && first {
                page.take(page.chosen.get_untracked());
            }
        });
    });
    titled(|| t("短信文字", "Texts of messages").to_owned(), move || page.view())
}

impl Page {
    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                {heading(t("短信文字", "Texts of messages"))}
                {move || self.body()}
            </div>
        }
        .into_any()
    }

    fn body(self) -> AnyView {
        if self.desk.session.get() != Session::In {
            return ().into_any();
        }
        self.sheet.with(|sheet| match sheet {
            Load::Waiting => view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any(),
            Load::Failed(error) => view! { <p class="note stop" role="alert">{error.text(lang())}</p> }.into_any(),
            Load::Ready(sheet) => {
                let kinds: Vec<AnyView> = sheet.texts.chunk_by(|a, b| a.kind == b.kind).map(|texts| self.kind(texts)).collect();
                let words = lang().pick(
                    format!("写进城市文件的 [texts.zh]、[texts.en] 后生效；填上长的内容后最多 {} 条。", sheet.most_segments),
                    format!(
                        "They take effect from [texts.zh] and [texts.en] of the city file; {} messages at most with long values.",
                        sheet.most_segments
                    ),
                );
                view! { <p class="list-sum">{words}</p> {self.bench()} <div class="sheet">{kinds}</div> }.into_any()
            }
        })
    }

    /// A kind of message, in both languages.
    fn kind(self, texts: &[SheetText]) -> AnyView {
        let title = texts.first().map(|text| text.kind.title(lang()));
        let texts: Vec<AnyView> = texts.iter().map(|text| self.entry(text)).collect();
        view! { <section class="sheet-kind"><h2>{title}</h2>{texts}</section> }.into_any()
    }

    fn entry(self, text: &SheetText) -> AnyView {
        let of = (text.kind, text.lang);
        let own = text.own.then(|| view! { <span class="row-state done">{t("本市自定", "The city's own")}</span> });
        let try_it = lang().pick(
            format!("试写：{}，{}", text.kind.title(Lang::Zh), language(text.lang)),
            format!("Try another wording: {}, {}", text.kind.title(Lang::En), language(text.lang)),
        );
        let to_bench = move |_| {
            self.take(of);
            dom::focus(&field_id(TEXT));
        };
        view! {
            <div class="sheet-text">
                <p class="sheet-head"><b>{language(text.lang)}</b>{own}<span class="num">{length_words(text.preview.length)}</span></p>
                <p class="bubble" lang=text.lang.tag()>{text.preview.text.clone()}</p>
                <button type="button" class="linkish" aria-label=try_it on:click=to_bench>{t("试写", "Try another wording")}</button>
            </div>
        }
        .into_any()
    }

    /// Takes a text to the bench.
    fn take(self, of: (MessageKind, Lang)) {
        self.chosen.set(of);
        self.errors.set(vec![]);
        self.said.set(None);
        let found = self.sheet.with_untracked(|sheet| {
            let text = sheet.ready()?.texts.iter().find(|text| (text.kind, text.lang) == of)?;
            Some((text.text.clone(), text.preview.clone()))
        });
        if let Some((text, preview)) = found {
            self.text.set(text);
            self.preview.set(Some(preview));
        }
    }

    fn bench(self) -> AnyView {
        let which = move || {
            let (kind, of) = self.chosen.get();
            format!("{} · {}", kind.title(lang()), language(of))
        };
        let fields = move || {
            let (kind, _) = self.chosen.get();
            let fields = domain::message::fields_of(kind).iter().map(|field| format!("{{{field}}} {}", field_words(*field)));
            fields.collect::<Vec<_>>().join(t("，", ", "))
        };
        let look = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.look();
        };
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.send();
        };
        let phone = Field {
            kind: "tel",
            mode: "tel",
            most: 20,
            hint: t(
                "发送现行的文字，填上示例，注明是测试；每小时最多 5 条，记入日志",
                "The text in force, with an example, marked as a test; 5 an hour at most, and logged",
            ),
            ..Field::text(PHONE, t("发一条测试到这个手机号", "Send a test to this number"))
        };
        let wrong = move || self.errors.with(|all| all.iter().any(|error| error.field.as_deref() == Some(TEXT)));
        let id = field_id(TEXT);
        view! {
            <section class="own-part bench" aria-labelledby="bench">
                <h2 id="bench">{t("试写：", "Try: ")}{which}</h2>
                <form class="form" novalidate=true on:submit=look>
                    <div class="field" class:wrong=wrong>
                        <label for=id.clone()>{t("文字", "Text")}</label>
                        <p class="hint" id=format!("{id}-hint")>{t("可以用：", "Fields: ")}{fields}</p>
                        <textarea
                            id=id.clone()
                            rows="4"
                            maxlength="1000"
                            spellcheck="false"
                            aria-describedby=format!("{id}-hint {id}-error")
                            aria-invalid=move || wrong().then_some("true")
                            prop:value=move || self.text.get()
                            on:input=move |event| self.text.set(event_target_value(&event))
                        ></textarea>
                        <p class="error" id=format!("{id}-error")>{field_error(self.errors, TEXT, t("文字", "Text").to_owned())}</p>
                    </div>
                    {submit_button(t("看效果", "See what it looks like"), self.busy)}
                </form>
                <div class="bench-shown" role="status">
                    {move || self.preview.get().map(|shown| view! {
                        <p class="bubble">{shown.text}</p>
                        <p class="num quiet-text">{length_words(shown.length)}</p>
                    })}
                </div>
                <form class="form" novalidate=true on:submit=send>
                    {text_field(phone, self.phone, self.errors)}
                    <button type="submit" class="btn quiet" disabled=move || self.busy.get()>{t("发送测试", "Send the test")}</button>
                </form>
                <p role="status">{move || self.said.get().map(|words| view! { <span class="note good">{words}</span> })}</p>
            </section>
        }
        .into_any()
    }

    fn look(self) {
        let ((kind, of), text) = (self.chosen.get_untracked(), self.text.get_untracked());
        self.ask(TEXT, api::messages::preview(kind, of, text), move |shown| self.preview.set(Some(shown)));
    }

    fn send(self) {
        let ((kind, of), phone) = (self.chosen.get_untracked(), self.phone.get_untracked());
        self.ask(PHONE, api::messages::send_test(kind, of, phone), move |_| {
            self.said.set(Some(t("测试已发出。", "The test is on its way.")))
        });
    }

    fn ask<T: 'static>(
        self,
        field: &'static str,
        call: impl Future<Output = Result<T, api::ApiError>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.errors.set(vec![]);
        self.said.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(call).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(value) => then(value),
                // a refusal without a field belongs to the form that was sent
                Err(error) => {
                    let field = error.field.clone().unwrap_or_else(|| field.to_owned());
                    dom::focus(&field_id(&field));
                    self.errors.set(vec![Error { field: Some(field), ..error }]);
                }
            }
        });
    }
}

fn language(of: Lang) -> &'static str {
    of.pick("中文", "English")
}

/// `62 字，1 条` and what makes it so.
fn length_words(length: Length) -> String {
    let Length { characters, alphabet, segments, billed } = length;
    match (lang(), alphabet) {
        (Lang::Zh, Alphabet::Ucs2) => format!("{characters} 字，{segments} 条"),
        (Lang::Zh, Alphabet::Gsm7) => format!("{characters} 字符，{segments} 条（国内网关计 {billed} 条）"),
        (Lang::En, Alphabet::Ucs2) => format!("{characters} characters, {}", segments_words(segments)),
        (Lang::En, Alphabet::Gsm7) => {
            format!("{characters} characters, {} (gateways in China count {billed})", segments_words(segments))
        }
    }
}

fn segments_words(segments: u32) -> String {
    if segments == 1 { "1 segment".to_owned() } else { format!("{segments} segments") }
}

fn field_words(field: Says) -> &'static str {
    match field {
        Says::City => t("城市", "city"),
        Says::Name => t("姓名（已遮盖）", "masked name"),
        Says::Vaccine => t("疫苗", "vaccine"),
        Says::Dose => t("剂次", "dose"),
        Says::Date => t("日期", "day"),
        Says::Time => t("时段", "time"),
        Says::Site => t("接种点", "site"),
        Says::Phone => t("接种点电话", "the site's phone"),
        Says::Code => t("预约码或验证码", "booking code, or the code"),
        Says::Link => t("链接", "link"),
        Says::Minutes => t("有效分钟", "minutes it is good for"),
        Says::Reason => t("取消原因", "why it was cancelled"),
    }
}
