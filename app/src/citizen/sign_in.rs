//! Signing in by phone code: as a page, and as a panel in place wherever a session is needed.

use domain::error::Error;
use domain::identity::Phone;
use domain::reason::Reason;
use domain::work::Work;
use leptos::prelude::*;

use super::state::State;
use crate::api;
use crate::ui::page::{heading, titled};
use crate::ui::{Field, call, dom, error_summary, nav, now_lang, submit_button, t, text_field, work_out};

/// How many digits a code has.
const DIGITS: usize = 6;
const PHONE: &str = "phone";
const CODE: &str = "code";

/// The page of its own; it leads to the bookings.
pub(crate) fn page() -> AnyView {
    let done = Callback::new(|()| nav::replace("/bookings"));
    let form = Form::new(done);
    titled(
        || t("登录", "Sign in").to_owned(),
        move || view! { {heading(t("用手机号登录", "Sign in with your phone"))} {binding()} {form.view()} }.into_any(),
    )
}

/// Whoever comes from WeChat for the first time is told what the code is for, and what follows from it.
fn binding() -> Option<AnyView> {
    dom::query("bind")?;
    Some(
        view! {
            <p class="note">{t(
                "这个手机号会和您的微信绑定，以后从微信打开就直接进入。请只用自己的手机号；在“须知与帮助”里可以解除。",
                "This number will belong to your WeChat: from then on you are signed in when you come from there. Use your own number only; you can undo it on the Help page.",
            )}</p>
        }
        .into_any(),
    )
}

/// The panel in place, with words that say why.
pub(crate) fn panel(done: Callback<()>) -> AnyView {
    let form = Form::new(done);
    view! {
        <section class="sign-in">
            <h2>{t("请先登录", "Please sign in first")}</h2>
            {form.view()}
        </section>
    }
    .into_any()
}

/// What is typed and where it stands. Outlives the words around it.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    phone: RwSignal<String>,
    code: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    /// Whether a code was sent to the phone.
    sent: RwSignal<bool>,
    /// Seconds until another code can be asked for.
    wait_s: RwSignal<u32>,
    done: Callback<()>,
}

impl Form {
    pub(crate) fn new(done: Callback<()>) -> Self {
        State::here().need_demo();
        Self {
            phone: RwSignal::default(),
            code: RwSignal::default(),
            errors: RwSignal::default(),
            busy: RwSignal::new(false),
            sent: RwSignal::new(false),
            wait_s: RwSignal::new(0),
            done,
        }
    }

    pub(crate) fn view(self) -> AnyView {
        let state = State::here();
        let step = move || if self.sent.get() { self.code_form(state) } else { self.phone_form() };
        view! { <div class="form-of-sign-in">{error_summary(self.errors)} {step}</div> }.into_any()
    }

