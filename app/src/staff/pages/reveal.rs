//! Showing in full what is masked: with a reason that is kept, for half a minute, and nowhere but on the screen.

use domain::code::Code;
use domain::error::Error;
use domain::reason::Reason;
use domain::reveal::{LONGEST_NOTE, Purpose, Reveal, Revealed, Secret};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::counter::Counter;
use crate::api;
use crate::ui::form::field_id;
use crate::ui::{Field, dom, error_summary, lang, select_field, submit_button, t, text_field};

const WHAT: &str = "what";
const REASON: &str = "reason";
const NOTE: &str = "note";

/// What is being asked for, and what is shown.
#[derive(Clone, Copy)]
struct Asked {
    counter: Counter,
    code: Code,
    what: RwSignal<String>,
    reason: RwSignal<String>,
    note: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    shown: RwSignal<Option<Revealed>>,
    left_s: RwSignal<u32>,
}

/// The button that opens the form, the form, and what was asked for.
pub(super) fn reveal(counter: Counter, code: Code) -> AnyView {
    let asked = Asked {
        counter,
        code,
        what: RwSignal::new(Secret::Phone.as_str().to_owned()),
        reason: RwSignal::default(),
        note: RwSignal::default(),
        errors: RwSignal::default(),
        busy: RwSignal::new(false),
        shown: RwSignal::new(None),
        left_s: RwSignal::new(0),
    };
    (move || {
        let _ = lang();
        match (counter.revealing.get(), asked.shown.get()) {
            (false, _) => asked.button(),
            (true, None) => asked.form(),
            (true, Some(shown)) => asked.value(&shown),
        }
    })
    .into_any()
}

impl Asked {
    fn button(self) -> AnyView {
        let open = move |_| {
            self.counter.revealing.set(true);
            request_animation_frame(|| dom::focus(&field_id(WHAT)));
        };
        view! { <button type="button" class="btn quiet" on:click=open>{t("查看完整信息", "Show in full")}</button> }.into_any()
    }

    fn form(self) -> AnyView {
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.send();
        };
        let whats = Secret::ALL.iter().map(|what| (what.as_str().to_owned(), what_words(*what).to_owned())).collect();
        let reasons = Purpose::ALL.iter().map(|reason| (reason.as_str().to_owned(), reason_words(*reason).to_owned())).collect();
        let reason = Field {
            hint: t("连同您的姓名记入日志", "It is kept in the log, with your name"),
            ..Field::text(REASON, t("为什么要看", "Why"))
        };
        let note = Field {
            most: u32::try_from(LONGEST_NOTE).unwrap_or(100),
            hint: t("选“其他”时必填；不要写号码", "Needed for “other”; no numbers"),
            ..Field::text(NOTE, t("说明", "Note"))
        };
        view! {
            <form class="undo" novalidate=true aria-live="off" aria-label=t("查看完整信息", "Show in full") on:submit=send>
                {error_summary(self.errors)}
                {select_field(Field::text(WHAT, t("看什么", "What")), whats, self.what, self.errors)}
                {select_field(reason, reasons, self.reason, self.errors)}
                {text_field(note, self.note, self.errors)}
                <div class="actions">
                    {submit_button(t("显示 30 秒", "Show for 30 seconds"), self.busy)}
                    <button type="button" class="btn quiet" on:click=move |_| self.close()>{t("不看了", "Leave it")}</button>
                </div>
            </form>
        }
        .into_any()
    }

    fn value(self, shown: &Revealed) -> AnyView {
        let left = move || {
            let left = self.left_s.get();
            lang().pick(format!("{left} 秒后自动隐藏"), format!("Hidden in {left} s"))
        };
        view! {
            <div class="undo" aria-live="off">
                <p>{what_words(shown.what)}</p>
                <p class="revealed num" id=REVEALED tabindex="-1">{shown.value.clone()}</p>
                <p class="num">{left}</p>
                <div class="actions">
                    <button type="button" class="btn" on:click=move |_| self.close()>{t("马上隐藏", "Hide it now")}</button>
                </div>
            </div>
        }
        .into_any()
    }

    fn send(self) {
        let Ok(reason) = self.reason.get_untracked().parse::<Purpose>() else {
            return self.errors.set(vec![Error::field(REASON, Reason::Missing)]);
        };
        let Ok(what) = self.what.get_untracked().parse::<Secret>() else {
            return self.errors.set(vec![Error::field(WHAT, Reason::Missing)]);
        };
        let note = Some(self.note.get_untracked()).filter(|note| !note.trim().is_empty());
        let reveal = Reveal { code: self.code.to_string(), what, reason, note };
        // by the same rule as the server
        if let Err(error) = reveal.why() {
            return self.errors.set(vec![error]);
        }
        if self.busy.get_untracked() {
            return;
        }
        self.errors.set(vec![]);
        self.busy.set(true);
        spawn_local(async move {
            let answer = self.counter.desk.ask(api::checkin::reveal(reveal)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(shown) => {
                    let seconds = shown.seconds;
                    self.shown.set(Some(shown));
                    self.count_down(seconds);
                    request_animation_frame(|| dom::focus(REVEALED));
                }
                Err(error) => self.errors.set(vec![error]),
            }
        });
    }

    /// Hides it when its time is over, also where the page has gone on meanwhile.
    fn count_down(self, seconds: u32) {
        if self.left_s.try_set(seconds).is_some() {
            return;
        }
        if seconds == 0 {
            return self.close();
        }
        dom::after(1000, move || {
            // one that was shown meanwhile counts for itself
            if self.left_s.try_get_untracked() == Some(seconds) && self.shown.try_with_untracked(Option::is_some) == Some(true) {
                self.count_down(seconds - 1);
            }
        });
    }

    fn close(self) {
        let _ = self.shown.try_set(None);
        let _ = self.reason.try_set(String::new());
        let _ = self.note.try_set(String::new());
        let _ = self.errors.try_set(vec![]);
        self.counter.revealing.set(false);
    }
}

const REVEALED: &str = "revealed";

fn what_words(what: Secret) -> &'static str {
    match what {
        Secret::Document => t("证件号码", "Document number"),
        Secret::Phone => t("手机号", "Mobile number"),
        Secret::Address => t("住址", "Address"),
    }
}

fn reason_words(reason: Purpose) -> &'static str {
    match reason {
        Purpose::Identity => t("核对身份", "To check who they are"),
        Purpose::Contact => t("需要联系本人或家属", "To reach them or their family"),
        Purpose::AdverseReaction => t("接种后有反应", "Something happened after the jab"),
        Purpose::Correction => t("本人说信息有误", "They say that something is wrong"),
        Purpose::Other => t("其他（请说明）", "Other (say what)"),
    }
}
