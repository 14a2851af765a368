//! Whoever was brought here by an app or by WeChat is told as whom, and can say that it is somebody else.

use domain::identity::Name;
use domain::person::Account;
use leptos::prelude::*;

use super::draft::Draft;
use super::state::State;
use crate::api;
use crate::ui::{call, lang, t};

/// The greeting, once for each arrival.
pub(super) fn greeting(state: State) -> AnyView {
    (move || {
        let account = state.account.get().filter(|_| state.arrived.get())?;
        Some(greet(state, &account))
    })
    .into_any()
}

fn greet(state: State, account: &Account) -> AnyView {
    let busy = RwSignal::new(false);
    let leave = move |_| {
        call(busy, api::accounts::sign_out(), move |_| {
            state.draft.set(Draft::default());
            state.farewell();
        });
    };
    let stay = move |_| state.arrived.set(false);
    // others may look on: enough to recognise oneself by
    let name = account.identity.as_ref().and_then(|identity| Name::parse(&identity.name).ok()).map(|name| name.masked());
    let hello = match name {
        Some(name) => lang().pick(format!("{name}，您好"), format!("Hello, {name}")),
        None => t("您好", "Hello").to_owned(),
    };
    let differs = account.identity.as_ref().filter(|identity| identity.differs).map(|identity| {
        let number = identity.document.number.clone();
        view! {
            <p>
                {t("App 里的证件（", "The document in the app (")}<span class="num nb">{number}</span>
                {t(
                    "）和这里登记的不一样。您还有没完成的预约，所以没有改动；等预约完成或取消后，再从 App 打开一次。",
                    ") is not the one that stands here. You still have a booking, so nothing was changed; when it is over or cancelled, open this from the app once more.",
                )}
            </p>
        }
        .into_any()
    });
    let tone = if differs.is_some() { "note look arrival" } else { "note good arrival" };
    view! {
        <section class=tone aria-labelledby="arrival-title">
            <h2 id="arrival-title">{hello}</h2>
            <p role="status">{t("已登录，手机号 ", "You are signed in as ")}<span class="num nb">{account.phone.clone()}</span></p>
            {differs}
            <div class="actions">
                <button type="button" class="btn quiet" on:click=stay>{t("是我，知道了", "That is me")}</button>
                <button type="button" class="btn quiet" on:click=leave>{t("不是我，退出", "Not me: sign out")}</button>
            </div>
        </section>
    }
    .into_any()
}
