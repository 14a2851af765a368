//! My data: what is kept and for how long, all of it as a file, consent taken back, and everything erased.

use domain::consent::ConsentKind;
use domain::error::{Error, ErrorCode};
use domain::own_data::{Erased, Holdings};
use domain::reason::Reason;
use domain::time::day_text;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;

use super::download::download;
use super::parts::{back, facts, shown, try_again, when};
use super::state::State;
use crate::api;
use crate::ui::call::post_for_text;
use crate::ui::{Field, Load, call, dom, error_summary, heading, lang, load, submit_button, t, text_field, titled};

/// How many digits a code has.
const DIGITS: usize = 6;
const CODE: &str = "code";
/// The question whether consent is really to be taken back.
const SURE: &str = "sure";
/// That the file was saved.
const SAVED: &str = "saved";

/// What the phone is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Download,
    Erase,
}

/// The page's state: outlives the words around it.
#[derive(Clone, Copy)]
struct Page {
    state: State,
    holdings: RwSignal<Load<Holdings>>,
    /// For what a code was sent.
    wish: RwSignal<Option<Wish>>,
    code: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    refusal: RwSignal<Option<Error>>,
    busy: RwSignal<bool>,
    /// Whether it is being asked once more if consent is to be taken back.
    withdrawing: RwSignal<bool>,
    saved: RwSignal<bool>,
    erased: RwSignal<Option<Erased>>,
}

/// The page.
pub(crate) fn page() -> AnyView {
    let state = State::here();
    state.need_demo();
    let page = Page {
        state,
        holdings: RwSignal::new(Load::Waiting),
        wish: RwSignal::new(None),
        code: RwSignal::default(),
        errors: RwSignal::default(),
        refusal: RwSignal::new(None),
        busy: RwSignal::new(false),
        withdrawing: RwSignal::new(false),
        saved: RwSignal::new(false),
        erased: RwSignal::new(None),
    };
    if state.signed_in.get_untracked() {
        page.ask();
    } else {
        page.holdings.set(Load::Failed(Error::new(Reason::SignIn)));
    }
    let title = move || if page.erased.get().is_some() { t("已经删除", "Deleted") } else { t("我的数据", "My data") };
    titled(
        move || title().to_owned(),
        move || {
            let again = Callback::new(move |()| page.ask());
            let body = move || match page.erased.get() {
                Some(erased) => gone(&erased),
                None => view! {
                    {back("/help")}
                    {heading(t("我的数据", "My data"))}
                    {move || shown(page.holdings, again, move |holdings| page.ready(&holdings))}
                }
                .into_any(),
            };
            body.into_any()
        },
    )
}

impl Page {
    fn ask(self) {
        load(self.holdings, api::accounts::holdings());
    }

    fn ready(self, holdings: &Holdings) -> AnyView {
        view! {
            {self.kept(holdings)}
            {self.file()}
            {holdings.sensitive.is_some().then(|| self.withdrawal(holdings))}
            {self.erasing(holdings)}
        }
        .into_any()
    }

    fn kept(self, holdings: &Holdings) -> AnyView {
        let lang = lang();
        let phone = self
            .state
            .account
            .get()
            .map(|account| (t("手机号", "Phone"), view! { <span class="num">{account.phone}</span> }.into_any()));
        let number = |count: u32| view! { <span class="num">{count}</span> }.into_any();
        let consent = match &holdings.sensitive {
            Some(version) => {
                let version = version.clone();
                view! { <span>{t("已同意", "given")}" · "<span class="num nb">{version}</span></span> }.into_any()
            }
            None => t("没有", "not given").into_any(),
        };
        let Holdings { finished_days, messages_days, .. } = holdings;
        let how_long = lang.pick(
            format!("预约结束 {finished_days} 天后，不再保留是谁约的，只留下不含个人信息的数字；短信内容 {messages_days} 天后删除。证件号码、手机号、住址都加密保存。"),
            format!("{finished_days} days after a booking is over nobody can tell whom it was for; only numbers without names stay. Messages are deleted after {messages_days} days. Document numbers, phones and addresses are stored encrypted."),
        );
        let counts = [
            (t("接种人", "People"), number(holdings.people)),
            (t("预约", "Bookings"), number(holdings.bookings)),
            (t("敏感信息单独同意", "Consent to sensitive data"), consent),
        ];
        view! {
            <section>
                <h2>{t("我们保存了什么", "What we keep")}</h2>
                {facts(phone.into_iter().chain(counts).collect())}
                <p>{how_long}</p>
            </section>
        }
        .into_any()
    }

