//! Notices and help: whom to call, how it works, how to read more easily.

use domain::error::{Error, ErrorCode};
use domain::lang::Lang;
use leptos::prelude::*;

use super::parts::try_again;
use super::shell::tel;
use super::state::State;
use crate::api;
use crate::ui::icon::{ON, PHONE, icon};
use crate::ui::{TextSize, call, dom, heading, lang, nav, set_lang, set_text_size, t, text_size, titled};

/// The line that says that WeChat is let go.
const UNBOUND: &str = "wechat-unbound";

/// The page.
pub(crate) fn page() -> AnyView {
    let state = State::here();
    state.need_demo();
    titled(
        || t("须知与帮助", "Help").to_owned(),
        move || {
            view! {
                {heading(t("须知与帮助", "Notices and help"))}
                {move || hotline(state)}
                <ul class="list">
                    <li><a class="line" href="/notice"><span>{t("接种须知（告知书）", "Information notice")}</span>{icon(ON)}</a></li>
                    <li><a class="line" href="/my-data"><span>{t("我的数据：查看、下载、删除", "My data: see, download, delete")}</span>{icon(ON)}</a></li>
                    {move || state.demo.get().unwrap_or(false).then(inbox)}
                </ul>
                {how_to()}
                {reading()}
                {move || state.signed_in.get().then(|| account(state))}
            }
            .into_any()
        },
    )
}

fn hotline(state: State) -> Option<AnyView> {
    let hotline = state.overview(|now| now.city.hotline.clone())?;
    let dial = tel(&hotline);
    Some(
        view! {
            <a class="btn wide big" href=dial>{icon(PHONE)}<span>{t("打电话请人帮忙约 ", "Call and we book for you ")}<span class="num nb">{hotline}</span></span></a>
        }
        .into_any(),
    )
}

fn inbox() -> AnyView {
    view! { <li><a class="line" href="/demo/messages" rel="external"><span>{t("演示收件箱", "Demo inbox")}</span>{icon(ON)}</a></li> }.into_any()
}

fn how_to() -> AnyView {
    let steps = [
        (t("看号源", "Look"), t("先看哪个接种点还有号，不用登录。", "See which site has places left; no need to sign in.")),
        (
            t("选时间，填信息", "Choose and fill in"),
            t("给自己约，也可以给家人约。准备好证件号码。", "For yourself or for somebody else. Have the identity document ready."),
        ),
        (t("提交", "Book"), t("用手机号登录，收到预约码和二维码。", "Sign in with your phone and get a code and a QR code.")),
        (
            t("到现场", "Come"),
            t("带上证件，出示二维码。接种后留观 30 分钟。", "Bring the document and show the QR code. Stay 30 minutes afterwards."),
        ),
    ];
    let lines: Vec<AnyView> =
        steps.into_iter().map(|(word, words)| view! { <li><b>{word}</b><p>{words}</p></li> }.into_any()).collect();
    view! {
        <section>
            <h2>{t("怎么预约", "How to book")}</h2>
            <ol class="how">{lines}</ol>
        </section>
    }
    .into_any()
}

/// Language and text size, for who finds no switch on top.
fn reading() -> AnyView {
    let sizes: Vec<AnyView> = TextSize::ALL
        .into_iter()
        .map(|size| {
            view! {
                <li><button type="button" class="pill" aria-pressed=move || (text_size() == size).to_string() on:click=move |_| set_text_size(size)>
                    {size.title()}
                </button></li>
            }
            .into_any()
        })
        .collect();
    let languages: Vec<AnyView> = [(Lang::Zh, "中文"), (Lang::En, "English")]
        .into_iter()
        .map(|(language, words)| {
            view! {
                <li><button type="button" class="pill" lang=language.tag() aria-pressed=move || (lang() == language).to_string() on:click=move |_| set_lang(language)>
                    {words}
                </button></li>
            }
            .into_any()
        })
        .collect();
    view! {
        <section class="reading">
            <h2>{t("怎么看得更清楚", "Reading")}</h2>
            <h3 id="size-label">{t("文字大小", "Text size")}</h3>
            <ul class="chips wrap" aria-labelledby="size-label">{sizes}</ul>
            <h3 id="language-label">{t("语言", "Language")}</h3>
            <ul class="chips wrap" aria-labelledby="language-label">{languages}</ul>
        </section>
    }
    .into_any()
}

fn account(state: State) -> AnyView {
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<Error>);
    let unbound = RwSignal::new(false);
    let gone = move || {
        state.draft.set(super::draft::Draft::default());
        state.farewell();
        nav::go("/");
    };
    let leave = move |_| call(busy, api::accounts::sign_out(), move |_| gone());
    // who is told that all devices are signed out must be able to believe it: a refusal is shown
    let leave_everywhere = Callback::new(move |()| {
        call(busy, api::accounts::sign_out_everywhere(), move |answer| match answer {
            Ok(_) => gone(),
            Err(error) if error.code == ErrorCode::SignInRequired => {
                state.farewell();
                nav::go("/sign-in");
            }
            Err(error) => refusal.set(Some(error)),
        });
    });
    let unbind = Callback::new(move |()| {
        call(busy, api::accounts::unbind_wechat(), move |answer| match answer {
            Ok(answer) => {
                state.account.set(Some(answer.account));
                dom::focus_soon(UNBOUND);
                unbound.set(true);
            }
            Err(error) => refusal.set(Some(error)),
        });
    });
    let wechat =
        move || state.account.with(|account| account.as_ref().is_some_and(|account| account.wechat)).then(|| wechat(unbind));
    let done = move || {
        unbound.get().then(|| {
            view! { <p id=UNBOUND class="note good" role="status" tabindex="-1">{t("已解除微信绑定，下次从微信打开要用手机验证码。", "WeChat is unlinked: from there you need a code again.")}</p> }
        })
    };
    let said = move || refusal.get().map(|error| try_again(&error, leave_everywhere));
    let phone = move || state.account.get().map(|account| account.phone);
    view! {
        <section>
            <h2>{t("账号", "Account")}</h2>
            <p>{t("已登录 ", "Signed in as ")}<span class="num">{phone}</span></p>
            <button type="button" class="btn quiet" on:click=leave>{t("退出登录", "Sign out")}</button>
            {wechat}
            {done}
            <p id="everywhere-hint">{t(
                "手机丢了，或在别人的设备上登录过？可以让所有设备都退出，包括这一台；微信绑定也会解除，预约不受影响。",
                "Lost your phone, or signed in on somebody else's? Sign out on every device, this one too; WeChat is unlinked as well, your bookings stay.",
            )}</p>
            <button type="button" class="btn quiet" aria-describedby="everywhere-hint" on:click=move |_| leave_everywhere.run(())>
                {t("在所有设备上退出", "Sign out everywhere")}
            </button>
            {said}
        </section>
    }
    .into_any()
}

fn wechat(unbind: Callback<()>) -> AnyView {
    view! {
        <p id="wechat-hint">{t("已绑定微信：从微信打开就直接登录。", "Linked to WeChat: coming from there, you are signed in at once.")}</p>
        <button type="button" class="btn quiet" aria-describedby="wechat-hint" on:click=move |_| unbind.run(())>
            {t("解除微信绑定", "Unlink WeChat")}
        </button>
    }
    .into_any()
}