    fn phone_form(self) -> AnyView {
        let field = Field {
            hint: t("只用来登录和发预约短信", "Only for signing in and for messages about your bookings"),
            kind: "tel",
            mode: "tel",
            autocomplete: "tel",
            most: 20,
            ..Field::text(PHONE, t("您的手机号", "Your mobile number"))
        };
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.send();
        };
        view! {
            <form class="form" novalidate=true on:submit=send>
                {text_field(field, self.phone, self.errors)}
                {submit_button(t("获取验证码", "Send me a code"), self.busy)}
            </form>
        }
        .into_any()
    }

    fn code_form(self, state: State) -> AnyView {
        let field = Field {
            mode: "numeric",
            autocomplete: "one-time-code",
            most: 8,
            ..Field::text(CODE, t("短信里的 6 位验证码", "The 6 digits from the message"))
        };
        let enter = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.enter(state);
        };
        let resend = move || {
            match self.wait_s.get() {
            0 => {
                view! { <button type="button" class="linkish" on:click=move |_| self.send()>{t("重新获取验证码", "Send another code")}</button> }
                    .into_any()
            }
            left => {
                let words = crate::ui::lang().pick(format!("{left} 秒后可重新获取"), format!("Another code in {left} s"));
                view! { <span class="quiet-text num">{words}</span> }.into_any()
            }
        }
        };
        let demo = move || state.demo.get().unwrap_or(false).then(demo_hint);
        let other = move |_| {
            self.errors.set(vec![]);
            self.sent.set(false);
            dom::focus_soon("f-phone");
        };
        view! {
            <form class="form" novalidate=true on:submit=enter>
                <p role="status">{t("验证码已发到 ", "A code was sent to ")}<b class="num">{move || self.phone.get()}</b></p>
                {demo}
                {text_field(field, self.code, self.errors)}
                {submit_button(t("登录", "Sign in"), self.busy)}
                <div class="links">
                    {resend}
                    <button type="button" class="linkish" on:click=other>{t("换个手机号", "Another number")}</button>
                </div>
            </form>
        }
        .into_any()
    }

    fn send(self) {
        match Phone::parse(&self.phone.get_untracked()) {
            Err(error) => return self.errors.set(vec![error]),
            Ok(phone) => self.phone.set(phone.as_str().to_owned()),
        }
        self.ask(None);
    }

    /// Asks for the code; where the device has to work for it, that is done and the code asked for again.
    fn ask(self, work: Option<Work>) {
        let phone = self.phone.get_untracked();
        let worked = work.is_some();
        call(self.busy, async { api::accounts::send_code(phone, work, Some(now_lang())).await }, move |answer| match answer {
            Ok(sent) => {
                self.errors.set(vec![]);
                self.code.set(String::new());
                self.sent.set(true);
                self.count_down(sent.resend_after_s);
                dom::focus_soon("f-code");
            }
            Err(Error { reason: Some(Reason::Work { challenge }), .. }) if !worked => {
                self.busy.set(true);
                work_out(*challenge, move |work| {
                    // the page may have been left meanwhile
                    if self.busy.try_set(false).is_none() {
                        match work {
                            Some(work) => self.ask(Some(work)),
                            None => self.errors.set(vec![Error::field(PHONE, Reason::Busy)]),
                        }
                    }
                });
            }
            Err(error) => self.errors.set(vec![at(error, PHONE)]),
        });
    }

    fn count_down(self, seconds: u32) {
        if self.wait_s.try_set(seconds).is_none() && seconds > 0 {
            dom::after(1000, move || {
                // A code that was sent meanwhile counts for itself.
                if self.wait_s.try_get_untracked() == Some(seconds) {
                    self.count_down(seconds - 1);
                }
            });
        }
    }

    fn enter(self, state: State) {
        let code: String =
            self.code.get_untracked().chars().map(domain::identity::half_width).filter(char::is_ascii_digit).collect();
        if code.len() != DIGITS {
            let reason = if code.is_empty() { Reason::Missing } else { Reason::SignInCode };
            return self.errors.set(vec![Error::field(CODE, reason)]);
        }
        let phone = self.phone.get_untracked();
        call(self.busy, async { api::accounts::sign_in(phone, code, Some(now_lang())).await }, move |answer| match answer {
            Ok(answer) => {
                state.welcome(answer.account);
                self.done.run(());
            }
            Err(error) => self.errors.set(vec![at(error, CODE)]),
        });
    }
}

/// A refusal without a field belongs to the one that is on the screen.
fn at(error: Error, field: &str) -> Error {
    Error { field: Some(field.to_owned()), ..error }
}

fn demo_hint() -> AnyView {
    view! {
        <p class="note look">
            {t("演示环境不会真的发短信。", "This is a demonstration; no message is really sent. ")}
            <a class="alone" href="/demo/messages" target="_blank" rel="external noopener">{t("打开演示收件箱看验证码", "Open the demo inbox for the code")}</a>
        </p>
    }
    .into_any()
}