    fn file(self) -> AnyView {
        let saved = move || {
            self.saved.get().then(|| {
                let words = t(
                    "文件已保存到这台设备。里面有完整的个人信息，请妥善保管。",
                    "The file is on this device. It holds everything in full; keep it safe.",
                );
                view! { <p class="note good" role="status" id=SAVED tabindex="-1">{words}</p> }
            })
        };
        view! {
            <section class="apart">
                <h2>{t("下载一份", "Download a copy")}</h2>
                <p>{t(
                    "包括接种人的完整信息、预约、同意记录、短信和登录记录，保存为一个文件。",
                    "People in full, bookings, consents, messages and sign-ins, as one file.",
                )}</p>
                {saved}
                {self.step(Wish::Download)}
            </section>
        }
        .into_any()
    }

    fn withdrawal(self, holdings: &Holdings) -> AnyView {
        let (waits, people) = (!holdings.ahead.is_empty(), holdings.people);
        let said = move || self.refusal.get().map(|error| try_again(&error, Callback::new(move |()| self.withdraw())));
        let step = move || if self.withdrawing.get() { self.sure(people) } else { self.take_back() };
        view! {
            <section class="apart">
                <h2>{t("撤回同意", "Take consent back")}</h2>
                <p>{t(
                    "撤回后，名单里的接种人会被删除，不能再在网上预约；以前的接种不受影响。",
                    "The people in your list are then deleted and you cannot book online any more; what was given before stays as it is.",
                )}</p>
                {waits.then(|| view! { <p class="note look">{t("请先取消下面还没有结束的预约。", "First cancel the bookings below that are not over.")}</p> })}
                {said}
                {(!waits).then_some(step)}
            </section>
        }
        .into_any()
    }

    fn take_back(self) -> AnyView {
        let ask = move |_| {
            self.refusal.set(None);
            self.withdrawing.set(true);
            dom::focus_soon(SURE);
        };
        view! { <button type="button" class="btn quiet" on:click=ask>{t("撤回同意", "Take my consent back")}</button> }.into_any()
    }

    /// One slip of a finger takes nobody out of the list.
    fn sure(self, people: u32) -> AnyView {
        let words = lang().pick(
            format!("名单里的 {people} 位接种人会被删除，不能恢复。确定撤回吗？"),
            format!("People in your list: {people}. They are deleted for good. Take your consent back?"),
        );
        view! {
            <div class="note stop">
                <p id=SURE tabindex="-1">{words}</p>
                <div class="actions">
                    <button type="button" class="btn stop" aria-disabled=move || self.busy.get().then_some("true") on:click=move |_| self.withdraw()>
                        {t("确定撤回", "Yes, take it back")}
                    </button>
                    <button type="button" class="btn quiet" on:click=move |_| self.withdrawing.set(false)>{t("不撤回", "Keep it")}</button>
                </div>
            </div>
        }
        .into_any()
    }

    fn withdraw(self) {
        self.refusal.set(None);
        call(self.busy, api::accounts::consent(ConsentKind::Sensitive, String::new(), Some(false)), move |answer| {
            self.withdrawing.set(false);
            match answer {
                Ok(answer) => {
                    self.state.account.set(Some(answer.account));
                    self.state.load_people();
                    self.ask();
                    dom::to_top_soon();
                }
                Err(error) => self.refused(error),
            }
        });
    }

