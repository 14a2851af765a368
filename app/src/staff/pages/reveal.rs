//! Showing in full what is masked: with a reason that is kept, for half a minute, and nowhere but on the screen.

use core::time::Duration;

use domain::code::Code;
use domain::error::Error;
use domain::reason::Reason;
use domain::reveal::{LONGEST_NOTE, Purpose, Reveal, Revealed, Secret};
use domain::{DateTime, Utc};
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
    /// When it is hidden.
    until: StoredValue<Option<DateTime<Utc>>>,
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
        until: StoredValue::new(None),
    };
    // whoever turns to something else has seen it; and a page out of sight has slow timers
    let away = window_event_listener(leptos::ev::visibilitychange, move |_| {
        if !dom::is_visible() && asked.shown.with_untracked(Option::is_some) {
            asked.close();
        }
    });
    on_cleanup(move || away.remove());
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
            ..Field::text(REASON, t("查看的原因", "Reason"))
        };
        let note = Field {
            most: u32::try_from(LONGEST_NOTE).unwrap_or(100),
            hint: t("不要写号码", "No numbers"),
            ..Field::text(NOTE, t("说明", "Note"))
        };
        view! {
            <form class="undo" novalidate=true aria-live="off" aria-label=t("查看完整信息", "Show in full") on:submit=send>
                {error_summary(self.errors)}
                {select_field(Field::text(WHAT, t("看什么", "What")), whats, self.what, self.errors)}
                {select_field(reason, reasons, self.reason, self.errors)}
                {move || self.is_other().then(|| text_field(note, self.note, self.errors))}
                <div class="actions">
                    {submit_button(t("显示 30 秒", "Show for 30 seconds"), self.busy)}
                    <button type="button" class="btn quiet" on:click=move |_| self.close()>{t("不看了", "Leave it")}</button>
                </div>
            </form>
        }
        .into_any()
    }

    fn is_other(self) -> bool {
        self.reason.with(|reason| reason.parse() == Ok(Purpose::Other))
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
        let note = Some(self.note.get_untracked()).filter(|note| reason == Purpose::Other && !note.trim().is_empty());
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
                // it was closed meanwhile
                Ok(_) if !self.counter.revealing.get_untracked() => {}
                Ok(shown) => {
                    let seconds = shown.seconds;
                    let until = dom::now() + Duration::from_secs(seconds.into());
                    self.until.set_value(Some(until));
                    self.count_down(until, seconds);
                    self.shown.set(Some(shown));
                    request_animation_frame(|| dom::focus(REVEALED));
                }
                Err(error) => self.errors.set(vec![error]),
            }
        });
    }

    /// Hides it when its time is over, `most` seconds from now at the latest. A tablet that slept has not counted, so the clock is read
    /// as well; and a clock that is put back gives nobody more time.
    fn count_down(self, until: DateTime<Utc>, most: u32) {
        // one that was shown meanwhile counts for itself, and a page that has gone on shows nothing
        if self.until.try_get_value() != Some(Some(until)) {
            return;
        }
        let by_clock = ((until - dom::now()).num_milliseconds() + 999) / 1000;
        let left = u32::try_from(by_clock).unwrap_or(0).min(most);
        if left == 0 {
            return self.close();
        }
        let _ = self.left_s.try_set(left);
        dom::after(1000, move || self.count_down(until, left - 1));
    }

    fn close(self) {
        let _ = self.until.try_set_value(None);
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
