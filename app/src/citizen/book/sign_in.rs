//! Signing in, when it is first needed: at the end, with everything kept. Then the booking is sent at once.

use leptos::prelude::*;

use super::submit::Submit;
use super::{Step, framed};
use crate::citizen::sign_in::Form;
use crate::ui::{heading, nav, t, titled};

/// The page.
pub(super) fn page() -> AnyView {
    let submit = Submit::new();
    let form = Form::new(Callback::new(move |()| submit.send()));
    titled(
        || t("登录后提交", "Sign in to book").to_owned(),
        move || {
            // What stands in the way of the booking belongs on the page with the answers.
            let outcome = move || {
                if submit.refusal.with(Option::is_some) {
                    submit.state.refusal.set(submit.refusal.get_untracked());
                    nav::replace(&Step::Check.path());
                }
            };
            framed(Step::SignIn, move || {
                let content = move || {
                    if submit.busy.get() {
                        view! { <p class="note good" role="status">{t("正在提交预约……", "Booking …")}</p> }.into_any()
                    } else {
                        view! {
                            <p>{t(
                                "最后一步：用手机号登录，预约就提交了。填写的内容都留着。",
                                "Last step: sign in with your phone and the booking is made. What you entered is kept.",
                            )}</p>
                            {form.view()}
                        }
                        .into_any()
                    }
                };
                view! { {heading(t("用手机号登录", "Sign in with your phone"))} {content} {outcome} }.into_any()
            })
        },
    )
}