    fn erasing(self, holdings: &Holdings) -> AnyView {
        let lang = lang();
        let ahead: Vec<AnyView> = holdings
            .ahead
            .iter()
            .map(|ahead| {
                let href = format!("/bookings/{}/cancel", ahead.code);
                let (window, code) = (when(ahead.window, None, lang), view! { <span class="num nb">{ahead.code.grouped()}</span> });
                if ahead.state == domain::booking::BookingState::Booked {
                    view! { <li><a href=href><span>{t("取消 ", "Cancel ")}{window}</span></a>{code}</li> }.into_any()
                } else {
                    let words = t("（今天接种的，明天起可以删除）", "(given today: from tomorrow on)");
                    view! { <li><span>{window}</span>{code}<span>{words}</span></li> }.into_any()
                }
            })
            .collect();
        let waits = !ahead.is_empty();
        let kept = holdings.must_keep_until.map(|until| {
            let (jabs, day) = (holdings.must_keep, day_of(until));
            let words = lang.pick(
                format!("{jabs} 条接种记录必须保留：它们加密封存到 {day}，之后自动删除。在此之前，第 2 剂可以接着打。"),
                format!(
                    "{jabs} record(s) of a jab must be kept: sealed until {day}, then deleted. Until then the next dose can follow."
                ),
            );
            view! { <p class="note look">{words}</p> }
        });
        view! {
            <section class="apart">
                <h2>{t("删除账号和数据", "Delete my account and data")}</h2>
                <p>{t(
                    "登录会全部退出，接种人、短信和登录手机号都会删除，不能恢复。",
                    "You are signed out everywhere; people, messages and your phone number are deleted for good.",
                )}</p>
                {kept}
                {if waits {
                    view! {
                        <div class="note look">
                            <p>{t("还有没结束的预约，请先取消：", "Some bookings are not over; cancel them first:")}</p>
                            <ul class="plain-list">{ahead}</ul>
                        </div>
                    }.into_any()
                } else {
                    self.step(Wish::Erase)
                }}
            </section>
        }
        .into_any()
    }

    /// A button that has a code sent to one's own phone, and the field for it.
    fn step(self, wish: Wish) -> AnyView {
        (move || if self.wish.get() == Some(wish) { self.code_form(wish) } else { self.first(wish) }).into_any()
    }

    fn first(self, wish: Wish) -> AnyView {
        let words = match wish {
            Wish::Download => t("下载我的数据", "Download my data"),
            Wish::Erase => t("删除我的账号和数据", "Delete my account and data"),
        };
        let class = if wish == Wish::Erase { "btn danger" } else { "btn quiet" };
        view! { <button type="button" class=class on:click=move |_| self.send(wish)>{words}</button> }.into_any()
    }

