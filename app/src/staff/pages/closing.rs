//! A window closed by its site: asked once more, with how many people will be told and why; and opened again.

use domain::Uuid;
use domain::checkin::RosterSlot;
use domain::closing::{CallOffReason, CloseSlot};
use domain::error::Error;
use domain::lang::Lang;
use domain::reason::Reason;
use domain::reveal::LONGEST_NOTE;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::api;
use crate::ui::form::field_id;
use crate::ui::{Field, dom, error_summary, lang, now_lang, select_field, t, text_field};

const REASON: &str = "reason";
const NOTE: &str = "note";
/// What was done, in words.
const DONE: &str = "closing-done";

/// What is being asked about the windows of the list.
#[derive(Clone, Copy)]
pub(super) struct Closing {
    desk: Desk,
    /// The window that the form is about.
    asked: RwSignal<Option<Uuid>>,
    reason: RwSignal<String>,
    note: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    /// What was done last, and with which window.
    done: RwSignal<Option<(Uuid, String)>>,
    /// How often the words about it take the focus yet: when they come, and when the list is read again after that.
    fresh: StoredValue<u32>,
    /// Grows when the list should be read again.
    pub(super) changed: RwSignal<u32>,
}

impl Closing {
    pub(super) fn new(desk: Desk) -> Self {
        Self {
            desk,
            asked: RwSignal::new(None),
            reason: RwSignal::default(),
            note: RwSignal::default(),
            errors: RwSignal::default(),
            busy: RwSignal::new(false),
            done: RwSignal::new(None),
            fresh: StoredValue::new(0),
            changed: RwSignal::new(0),
        }
    }

    /// Another day or site: nothing is asked any more.
    pub(super) fn forget(self) {
        self.asked.set(None);
        self.done.set(None);
    }

