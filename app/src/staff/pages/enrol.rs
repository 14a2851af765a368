//! Turning the second factor on: a QR for the app, six digits to show that it has it, and recovery codes to print.

use domain::error::Error;
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::gate;
use crate::api;
use crate::ui::form::field_id;
use crate::ui::qr::Modules;
use crate::ui::{Field, dom, error_summary, submit_button, t, text_field};

const OTP: &str = "otp";
const PASSWORD: &str = "password";

#[derive(Clone)]
enum Step {
    /// The password is asked for once more.
    Password,
    /// The app reads the secret.
    App { uri: String, secret: String },
    /// It is on; these are told once.
    Codes(Vec<String>),
}

#[derive(Clone, Copy)]
struct Enrolment {
    desk: Desk,
    step: RwSignal<Option<Step>>,
    password: RwSignal<String>,
    otp: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    done: Callback<()>,
    /// Where it need not be done now.
    not_now: Option<Callback<()>>,
}

/// The page of those whose role needs it before anything else.
pub(super) fn page() -> AnyView {
    Effect::new(|_| dom::title(t("绑定动态口令 · 接种点工作台", "Set up the one-time code · Vaccination desk")));
    let desk = Desk::here();
    let done = Callback::new(move |()| {
        spawn_local(async move {
            if let Ok(one) = desk.ask(api::staff::me(true)).await {
                desk.welcome(one.staff);
            }
        });
    });
    let inside = view! {
        <h1 id="gate-title" tabindex="-1">{move || t("绑定动态口令", "Set up the one-time code")}</h1>
        <p class="screen-only">{move || t(
            "您的岗位登录时除了密码，还要输入手机验证器里的 6 位数字。绑定一次，约一分钟。",
            "In your role you sign in with your password and 6 digits from an app on your phone. Set it up once; it takes a minute.",
        )}</p>
        {begin(done, None)}
        <button type="button" class="btn quiet screen-only" on:click=move |_| desk.leave()>{move || t("退出", "Sign out")}</button>
    };
    gate::page(true, inside.into_any())
}

/// The steps. `done` when the recovery codes were put away; `not_now` where one may think better of it.
pub(super) fn begin(done: Callback<()>, not_now: Option<Callback<()>>) -> AnyView {
    let enrolment = Enrolment {
        desk: Desk::here(),
        step: RwSignal::new(None),
        password: RwSignal::default(),
        otp: RwSignal::default(),
        errors: RwSignal::default(),
        busy: RwSignal::new(false),
        done,
        not_now,
    };
    enrolment.ask_for_secret();
    let shown = move || match enrolment.step.get() {
        None => view! { <div class="wait" role="status" aria-label=t("正在准备", "Getting ready")></div> }.into_any(),
        Some(Step::Password) => enrolment.ask_password(),
        Some(Step::App { uri, secret }) => enrolment.show_secret(&uri, &secret),
        Some(Step::Codes(codes)) => enrolment.show_codes(&codes),
    };
    // once it is on it is too late for that
    let never_mind = move || {
        let not_now = enrolment.not_now.filter(|_| !matches!(enrolment.step.get(), Some(Step::Codes(_))))?;
        Some(view! { <button type="button" class="linkish" on:click=move |_| not_now.run(())>{t("先不设置", "Not now")}</button> })
    };
    view! { {error_summary(enrolment.errors)} {shown} {never_mind} }.into_any()
}