    fn code_form(self, wish: Wish) -> AnyView {
        let field = Field {
            mode: "numeric",
            autocomplete: "one-time-code",
            most: 8,
            hint: t("为确认是您本人，验证码已发到您的手机", "To be sure that it is you, a code was sent to your phone"),
            ..Field::text(CODE, t("短信里的 6 位验证码", "The 6 digits from the message"))
        };
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.enter(wish);
        };
        let (words, leave) = match wish {
            Wish::Download => (t("保存文件", "Save the file"), t("先不下载", "Not now")),
            Wish::Erase => (t("确认删除，不能恢复", "Delete for good"), t("不删除了", "Keep my account")),
        };
        let demo = move || {
            self.state.demo.get().unwrap_or(false).then(|| {
                view! {
                    <p class="note look">
                        <a class="alone" href="/demo/messages" target="_blank" rel="external noopener">{t("打开演示收件箱看验证码", "Open the demo inbox for the code")}</a>
                    </p>
                }
            })
        };
        let class = if wish == Wish::Erase { "form ending" } else { "form" };
        view! {
            <form class=class novalidate=true on:submit=send>
                {error_summary(self.errors)}
                {demo}
                {text_field(field, self.code, self.errors)}
                {submit_button(words, self.busy)}
                <div class="links">
                    <button type="button" class="linkish" on:click=move |_| self.send(wish)>{t("重新获取验证码", "Send another code")}</button>
                    <button type="button" class="linkish" on:click=move |_| self.wish.set(None)>{leave}</button>
                </div>
            </form>
        }
        .into_any()
    }

    fn send(self, wish: Wish) {
        call(self.busy, api::accounts::send_own_code(), move |answer| {
            // a code that was just sent will do
            let errors = match answer {
                Ok(_) => vec![],
                Err(error) if error.code == ErrorCode::SignInRequired => return self.refused(error),
                Err(error) => vec![Error { field: Some(CODE.into()), ..error }],
            };
            self.code.set(String::new());
            self.saved.set(false);
            self.wish.set(Some(wish));
            self.errors.set(errors);
            dom::focus_soon("f-code");
        });
    }

    fn enter(self, wish: Wish) {
        let code: String =
            self.code.get_untracked().chars().map(domain::identity::half_width).filter(char::is_ascii_digit).collect();
        if code.len() != DIGITS {
            let reason = if code.is_empty() { Reason::Missing } else { Reason::SignInCode };
            return self.errors.set(vec![Error::field(CODE, reason)]);
        }
        match wish {
            Wish::Download => self.save(code),
            Wish::Erase => call(self.busy, api::accounts::erase(code), move |answer| match answer {
                Ok(erased) => {
                    self.erased.set(Some(erased));
                    self.state.draft.set(super::draft::Draft::default());
                    self.state.farewell();
                    dom::to_top_soon();
                }
                Err(error) => self.refused(error),
            }),
        }
    }

    fn save(self, code: String) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let answer = post_for_text("/api/accounts/own_data", &serde_json::json!({ "code": code })).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(text) => {
                    let today = self.state.overview_now(|now| now.today).unwrap_or_else(|| dom::now().date_naive());
                    // a browser that refuses has said so by itself
                    let _ = download(&readable(&text), &format!("yizhen-my-data-{today}.json"), "application/json");
                    self.errors.set(vec![]);
                    self.wish.set(None);
                    self.saved.set(true);
                    dom::focus_soon(SAVED);
                }
                Err(error) => self.refused(error),
            }
        });
    }

    fn refused(self, error: Error) {
        self.state.heed(&error);
        match (error.code, &error.reason) {
            (ErrorCode::SignInRequired, _) => self.holdings.set(Load::Failed(error)),
            // something was booked meanwhile: the page says what
            (_, Some(Reason::BookingAhead { .. })) => {
                self.wish.set(None);
                self.ask();
            }
            _ if self.wish.get_untracked().is_some() => self.errors.set(vec![Error { field: Some(CODE.into()), ..error }]),
            _ => self.refusal.set(Some(error)),
        }
    }
}

/// `2027年4月6日` or `2027-04-06`: a day so far away needs its year.
fn day_of(day: domain::NaiveDate) -> String {
    let lang = lang();
    lang.pick(
        format!("{}年{}", day.format("%Y"), day.format("%-m月%-d日")),
        format!("{} {}", day_text(day, lang), day.format("%Y")),
    )
}

/// JSON in lines, for people who open the file.
fn readable(text: &str) -> String {
    let lines = js_sys::JSON::parse(text)
        .and_then(|value| js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &JsValue::from_f64(2.0)));
    lines.map_or_else(|_| text.to_owned(), String::from)
}

/// The account is no more.
fn gone(erased: &Erased) -> AnyView {
    let lang = lang();
    let kept = erased.must_keep_until.map(|until| {
        let day = day_of(until);
        let words = lang.pick(
            format!("必须保留的 {} 条接种记录加密封存到 {day}，之后自动删除。", erased.must_keep),
            format!("{} record(s) of a jab stay sealed until {day} and are then deleted.", erased.must_keep),
        );
        view! { <p>{words}</p> }
    });
    view! {
        {heading(t("已经删除", "Deleted"))}
        <p class="note good" role="status">{t("您的账号和数据已删除，所有设备都已退出。", "Your account and data are deleted, and you are signed out everywhere.")}</p>
        {kept}
        <a class="btn wide" href="/">{t("回到首页", "To the first page")}</a>
    }
    .into_any()
}