    /// Beside a window's time: what stands with it, and what may be done. `several`: other vaccines have windows at the same time.
    pub(super) fn tools(self, slot: &RosterSlot, several: bool) -> AnyView {
        let lang = now_lang();
        let (id, closed, may, waiting) = (slot.slot_id, slot.closed, slot.may_close, slot.waiting);
        let vaccine = lang.pick(&slot.vaccine_name, &slot.vaccine_name_en).clone();
        let whole = format!("{} {vaccine}", slot.window.text());
        let name = several.then(|| view! { <span class="closing-vaccine">{vaccine}</span> });
        let badge = closed.then(|| view! { <span class="row-state missed">{t("已停约", "Closed")}</span> });
        let button = |words: &'static str, press: Box<dyn Fn()>| {
            let label = format!("{words}{}{whole}", lang.pick("：", ": "));
            view! { <button type="button" class="pill" aria-label=label on:click=move |_| press()>{words}</button> }.into_any()
        };
        let told = slot.window.text();
        let close = (may && (!closed || waiting > 0)).then(|| {
            let words = if closed { t("取消其余预约…", "Call off the rest…") } else { t("停约…", "Close…") };
            button(words, Box::new(move || self.ask(id)))
        });
        let open = (may && closed).then(|| button(t("重新开放", "Open again"), Box::new(move || self.open(id, told.clone()))));
        view! { <div class="closing-tools">{name} {badge} {close} {open}</div> }.into_any()
    }

    /// The form of a window, where it is the one that is asked about; or what was done with it, where it was the last one.
    pub(super) fn form(self, slot: &RosterSlot) -> AnyView {
        let slot = slot.clone();
        (move || {
            if self.asked.get() == Some(slot.slot_id) {
                return self.question(&slot);
            }
            match self.done.get().filter(|(id, _)| *id == slot.slot_id) {
                Some((_, words)) => self.words(words),
                None => ().into_any(),
            }
        })
        .into_any()
    }

    /// Announced, and in the place of the form that had the focus: the list is long.
    fn words(self, words: String) -> AnyView {
        if self.fresh.get_value() > 0 {
            self.fresh.update_value(|times| *times -= 1);
            request_animation_frame(|| dom::focus(DONE));
        }
        view! { <p class="closing-done num" id=DONE tabindex="-1" role="status">{words}</p> }.into_any()
    }

    fn question(self, slot: &RosterSlot) -> AnyView {
        let lang = lang();
        let vaccine = lang.pick(&slot.vaccine_name, &slot.vaccine_name_en);
        let title = match lang {
            Lang::Zh => format!("{} {vaccine}：停约？", slot.window.text()),
            Lang::En => format!("Close {} {vaccine}?", slot.window.text()),
        };
        let consequence = match (lang, slot.waiting) {
            (Lang::Zh, 0) => "没有人在等这个时段，不会发短信。之后可以重新开放。".to_owned(),
            (Lang::En, 0) => "Nobody waits for this window, so nobody is told. It can be opened again.".to_owned(),
            (Lang::Zh, n) => format!("{n} 人的预约会被取消，每人都会收到短信。取消后不能恢复，只能重新预约。已经接种的不受影响。"),
            (Lang::En, 1) => "1 person's booking is called off, and they get a message. It cannot be brought back, only booked anew. Jabs already recorded stay.".to_owned(),
            (Lang::En, n) => format!("{n} people's bookings are called off, and each gets a message. They cannot be brought back, only booked anew. Jabs already recorded stay."),
        };
        let confirm = match (lang, slot.waiting) {
            (_, 0) => t("停约", "Close it").to_owned(),
            (Lang::Zh, n) => format!("停约并通知 {n} 人"),
            (Lang::En, 1) => "Close and tell 1 person".to_owned(),
            (Lang::En, n) => format!("Close and tell {n} people"),
        };
        let reasons =
            CallOffReason::ALL.iter().map(|reason| (reason.as_str().to_owned(), reason_words(*reason).to_owned())).collect();
        let reason =
            Field { hint: t("短信里会写明", "People are told it"), ..Field::text(REASON, t("停约的原因", "Reason")) };
        let note = Field {
            most: u32::try_from(LONGEST_NOTE).unwrap_or(100),
            hint: t("只记入日志；不要写号码", "For the log alone; no numbers"),
            ..Field::text(NOTE, t("说明（可不填）", "Note (may be left out)"))
        };
        let (id, window) = (slot.slot_id, slot.window.text());
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.close(id, window.clone());
        };
        let heading = format!("closing-{id}");
        let labelled = heading.clone();
        view! {
            <form class="closing" novalidate=true aria-labelledby=labelled on:submit=send>
                <h3 class="num" id=heading>{title}</h3>
                <p class="num">{consequence}</p>
                {error_summary(self.errors)}
                {select_field(reason, reasons, self.reason, self.errors)}
                {text_field(note, self.note, self.errors)}
                <div class="actions">
                    <button type="submit" class="btn stop num" aria-disabled=move || self.busy.get().then_some("true")>
                        {move || self.busy.get().then(|| view! { <span class="spin" aria-hidden="true"></span> })}
                        <span>{confirm}</span>
                    </button>
                    <button type="button" class="btn quiet" on:click=move |_| self.asked.set(None)>{t("不停约，返回", "Keep it open")}</button>
                </div>
            </form>
        }
        .into_any()
    }

    fn ask(self, id: Uuid) {
        self.reason.set(String::new());
        self.note.set(String::new());
        self.errors.set(vec![]);
        self.done.set(None);
        self.asked.set(Some(id));
        request_animation_frame(|| dom::focus(&field_id(REASON)));
    }

    fn close(self, slot_id: Uuid, window: String) {
        let Ok(reason) = self.reason.get_untracked().parse::<CallOffReason>() else {
            return self.errors.set(vec![Error::field(REASON, Reason::Missing)]);
        };
        let note = Some(self.note.get_untracked()).filter(|note| !note.trim().is_empty());
        let close = CloseSlot { slot_id, reason, note };
        // by the same rule as the server
        if let Err(error) = close.why() {
            return self.errors.set(vec![error]);
        }
        if self.busy.get_untracked() {
            return;
        }
        self.errors.set(vec![]);
        self.busy.set(true);
        spawn_local(async move {
            let answer = self.desk.ask(api::schedule::close(close)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(done) => {
                    self.asked.set(None);
                    let n = done.called_off;
                    let words = match (now_lang(), n) {
                        (Lang::Zh, 0) => format!("{window} 已停约，没有人需要通知。"),
                        (Lang::En, 0) => format!("{window} is closed; nobody had to be told."),
                        (Lang::Zh, n) => format!("{window} 已停约，取消了 {n} 人的预约，短信会发给他们。"),
                        (Lang::En, 1) => format!("{window} is closed; 1 booking is called off, and they are told."),
                        (Lang::En, n) => format!("{window} is closed; {n} bookings are called off, and they are told."),
                    };
                    self.say(slot_id, words);
                }
                Err(error) => self.errors.set(vec![error]),
            }
        });
    }

    fn open(self, slot_id: Uuid, window: String) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.asked.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(api::schedule::open(slot_id)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            let lang = now_lang();
            let words = match answer {
                Ok(_) => lang.pick(format!("{window} 已重新开放预约。"), format!("{window} can be booked again.")),
                Err(error) => error.text(lang),
            };
            self.say(slot_id, words);
        });
    }

    fn say(self, slot_id: Uuid, words: String) {
        self.fresh.set_value(2);
        self.done.set(Some((slot_id, words)));
        self.changed.update(|times| *times += 1);
    }
}

fn reason_words(reason: CallOffReason) -> &'static str {
    match reason {
        CallOffReason::NoVaccine => t("疫苗没到或用完", "The vaccine has not come, or is used up"),
        CallOffReason::SiteClosed => t("接种点停诊", "The site is closed"),
        CallOffReason::Weather => t("天气原因", "The weather"),
        CallOffReason::Other => t("接种点工作调整（其他）", "Something else at the site"),
    }
}
