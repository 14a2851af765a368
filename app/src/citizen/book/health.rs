//! The five questions about health. A yes stops here, with a reason and a way on.

use domain::error::Error;
use domain::reason::Reason;
use domain::screening::{Group, Screening};
use leptos::prelude::*;

use super::{Step, framed, go_on};
use crate::citizen::shell::tel;
use crate::citizen::state::State;
use crate::ui::{dom, heading, lang, page, t, titled};

/// The page.
pub(super) fn page() -> AnyView {
    let state = State::here();
    let answers = RwSignal::new(state.draft.with_untracked(|draft| draft.screening).unwrap_or_default());
    let stopped = RwSignal::new(None::<Group>);
    let title = move || match stopped.get() {
        None => t("接种人有下面的情况吗？", "Does any of this apply?"),
        Some(_) => t("现在还不能预约接种", "A booking is not possible now"),
    };
    titled(
        move || title().to_owned(),
        move || {
            framed(Step::Health, move || {
                view! {
                    {move || heading(title())}
                    {move || match stopped.get() {
                        None => questions(state, answers, stopped),
                        Some(group) => stop(state, group, stopped),
                    }}
                }
                .into_any()
            })
        },
    )
}

fn questions(state: State, answers: RwSignal<Screening>, stopped: RwSignal<Option<Group>>) -> AnyView {
    let lang = lang();
    let lines: Vec<AnyView> = Group::ALL
        .iter()
        .map(|group| {
            let group = *group;
            let tick = move |event| answers.update(|answers| answers.set(group, event_target_checked(&event)));
            view! {
                <label class="choice">
                    <input
                        type="checkbox"
                        name=group.as_str()
                        prop:checked=move || answers.with(|answers| answers.answer(group))
                        on:change=tick
                    />
                    <span>{group.title(lang)}</span>
                    <span class="hint">{group.hint(lang)}</span>
                </label>
            }
            .into_any()
        })
        .collect();
    let any = Memo::new(move |_| answers.with(|answers| answers.first_yes().is_some()));
    let on = move |_| {
        let screening = answers.get_untracked();
        state.draft.update(|draft| draft.screening = Some(screening));
        match screening.first_yes() {
            Some(group) => {
                stopped.set(Some(group));
                dom::focus_soon(page::TITLE);
            }
            None => go_on(state, Step::Health),
        }
    };
    view! {
        <fieldset class="field health">
            <legend class="hint">{t("有就勾选；都没有，直接点下面的按钮。", "Tick what applies; if nothing does, press the button below.")}</legend>
            {lines}
        </fieldset>
        <button type="button" class="btn wide big" on:click=on>
            {move || if any.get() { t("下一步", "Continue") } else { t("以上都没有", "None of these") }}
        </button>
        <details class="more">
            <summary>{t("60 岁以上、慢性病、备孕或哺乳的人", "Over 60, chronic illness, planning a child or breastfeeding")}</summary>
            <p>{t(
                "病情稳定、身体状况良好的 60 岁以上老人和慢性病人可以接种；到现场请把用药和病史告诉医生。备孕和哺乳期的妇女可以接种，不必因此推迟。",
                "People over 60 or with a chronic illness can be vaccinated while they are stable and well; tell the doctor at the site about medicines and illnesses. Planning a child or breastfeeding is no reason to wait.",
            )}</p>
        </details>
    }
    .into_any()
}

fn stop(state: State, group: Group, stopped: RwSignal<Option<Group>>) -> AnyView {
    let phone = state
        .draft
        .with_untracked(|draft| {
            state.overview_now(|now| draft.slot.as_ref().and_then(|slot| now.site(slot.site_id)).map(|now| now.site.phone.clone()))
        })
        .flatten()
        .unwrap_or_default();
    let dial = tel(&phone);
    let change = move |_| {
        stopped.set(None);
        dom::focus_soon(page::TITLE);
    };
    view! {
        <div class="note stop" role="alert">
            <p>{Error::new(Reason::Contraindicated { group }).text(lang())}</p>
            <p>{t("填写的内容都留着。医生说可以接种以后，再回来接着约。", "What you entered is kept. Come back when a doctor says it is fine.")}</p>
        </div>
        <div class="stack">
            <a class="btn wide" href=dial>{t("打电话问接种点", "Call the site")}" "<span class="num">{phone}</span></a>
            <button type="button" class="btn quiet wide" on:click=change>{t("勾错了，返回修改", "Change my answers")}</button>
        </div>
    }
    .into_any()
}
