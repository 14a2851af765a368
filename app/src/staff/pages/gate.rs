//! The card in the middle of the screen, for whatever comes before the work: signing in, a site, a second factor, a lock.

use domain::lang::Lang;
use leptos::prelude::*;

use super::sign_in::mark;
use crate::ui::{lang, now_lang, set_lang, t};

/// A page that is only this card. `wide` for what has a picture beside it.
pub(super) fn page(wide: bool, inside: AnyView) -> AnyView {
    view! { <main id="main" class="gate"><div class="gate-card" class:wide=wide>{head()} {inside}</div></main> }.into_any()
}

/// The mark, the name of the place, and the other language.
pub(super) fn head() -> AnyView {
    let other = move || lang().pick(Lang::En, Lang::Zh);
    view! {
        <p class="gate-mark">
            {mark()}
            <span>{move || t("一针 · 接种点工作台", "Yizhen · Vaccination desk")}</span>
            <button type="button" class="pill" lang=move || other().tag() on:click=move |_| set_lang(now_lang().pick(Lang::En, Lang::Zh))>
                {move || other().pick("中文", "English")}
            </button>
        </p>
    }
    .into_any()
}
