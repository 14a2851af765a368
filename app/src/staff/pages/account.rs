//! One's own account: second factor, PIN, and signing out everywhere.

use domain::access::Role;
use domain::error::Error;
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::{enrol, password, pin};
use crate::api;
use crate::ui::form::field_id;
use crate::ui::page::{heading, titled};
use crate::ui::{Field, dom, error_summary, lang, submit_button, t, text_field};

const PASSWORD: &str = "password";
const OTP: &str = "otp";

/// What is open: one form at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Enrol,
    TurnOff,
    Pin,
    Password,
}

/// The page.
pub(super) fn page() -> AnyView {
    let desk = Desk::here();
    let open = RwSignal::new(Open::Nothing);
    let said = RwSignal::new(None::<&'static str>);
    titled(
        || t("我的账号", "My account").to_owned(),
        move || {
            let who =
                move || desk.member.with(|member| member.as_ref().map(|member| format!("{} · {}", member.name, role(member.role))));
            let note = move || said.get().map(|words| view! { <p class="note good" role="status">{words}</p> });
            view! {
                <div class="own">
                    {heading(t("我的账号", "My account"))}
                    <p class="quiet-text">{who}</p>
                    {note}
                    {second_factor(desk, open, said)}
                    {own_pin(desk, open, said)}
                    {own_password(open, said)}
                    {everywhere(desk)}
                </div>
            }
            .into_any()
        },
    )
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Nurse => t("护士", "Nurse"),
        Role::Manager => t("负责人", "Manager"),
        Role::Office => t("市办", "City office"),
    }
}

fn second_factor(desk: Desk, open: RwSignal<Open>, said: RwSignal<Option<&'static str>>) -> AnyView {
    let is_on = Memo::new(move |_| desk.member.with(|member| member.as_ref().is_some_and(|member| member.second_factor)));
    let enrolled = Callback::new(move |()| {
        open.set(Open::Nothing);
        said.set(Some(t("动态口令已开启。", "The one-time code is on.")));
        desk.look_who();
    });
    let body = move || {
        match (open.get(), is_on.get()) {
        (Open::Enrol, _) => enrol::begin(enrolled, Some(Callback::new(move |()| open.set(Open::Nothing)))),
        (Open::TurnOff, true) => view! { {turn_off(desk, open, said)} {never_mind(open)} }.into_any(),
        (_, true) => view! {
            <p>{t("已开启：登录时除了密码，还要输入 6 位数字。", "On: you sign in with your password and 6 digits.")}</p>
            <button type="button" class="btn quiet" on:click=move |_| unfold(open, said, Open::TurnOff)>{t("关闭或换手机", "Turn off, or change phones")}</button>
        }
        .into_any(),
        (_, false) => view! {
            <p>{t("未开启。开启后，别人只知道密码也登录不了。", "Off. Once it is on, knowing your password is not enough to sign in.")}</p>
            <button type="button" class="btn quiet" on:click=move |_| unfold(open, said, Open::Enrol)>{t("开启动态口令", "Set up the one-time code")}</button>
        }
        .into_any(),
    }
    };
    view! { <section class="own-part" aria-labelledby="own-factor"><h2 id="own-factor">{t("动态口令（第二重验证）", "One-time code (second factor)")}</h2>{body}</section> }.into_any()
}

