//! Signing out while something waits to be sent: it is asked first, and nothing is lost either way.

use leptos::prelude::*;

use super::desk::Desk;
use crate::staff::offline::Offline;
use crate::ui::{dom, lang, t};

const STAY: &str = "leaving-stay";

/// The question.
pub(super) fn dialog(desk: Desk) -> AnyView {
    let offline = Offline::here();
    dom::focus_soon(STAY);
    let title = move || {
        let waiting = offline.waiting.get();
        lang().pick(format!("还有 {waiting} 条没有上传"), format!("{waiting} not sent yet"))
    };
    view! {
        <div class="gate over" role="alertdialog" aria-modal="true" aria-labelledby="leaving-title" aria-describedby="leaving-words">
            <div class="gate-card">
                <h1 id="leaving-title">{title}</h1>
                <p id="leaving-words">{move || t(
                    "联网后会自动上传。现在退出，它们会加密留在这台平板上，等本接种点下一位工作人员登录后再上传。",
                    "They are sent by themselves when the network is back. If you sign out now they stay on this tablet, sealed, until the next member of this site's staff signs in.",
                )}</p>
                <div class="actions">
                    <button type="button" class="btn" id=STAY on:click=move |_| desk.leaving.set(false)>{move || t("先不退出", "Stay")}</button>
                    <button type="button" class="btn quiet" on:click=move |_| desk.leave()>{move || t("仍然退出", "Sign out all the same")}</button>
                </div>
            </div>
        </div>
    }
    .into_any()
}
