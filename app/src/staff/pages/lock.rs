//! The locked screen: nothing of anybody is on it; a PIN or the password opens it.
//!
//! A scanner goes on typing whatever is held before it. What comes faster than a hand types is no PIN: it is swallowed whole, and never
//! becomes a wrong try.

use core::time::Duration;

use domain::error::Error;
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::KeyboardEvent;

use super::desk::Desk;
use super::gate;
use crate::api;
use crate::staff::burst::Burst;
use crate::ui::form::field_id;
use crate::ui::{Field, dom, error_summary, lang, submit_button, t, text_field};

const PIN: &str = "pin";
const PASSWORD: &str = "password";

#[derive(Clone, Copy)]
struct Lock {
    desk: Desk,
    /// Whether the PIN is asked for, and not the password.
    by_pin: RwSignal<bool>,
    typed: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    wait_s: RwSignal<u32>,
    burst: StoredValue<Burst>,
}

/// The page.
pub(super) fn page() -> AnyView {
    Effect::new(|_| dom::title(t("已锁定 · 接种点工作台", "Locked · Vaccination desk")));
    let desk = Desk::here();
    let has_pin = desk.member.with_untracked(|member| member.as_ref().is_some_and(|member| member.pin));
    let lock = Lock {
        desk,
        by_pin: RwSignal::new(has_pin),
        typed: RwSignal::default(),
        errors: RwSignal::default(),
        busy: RwSignal::new(false),
        wait_s: RwSignal::new(0),
        burst: StoredValue::new(Burst::default()),
    };
    let tick = move || {
        let _ = lock.wait_s.try_update(|left| *left = left.saturating_sub(1));
    };
    if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
        on_cleanup(move || handle.clear());
    }
    let keys = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| lock.key(&event));
    on_cleanup(move || keys.remove());
    lock.focus();
    let name = move || desk.member.with(|member| member.as_ref().map(|member| member.name.clone()));
    let waiting = move || {
        let left = lock.wait_s.get();
        (left > 0).then(|| view! { <p class="note look num" role="timer">{Reason::TooMany { wait_s: left }.text(lang())}</p> })
    };
    let other_way = move || {
        has_pin.then(|| {
            let words = if lock.by_pin.get() {
                t("忘记 PIN 码？用密码解锁", "Forgotten the PIN? Use the password")
            } else {
                t("用 PIN 码解锁", "Use the PIN")
            };
            view! { <button type="button" class="linkish" on:click=move |_| lock.turn()>{words}</button> }.into_any()
        })
    };
    let hint = move || {
        (!has_pin).then(|| t("在“我的账号”里设置 PIN 码，解锁会快得多。", "Set a PIN under “My account” to open this faster."))
    };
    let inside = view! {
        <h1 id="gate-title">{move || t("屏幕已锁定", "The screen is locked")}</h1>
        <p class="lock-who"><b>{name}</b><span class="quiet-text">{move || t("正在使用这台平板", "is using this tablet")}</span></p>
        {error_summary(lock.errors)}
        {waiting}
        {move || lock.form()}
        {other_way}
        <p class="quiet-text">{hint}</p>
        <button type="button" class="btn quiet" on:click=move |_| desk.leave()>{move || t("换人登录（退出）", "Somebody else signs in (sign out)")}</button>
    };
    gate::page(false, inside.into_any())
}

impl Lock {
    fn field(self) -> &'static str {
        if self.by_pin.get_untracked() { PIN } else { PASSWORD }
    }

    fn focus(self) {
        request_animation_frame(move || {
            if self.by_pin.try_get_untracked().is_some() {
                dom::focus(&field_id(self.field()));
            }
        });
    }

    fn turn(self) {
        self.typed.set(String::new());
        self.errors.set(vec![]);
        self.by_pin.update(|by_pin| *by_pin = !*by_pin);
        self.focus();
    }

    fn form(self) -> AnyView {
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.send();
        };
        let pin =
            Field {
                kind: "password", mode: "numeric", most: 6, ..Field::text(PIN, t("PIN 码（6 位数字）", "PIN (6 digits)"))
            };
        let password =
            Field { kind: "password", autocomplete: "current-password", ..Field::text(PASSWORD, t("密码", "Password")) };
        let field = if self.by_pin.get() { pin } else { password };
        view! {
            <form class="form" novalidate=true on:submit=send>
                {text_field(field, self.typed, self.errors)}
                {submit_button(t("解锁", "Unlock"), self.busy)}
            </form>
        }
        .into_any()
    }

    /// Whatever a scanner types goes nowhere.
    fn key(self, event: &KeyboardEvent) {
        let scanner = self.burst.try_update_value(|burst| burst.key(&event.key(), js_sys::Date::now()));
        if scanner == Some(true) {
            event.prevent_default();
            self.typed.set(String::new());
        }
    }

    fn send(self) {
        if self.busy.get_untracked() || self.wait_s.get_untracked() > 0 {
            return;
        }
        let typed = self.typed.get_untracked();
        if typed.is_empty() {
            return self.errors.set(vec![Error::field(self.field(), Reason::Missing)]);
        }
        self.typed.set(String::new());
        self.errors.set(vec![]);
        self.busy.set(true);
        let (pin, password) = if self.by_pin.get_untracked() { (Some(typed), None) } else { (None, Some(typed)) };
        spawn_local(async move {
            // where the network was away the server may not know yet that this page is locked: then it would open to anybody
            let answer = match self.desk.ask(api::staff::lock()).await {
                Ok(_) => self.desk.ask(api::staff::unlock(pin, password)).await,
                Err(error) => Err(error),
            };
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(one) => self.desk.welcome(one.staff),
                Err(error) => {
                    if let Some(Reason::TooMany { wait_s }) = error.reason {
                        self.wait_s.set(error.retry_after_s.unwrap_or(wait_s).max(1));
                    } else {
                        self.errors.set(vec![error]);
                    }
                    self.focus();
                }
            }
        });
    }
}
