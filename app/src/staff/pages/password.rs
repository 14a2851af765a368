//! Changing one's own password.

use domain::error::Error;
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::api;
use crate::ui::{Field, error_summary, submit_button, t, text_field};

/// The field of the password that was.
pub(super) const PASSWORD: &str = "password";
const NEW: &str = "new_password";

/// The form. `done` when the password is changed.
pub(super) fn form(done: Callback<()>) -> AnyView {
    let desk = Desk::here();
    let (known, new) = (RwSignal::<String>::default(), RwSignal::<String>::default());
    let (errors, busy) = (RwSignal::new(Vec::<Error>::new()), RwSignal::new(false));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let missing =
            |signal: RwSignal<String>, name| signal.with_untracked(String::is_empty).then(|| Error::field(name, Reason::Missing));
        let found: Vec<Error> = [missing(known, PASSWORD), missing(new, NEW)].into_iter().flatten().collect();
        if !found.is_empty() {
            return errors.set(found);
        }
        errors.set(vec![]);
        busy.set(true);
        spawn_local(async move {
            let answer = desk.ask(api::staff::set_password(known.get_untracked(), new.get_untracked())).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => done.run(()),
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    let fields = move || {
        let was = Field {
            kind: "password",
            autocomplete: "current-password",
            ..Field::text(PASSWORD, t("现在的密码", "Your present password"))
        };
        let will = Field {
            kind: "password",
            autocomplete: "new-password",
            most: 128,
            hint: t(
                "至少 8 个字符；几个不相干的词连在一起最好记",
                "At least 8 characters; several unrelated words are easy to keep in mind",
            ),
            ..Field::text(NEW, t("新密码", "New password"))
        };
        view! {
            {text_field(was, known, errors)}
            {text_field(will, new, errors)}
            {submit_button(t("更换密码", "Change the password"), busy)}
        }
        .into_any()
    };
    view! { {error_summary(errors)} <form class="form" novalidate=true on:submit=send>{fields}</form> }.into_any()
}
