//! Where somebody works today, who works at several sites: chosen once after signing in.

use domain::Uuid;
use domain::error::Error;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::gate;
use crate::api;
use crate::ui::{dom, error_summary, lang, t};

/// The page.
pub(super) fn page() -> AnyView {
    Effect::new(|_| dom::title(t("选择接种点 · 接种点工作台", "Choose a site · Vaccination desk")));
    request_animation_frame(|| dom::focus("gate-title"));
    let desk = Desk::here();
    let (errors, busy) = (RwSignal::new(Vec::<Error>::new()), RwSignal::new(false));
    let choose = move |id: Uuid| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        errors.set(vec![]);
        spawn_local(async move {
            let answer = desk.ask(api::staff::choose_site(id)).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(one) => desk.welcome(one.staff),
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    let sites = move || {
        let member = desk.member.get()?;
        let line = |site: domain::staff::StaffSite| {
            let name = lang().pick(site.name, site.name_en);
            view! { <li><button type="button" class="btn quiet wide" on:click=move |_| choose(site.id)>{name}</button></li> }
                .into_any()
        };
        Some(member.sites.into_iter().map(line).collect::<Vec<_>>())
    };
    let inside = view! {
        <h1 id="gate-title" tabindex="-1">{move || t("今天在哪个接种点？", "Where do you work today?")}</h1>
        {error_summary(errors)}
        <ul class="gate-list">{sites}</ul>
        <p class="quiet-text">{move || t(
            "选定后这次登录只能在这里核销；换接种点请退出后重新登录。",
            "This sign-in is then good for this site only; to change it, sign out and in again.",
        )}</p>
        <button type="button" class="btn quiet" on:click=move |_| desk.leave()>{move || t("退出", "Sign out")}</button>
    };
    gate::page(false, inside.into_any())
}
