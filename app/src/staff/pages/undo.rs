//! Taking a recorded jab back: the same day, by a manager, with a reason that is kept.

use domain::checkin::LookUp;
use domain::error::Error;
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::counter::Counter;
use crate::api;
use crate::ui::form::field_id;
use crate::ui::{Field, dom, error_summary, lang, submit_button, t, text_field};

const REASON: &str = "reason";

/// The button that opens the form, and the form.
pub(super) fn undo(counter: Counter, found: Box<LookUp>) -> AnyView {
    let reason = RwSignal::new(String::new());
    let errors = RwSignal::new(vec![]);
    let busy = RwSignal::new(false);
    let found = StoredValue::new(found);
    let open = move |_| {
        counter.undoing.set(true);
        request_animation_frame(|| dom::focus(&field_id(REASON)));
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let text = reason.get_untracked().trim().to_owned();
        if text.is_empty() {
            return errors.set(vec![Error::field(REASON, Reason::Missing)]);
        }
        if busy.get_untracked() {
            return;
        }
        errors.set(vec![]);
        busy.set(true);
        spawn_local(async move {
            let code = found.with_value(|found| found.code.to_string());
            let answer = counter.desk.ask(api::checkin::undo(code, text)).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => counter.undone(found.get_value()),
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    let form = move || {
        let usual = [
            t("误点了核销", "Pressed by mistake"),
            t("扫错了人", "Wrong person scanned"),
            t("还没有接种", "The jab was not given"),
        ];
        let usual = usual.map(|words| {
            view! { <button type="button" class="pill" on:click=move |_| reason.set(words.to_owned())>{words}</button> }.into_any()
        });
        let field = Field {
            most: 100,
            hint: t("会记入日志", "It is kept in the log"),
            ..Field::text(REASON, t("撤销的原因", "Reason for taking it back"))
        };
        view! {
            <form class="undo" novalidate=true on:submit=send>
                {error_summary(errors)}
                {text_field(field, reason, errors)}
                <div class="undo-usual">{usual.into_iter().collect::<Vec<_>>()}</div>
                <div class="actions">
                    {submit_button(t("确认撤销", "Take it back"), busy)}
                    <button type="button" class="btn quiet" on:click=move |_| counter.undoing.set(false)>{t("不撤销了", "Keep it")}</button>
                </div>
            </form>
        }
        .into_any()
    };
    (move || {
        let _ = lang();
        if counter.undoing.get() {
            form()
        } else {
            view! { <button type="button" class="btn quiet" on:click=open>{t("撤销这次核销", "Take this jab back")}</button> }
                .into_any()
        }
    })
    .into_any()
}
