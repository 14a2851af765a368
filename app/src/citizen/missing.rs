//! An address that leads nowhere.

use leptos::prelude::*;

use crate::ui::{heading, t, titled};

/// The page.
pub(crate) fn page() -> AnyView {
    titled(
        || t("没有这个页面", "Page not found").to_owned(),
        || {
            view! {
                {heading(t("没有这个页面", "There is no such page"))}
                <p>{t("链接可能打错了，或者已经过期。您的预约都在“我的预约”里。", "The link may be mistyped or old. Your bookings are all under “My bookings”.")}</p>
                <div class="stack">
                    <a class="btn wide" href="/">{t("看哪里还有号", "See where places are left")}</a>
                    <a class="btn quiet wide" href="/bookings">{t("我的预约", "My bookings")}</a>
                </div>
            }
            .into_any()
        },
    )
}
