//! Signing in: as the first page, and over a page whose session has ended.

use core::time::Duration;

use domain::error::Error;
use domain::reason::Reason;
use domain::staff::StaffSignIn;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::gate;
use crate::api;
use crate::ui::form::field_id;
use crate::ui::{Field, dom, error_summary, lang, submit_button, t, text_field};

const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const OTP: &str = "otp";

/// The page of those who are not signed in.
pub(crate) fn page() -> AnyView {
    Effect::new(|_| dom::title(t("登录 · 接种点工作台", "Sign in · Vaccination desk")));
    let form = Form::new(String::new());
    view! { <main id="main" class="gate"><div class="gate-card">{form.view(None)}</div></main> }.into_any()
}

/// Over a page whose session has ended: the same person goes on where they were.
pub(crate) fn over() -> AnyView {
    let desk = Desk::here();
    let username = desk.member.with_untracked(|member| member.as_ref().map(|member| member.username.clone()));
    let form = Form::new(username.unwrap_or_default());
    let why = Signal::derive(|| t("登录已到期，重新登录后接着做", "The session has ended. Sign in and go on where you were"));
    view! {
        <div class="gate over" role="dialog" aria-modal="true" aria-labelledby="gate-title">
            <div class="gate-card">{form.view(Some(why))}</div>
        </div>
    }
    .into_any()
}

/// While it is not known yet who is signed in.
pub(crate) fn waiting() -> AnyView {
    let desk = Desk::here();
    let words = move || {
        if desk.online.get() {
            t("正在打开……", "Opening …")
        } else {
            t("网络不通，恢复后会自动打开", "No network; this opens by itself when it is back")
        }
    };
    view! { <main id="main" class="gate"><p class="lead" role="status">{words}</p></main> }.into_any()
}

#[derive(Clone, Copy)]
struct Form {
    desk: Desk,
    username: RwSignal<String>,
    password: RwSignal<String>,
    shown: RwSignal<bool>,
    /// Whether the password was right and the second factor is asked for.
    second: RwSignal<bool>,
    otp: RwSignal<String>,
    /// Whether a recovery code is typed in place of the digits.
    recovery: RwSignal<bool>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    /// Seconds until another try is taken.
    wait_s: RwSignal<u32>,
}

impl Form {
    fn new(username: String) -> Self {
        let first = if username.is_empty() { USERNAME } else { PASSWORD };
        request_animation_frame(move || dom::focus(&field_id(first)));
        let wait_s = RwSignal::new(0u32);
        let tick = move || {
            let _ = wait_s.try_update(|left| *left = left.saturating_sub(1));
        };
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
        Self {
            desk: Desk::here(),
            username: RwSignal::new(username),
            password: RwSignal::default(),
            shown: RwSignal::new(false),
            second: RwSignal::new(false),
            otp: RwSignal::default(),
            recovery: RwSignal::new(false),
            errors: RwSignal::default(),
            busy: RwSignal::new(false),
            wait_s,
        }
    }