impl Enrolment {
    fn ask_for_secret(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        let password = Some(self.password.get_untracked()).filter(|password| !password.is_empty());
        spawn_local(async move {
            let answer = self.desk.ask(api::staff::second_factor_begin(password)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            self.password.set(String::new());
            match answer {
                Ok(begun) => {
                    self.errors.set(vec![]);
                    self.step.set(Some(Step::App { uri: begun.uri, secret: begun.secret }));
                }
                Err(error) if error.reason == Some(Reason::Missing) => self.step.set(Some(Step::Password)),
                // it was turned on elsewhere meanwhile
                Err(error) if error.reason == Some(Reason::SecondFactorOn) => self.done.run(()),
                Err(error) => {
                    self.step.set(Some(Step::Password));
                    self.errors.set(vec![error]);
                }
            }
        });
    }

    fn ask_password(self) -> AnyView {
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            if self.password.with_untracked(String::is_empty) {
                return self.errors.set(vec![Error::field(PASSWORD, Reason::Missing)]);
            }
            self.ask_for_secret();
        };
        let field =
            Field {
                kind: "password", autocomplete: "current-password", ..Field::text(PASSWORD, t("登录密码", "Your password"))
            };
        view! {
            <form class="form" novalidate=true on:submit=send>
                {text_field(field, self.password, self.errors)}
                {submit_button(t("下一步", "Next"), self.busy)}
            </form>
        }
        .into_any()
    }

    fn show_secret(self, uri: &str, secret: &str) -> AnyView {
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.confirm();
        };
        let qr = Modules::of(uri).map(|modules| modules.drawn(t("给验证器扫的二维码", "QR code for the authenticator app")));
        let groups: Vec<String> = secret.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        let field = Field {
            mode: "numeric",
            autocomplete: "one-time-code",
            most: 8,
            ..Field::text(OTP, t("3. 输入应用显示的 6 位数字", "3. Enter the 6 digits that the app shows"))
        };
        view! {
            <div class="enrol">
                <div class="enrol-app">
                    <p>{t(
                        "1. 在手机上打开验证器应用（微软、谷歌等都可以）。",
                        "1. Open an authenticator app on your phone (Microsoft's, Google's or another).",
                    )}</p>
                    <p>{t("2. 用它扫这个二维码，或手动输入密钥：", "2. Scan this code with it, or type the key:")}</p>
                    <p class="enrol-key num" translate="no">{groups.join(" ")}</p>
                </div>
                {qr}
            </div>
            <form class="form" novalidate=true on:submit=send>
                {text_field(field, self.otp, self.errors)}
                {submit_button(t("确认绑定", "Confirm"), self.busy)}
            </form>
        }
        .into_any()
    }

    fn confirm(self) {
        let otp = self.otp.get_untracked().trim().to_owned();
        if otp.is_empty() {
            return self.errors.set(vec![Error::field(OTP, Reason::Missing)]);
        }
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.errors.set(vec![]);
        spawn_local(async move {
            let answer = self.desk.ask(api::staff::second_factor_confirm(otp)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            self.otp.set(String::new());
            match answer {
                Ok(codes) => {
                    self.step.set(Some(Step::Codes(codes.recovery_codes)));
                    dom::focus_soon("recovery");
                }
                Err(error) => {
                    self.errors.set(vec![error]);
                    dom::focus(&field_id(OTP));
                }
            }
        });
    }

    fn show_codes(self, codes: &[String]) -> AnyView {
        let lines: Vec<AnyView> = codes.iter().map(|code| view! { <li class="num">{code.clone()}</li> }.into_any()).collect();
        let username = self.desk.member.with_untracked(|member| member.as_ref().map(|member| member.username.clone()));
        view! {
            <section class="recovery" aria-labelledby="recovery">
                <h2 id="recovery" tabindex="-1">{t("已绑定。请收好这 10 个恢复码", "It is on. Keep these 10 recovery codes")}</h2>
                <p>{t(
                    "手机不在身边时，用一个恢复码代替 6 位数字登录；每个只能用一次，只显示这一回。",
                    "Without your phone, sign in with one of them in place of the 6 digits. Each is good once; they are shown only now.",
                )}</p>
                <ol class="recovery-codes" translate="no">{lines}</ol>
                <p class="print-only">{t("一针 · 接种点工作台，用户名：", "Yizhen · Vaccination desk, user name: ")}{username}</p>
                <div class="actions screen-only">
                    <button type="button" class="btn" on:click=move |_| self.done.run(())>{t("我已收好", "I have put them away")}</button>
                    <button type="button" class="btn quiet" on:click=|_| drop(dom::window().print())>{t("打印", "Print")}</button>
                </div>
            </section>
        }
        .into_any()
    }
}
