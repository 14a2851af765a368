//! Setting the PIN that opens one's own locked screens.

use domain::error::Error;
use domain::pin::Pin;
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::api;
use crate::ui::{Field, error_summary, submit_button, t, text_field};

/// The field of the PIN.
pub(super) const PIN: &str = "pin";
const PASSWORD: &str = "password";

/// The form. `done` when the PIN is set.
pub(super) fn form(done: Callback<()>) -> AnyView {
    let desk = Desk::here();
    let (pin, password) = (RwSignal::<String>::default(), RwSignal::<String>::default());
    let (errors, busy) = (RwSignal::new(Vec::<Error>::new()), RwSignal::new(false));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let (new, known) = (pin.get_untracked(), password.get_untracked());
        // the rule that the server judges by as well
        let wrong = Pin::parse(&new).err().map(|reason| Error::field(PIN, reason));
        let missing = known.is_empty().then(|| Error::field(PASSWORD, Reason::Missing));
        let found: Vec<Error> = wrong.into_iter().chain(missing).collect();
        if !found.is_empty() {
            return errors.set(found);
        }
        errors.set(vec![]);
        busy.set(true);
        spawn_local(async move {
            let answer = desk.ask(api::staff::set_pin(known, new)).await;
            if busy.try_set(false).is_some() {
                return;
            }
            password.set(String::new());
            match answer {
                Ok(one) => {
                    desk.learn(one.staff);
                    done.run(());
                }
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    let fields = move || {
        let new = Field {
            kind: "password",
            mode: "numeric",
            most: 6,
            hint: t("6 位数字；不要用连号、重复数字或生日", "6 digits; no runs, repeated digits or birthdays"),
            ..Field::text(PIN, t("新的 PIN 码", "New PIN"))
        };
        let known =
            Field {
                kind: "password", autocomplete: "current-password", ..Field::text(PASSWORD, t("登录密码", "Your password"))
            };
        view! {
            {text_field(new, pin, errors)}
            {text_field(known, password, errors)}
            {submit_button(t("保存 PIN 码", "Save the PIN"), busy)}
        }
        .into_any()
    };
    view! { {error_summary(errors)} <form class="form" novalidate=true on:submit=send>{fields}</form> }.into_any()
}