    fn view(self, why: Option<Signal<&'static str>>) -> AnyView {
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.send();
        };
        let fields = move || {
            if self.second.get() {
                return self.second_step();
            }
            let username = Field { autocomplete: "username", most: 40, ..Field::text(USERNAME, t("用户名", "User name")) };
            let kind = if self.shown.get() { "text" } else { "password" };
            let password = Field { kind, autocomplete: "current-password", ..Field::text(PASSWORD, t("密码", "Password")) };
            view! {
                {text_field(username, self.username, self.errors)}
                {text_field(password, self.password, self.errors)}
                <label class="tick">
                    <input type="checkbox" prop:checked=move || self.shown.get() on:change=move |event| self.shown.set(event_target_checked(&event)) />
                    <span>{t("显示密码", "Show the password")}</span>
                </label>
                {submit_button(t("登录", "Sign in"), self.busy)}
            }
            .into_any()
        };
        let waiting = move || {
            let left = self.wait_s.get();
            (left > 0).then(|| view! { <p class="note look num" role="timer">{Reason::TooMany { wait_s: left }.text(lang())}</p> })
        };
        view! {
            {gate::head()}
            <h1 id="gate-title">{move || t("工作人员登录", "Staff sign-in")}</h1>
            {why.map(|why| view! { <p class="note look">{move || why.get()}</p> })}
            {error_summary(self.errors)}
            {waiting}
            <form class="form" novalidate=true on:submit=send>{fields}</form>
            <p class="quiet-text">{move || t("忘记密码请找接种点负责人。", "Forgotten the password? Ask the site's manager.")}</p>
        }
        .into_any()
    }

    /// The password was right: now the second factor.
    fn second_step(self) -> AnyView {
        let recovery = self.recovery.get();
        let digits = Field {
            mode: "numeric",
            autocomplete: "one-time-code",
            most: 8,
            hint: t(
                "打开手机上的验证器应用，输入它显示的 6 位数字",
                "Open the authenticator app on your phone and enter its 6 digits",
            ),
            ..Field::text(OTP, t("动态口令", "One-time code"))
        };
        let code = Field {
            most: 16,
            hint: t("打印出来的 10 个之一，每个只能用一次", "One of the ten that you printed; each is good once"),
            ..Field::text(OTP, t("恢复码", "Recovery code"))
        };
        let turn = move |_| {
            self.otp.set(String::new());
            self.errors.set(vec![]);
            self.recovery.update(|recovery| *recovery = !*recovery);
            request_animation_frame(|| dom::focus(&field_id(OTP)));
        };
        let other_way = if recovery {
            t("用动态口令", "Use the one-time code")
        } else {
            t("手机不在身边？用恢复码", "No phone at hand? Use a recovery code")
        };
        view! {
            <p>{t("用户名：", "User name: ")}<b>{self.username.get_untracked()}</b></p>
            {text_field(if recovery { code } else { digits }, self.otp, self.errors)}
            {submit_button(t("登录", "Sign in"), self.busy)}
            <p class="gate-ways">
                <button type="button" class="linkish" on:click=turn>{other_way}</button>
                <button type="button" class="linkish" on:click=move |_| self.begin_again(vec![])>{t("换个用户名", "Another user name")}</button>
            </p>
        }
        .into_any()
    }

    /// Back to name and password.
    fn begin_again(self, errors: Vec<Error>) {
        self.password.set(String::new());
        self.otp.set(String::new());
        self.second.set(false);
        self.recovery.set(false);
        self.errors.set(errors);
    }

    fn send(self) {
        if self.busy.get_untracked() || self.wait_s.get_untracked() > 0 {
            return;
        }
        let (username, password) = (self.username.get_untracked().trim().to_owned(), self.password.get_untracked());
        let second = self.second.get_untracked();
        let otp = second.then(|| self.otp.get_untracked());
        let missing = |empty: bool, name| empty.then(|| Error::field(name, Reason::Missing));
        let errors: Vec<Error> = [
            missing(username.is_empty(), USERNAME),
            missing(password.is_empty(), PASSWORD),
            missing(otp.as_ref().is_some_and(|otp| otp.trim().is_empty()), OTP),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !errors.is_empty() {
            self.errors.set(errors);
            return;
        }
        self.errors.set(vec![]);
        self.busy.set(true);
        spawn_local(async move {
            let answer = self.desk.ask(api::staff::sign_in(StaffSignIn { username, password, otp, site_id: None })).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(one) => self.desk.welcome(one.staff),
                Err(error) => self.refused(error),
            }
        });
    }

    fn refused(self, error: Error) {
        self.otp.set(String::new());
        match error.reason {
            // the password is kept for the second step, on this page only
            Some(Reason::OtpNeeded) => {
                self.second.set(true);
                request_animation_frame(|| dom::focus(&field_id(OTP)));
            }
            Some(Reason::Otp) => self.errors.set(vec![error]),
            Some(Reason::TooMany { wait_s }) => {
                self.begin_again(vec![]);
                self.wait_s.set(error.retry_after_s.unwrap_or(wait_s).max(1));
            }
            _ => self.begin_again(vec![error]),
        }
    }
}

/// The mark of the house.
pub(crate) fn mark() -> AnyView {
    view! {
        <svg class="mark-sign" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
            <rect class="mark-ground" width="32" height="32" rx="9"></rect>
            <path class="mark-stroke" d="M6 16h13M19 12.5v7h4v-7zM23 16h4"></path>
        </svg>
    }
    .into_any()
}