fn turn_off(desk: Desk, open: RwSignal<Open>, said: RwSignal<Option<&'static str>>) -> AnyView {
    let (password, otp) = (RwSignal::<String>::default(), RwSignal::<String>::default());
    let (errors, busy) = (RwSignal::new(Vec::<Error>::new()), RwSignal::new(false));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let (known, shown) = (password.get_untracked(), otp.get_untracked());
        let missing = |empty: bool, name| empty.then(|| Error::field(name, Reason::Missing));
        let found: Vec<Error> =
            [missing(known.is_empty(), PASSWORD), missing(shown.trim().is_empty(), OTP)].into_iter().flatten().collect();
        if !found.is_empty() {
            return errors.set(found);
        }
        errors.set(vec![]);
        busy.set(true);
        spawn_local(async move {
            let answer = desk.ask(api::staff::second_factor_off(known, shown)).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(one) => {
                    open.set(Open::Nothing);
                    said.set(Some(t("动态口令已关闭。", "The one-time code is off.")));
                    desk.learn(one.staff);
                }
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    let known =
        Field { kind: "password", autocomplete: "current-password", ..Field::text(PASSWORD, t("登录密码", "Your password")) };
    let shown = Field {
        autocomplete: "one-time-code",
        most: 16,
        ..Field::text(OTP, t("6 位数字，或一个恢复码", "6 digits, or a recovery code"))
    };
    view! {
        {error_summary(errors)}
        <form class="form" novalidate=true on:submit=send>
            {text_field(known, password, errors)}
            {text_field(shown, otp, errors)}
            {submit_button(t("关闭动态口令", "Turn it off"), busy)}
        </form>
    }
    .into_any()
}

fn own_pin(desk: Desk, open: RwSignal<Open>, said: RwSignal<Option<&'static str>>) -> AnyView {
    let has_pin = Memo::new(move |_| desk.member.with(|member| member.as_ref().is_some_and(|member| member.pin)));
    let done = Callback::new(move |()| {
        open.set(Open::Nothing);
        said.set(Some(t("PIN 码已保存。", "The PIN is saved.")));
    });
    let after = move || {
        let after = desk.member.with(|member| member.as_ref().and_then(|member| member.lock_after_s))?.div_ceil(60);
        Some(lang().pick(
            format!("{after} 分钟没人操作，屏幕会自动锁定；输入 PIN 码就能接着用。"),
            format!("The screen locks after {after} minutes without use; the PIN opens it again."),
        ))
    };
    let body = move || {
        if open.get() == Open::Pin {
            return view! { {pin::form(done)} {never_mind(open)} }.into_any();
        }
        let words = if has_pin.get() { t("更换 PIN 码", "Change the PIN") } else { t("设置 PIN 码", "Set a PIN") };
        view! {
            <p>{after()}</p>
            <button type="button" class="btn quiet" on:click=move |_| unfold(open, said, Open::Pin)>{words}</button>
        }
        .into_any()
    };
    view! { <section class="own-part" aria-labelledby="own-pin"><h2 id="own-pin">{t("锁屏 PIN 码", "PIN of the locked screen")}</h2>{body}</section> }.into_any()
}

fn own_password(open: RwSignal<Open>, said: RwSignal<Option<&'static str>>) -> AnyView {
    let done = Callback::new(move |()| {
        open.set(Open::Nothing);
        said.set(Some(t("密码已更换，其他设备上已退出。", "The password is changed; your other devices are signed out.")));
    });
    let body = move || {
        if open.get() == Open::Password {
            return view! { {password::form(done)} {never_mind(open)} }.into_any();
        }
        view! { <button type="button" class="btn quiet" on:click=move |_| unfold(open, said, Open::Password)>{t("更换密码", "Change the password")}</button> }
            .into_any()
    };
    view! { <section class="own-part" aria-labelledby="own-password"><h2 id="own-password">{t("登录密码", "Password")}</h2>{body}</section> }.into_any()
}

fn everywhere(desk: Desk) -> AnyView {
    let (errors, busy) = (RwSignal::new(Vec::<Error>::new()), RwSignal::new(false));
    let leave = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = desk.ask(api::staff::sign_out_everywhere()).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => desk.farewell(),
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    view! {
        <section class="own-part" aria-labelledby="own-everywhere">
            <h2 id="own-everywhere">{t("在所有设备上退出", "Sign out everywhere")}</h2>
            {error_summary(errors)}
            <p>{t(
                "平板丢了，或忘了在别处退出？让您的账号在所有设备上退出，包括这一台。",
                "A tablet is lost, or you left one signed in? Sign out on every device, this one too.",
            )}</p>
            <button type="button" class="btn quiet" on:click=leave>{t("全部退出", "Sign out on all devices")}</button>
        </section>
    }
    .into_any()
}

/// Opens a form, with its first field in focus; what was said before is over.
fn unfold(open: RwSignal<Open>, said: RwSignal<Option<&'static str>>, what: Open) {
    said.set(None);
    open.set(what);
    let first = match what {
        Open::Pin => Some(pin::PIN),
        Open::TurnOff => Some(PASSWORD),
        Open::Password => Some(password::PASSWORD),
        Open::Nothing | Open::Enrol => None,
    };
    if let Some(first) = first {
        request_animation_frame(move || dom::focus(&field_id(first)));
    }
}

fn never_mind(open: RwSignal<Open>) -> AnyView {
    view! { <button type="button" class="linkish" on:click=move |_| open.set(Open::Nothing)>{t("先不设置", "Not now")}</button> }
        .into_any()
}
