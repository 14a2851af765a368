//! Booking at the desk: for somebody who walks in, or who calls. One form; who has walked in is looked up right away, for the jab.

use domain::Uuid;
use domain::access::Action;
use domain::at_desk::{AtDesk, BookAtDesk, Places};
use domain::booking::{Booking, Consent};
use domain::consent::SeparateNotice;
use domain::error::Error;
use domain::identity::{Document, DocumentDraft, DocumentKind};
use domain::lang::Lang;
use domain::notice::Notice;
use domain::person::{PersonDraft, Relation};
use domain::reason::Reason;
use domain::screening::{Group, Screening};
use domain::slot::Slot;
use domain::time::day_text;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::staff::scan::Scan;
use crate::ui::form::{field_error, field_id};
use crate::ui::page::{TITLE, heading, titled};
use crate::ui::{Field, Load, dom, error_summary, lang, load, nav, select_field, submit_button, t, text_field};

/// The field of the separate consent, as in refusals.
const SENSITIVE: &str = "sensitive";
/// The field of the consent to the notice.
const CONSENT: &str = "consent.version";
const BOOKED: &str = "booked-at-desk";

/// What is being typed, field by field.
#[derive(Clone, Copy)]
struct Typed {
    name: RwSignal<String>,
    kind: RwSignal<String>,
    number: RwSignal<String>,
    born_on: RwSignal<String>,
    phone: RwSignal<String>,
    own_phone: RwSignal<bool>,
    county: RwSignal<String>,
    address: RwSignal<String>,
    vaccine: RwSignal<String>,
    date: RwSignal<String>,
    slot: RwSignal<String>,
    dose: RwSignal<String>,
    previous_on: RwSignal<String>,
    screening: RwSignal<Screening>,
    consent: RwSignal<bool>,
    sensitive: RwSignal<bool>,
}

#[derive(Clone, Copy)]
struct Page {
    desk: Desk,
    how: RwSignal<AtDesk>,
    typed: Typed,
    places: RwSignal<Load<Places>>,
    notice: RwSignal<Load<Notice>>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    /// What was booked for somebody who called.
    booked: RwSignal<Option<Booking>>,
    /// What was sent last: the same again is the same request.
    sent: StoredValue<Option<BookAtDesk>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let text = || RwSignal::new(String::new());
    let typed = Typed {
        name: text(),
        kind: RwSignal::new(DocumentKind::ResidentId.as_str().to_owned()),
        number: text(),
        born_on: text(),
        phone: text(),
        own_phone: RwSignal::new(false),
        county: text(),
        address: text(),
        vaccine: text(),
        date: text(),
        slot: text(),
        dose: RwSignal::new("1".to_owned()),
        previous_on: text(),
        screening: RwSignal::new(Screening::default()),
        consent: RwSignal::new(false),
        sensitive: RwSignal::new(false),
    };
    let page = Page {
        desk: Desk::here(),
        how: RwSignal::new(AtDesk::WalkIn),
        typed,
        places: RwSignal::new(Load::Waiting),
        notice: RwSignal::new(Load::Waiting),
        errors: RwSignal::new(vec![]),
        busy: RwSignal::new(false),
        booked: RwSignal::new(None),
        sent: StoredValue::new(None),
    };
    load(page.notice, api::notices::current());
    Effect::new(move |_| {
        page.desk.signed_in.track();
        page.desk.site_id.track();
        page.how.track();
        page.read();
    });
    titled(|| t("现场登记和电话预约", "Book at the desk").to_owned(), move || page.view())
}

impl Page {
    fn read(self) {
        let Some(site_id) = self.desk.site_id.get_untracked() else { return };
        let how = self.how.get_untracked();
        spawn_local(async move {
            let answer = self.desk.ask(api::desk::places(site_id, how)).await;
            if self.how.try_get_untracked() == Some(how) {
                let _ = self.places.try_set(answer.map_or_else(Load::Failed, Load::Ready));
                let _ = self.typed.choose_most(&self.places);
            }
        });
    }

    fn view(self) -> AnyView {
        let note = |words: &'static str| view! { <p class="list-note" role="status">{words}</p> }.into_any();
        let body = move || {
            if self.desk.session.get() == Session::Locked || !self.desk.may(Action::BookAtDesk) {
                return ().into_any();
            }
            if self.desk.site_id.get().is_none() {
                return note(t("请先在上方选择接种点。", "Choose a site in the bar on top."));
            }
            match self.booked.get() {
                Some(booking) => self.said(&booking),
                None => self.form(),
            }
        };
        view! {
            <div class="list-page">
                <div class="list-head">{heading(t("现场登记和电话预约", "Book at the desk"))}</div>
                {body}
            </div>
        }
        .into_any()
    }

    fn form(self) -> AnyView {
        // a session that has ended is no reason to type it again, and none to leave it in sight
        let hidden = move || self.desk.session.get() != Session::In;
        view! {
            <form class="lot-form desk-form" novalidate=true hidden=hidden on:submit=move |event| self.send(&event)>
                {error_summary(self.errors)}
                {self.how_fields()}
                {move || self.place_fields()}
                <h2>{t("接种人", "Who it is")}</h2>
                {self.person_fields()}
                <h2>{t("请逐条问本人", "Ask them, one by one")}</h2>
                {self.questions()}
                {move || self.consents()}
                {move || submit_button(if self.how.get() == AtDesk::WalkIn { t("登记，去接种", "Book, and on to the jab") } else { t("预约", "Book") }, self.busy)}
            </form>
        }
        .into_any()
    }

    fn how_fields(self) -> AnyView {
        let one = |how: AtDesk, words: &'static str| {
            let chosen = move || if self.how.get() == how { "true" } else { "false" };
            let choose = move |_| {
                if self.how.get_untracked() != how {
                    self.typed.slot.set(String::new());
                    self.typed.date.set(String::new());
                    self.places.set(Load::Waiting);
                    self.how.set(how);
                }
            };
            view! { <button type="button" class="pill" aria-pressed=chosen on:click=choose>{words}</button> }.into_any()
        };
        view! {
            <div class="actions" role="group" aria-label=t("怎么来的", "How they came")>
                {one(AtDesk::WalkIn, t("人在现场", "They are here"))}
                {one(AtDesk::Phone, t("打电话来约", "They called"))}
            </div>
        }
        .into_any()
    }

    fn place_fields(self) -> AnyView {
        let lang = lang();
        let typed = self.typed;
        let slots = match self.places.get() {
            Load::Waiting => {
                return view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any();
            }
            Load::Failed(error) => return view! { <p class="note stop" role="alert">{error.text(lang)}</p> }.into_any(),
            Load::Ready(places) if places.slots.is_empty() => {
                let none = t("没有空余的号了。", "There is no free place left.");
                return view! { <p class="note" role="status">{none}</p> }.into_any();
            }
            Load::Ready(places) => StoredValue::new(places.slots),
        };
        let vaccines = slots.with_value(|slots| distinct(slots.iter().map(|slot| slot.vaccine_id.clone())));
        let vaccines = vaccines.into_iter().map(|id| (id.clone(), self.vaccine_name(&id, lang))).collect();
        let day = move || {
            (self.how.get() == AtDesk::Phone).then(|| {
                let of = slots.with_value(|slots| {
                    distinct(slots.iter().filter(|slot| slot.vaccine_id == typed.vaccine.get()).map(|slot| slot.window.date))
                });
                let days = of.into_iter().map(|day| (day.to_string(), day_text(day, lang))).collect();
                select_field(Field::text("date", t("日期", "Day")), days, typed.date, self.errors)
            })
        };
        let window = move || {
            let (vaccine, date) = (typed.vaccine.get(), typed.date.get());
            let fits = |slot: &&Slot| {
                slot.vaccine_id == vaccine && (self.how.get() == AtDesk::WalkIn || slot.window.date.to_string() == date)
            };
            let words = |slot: &Slot| {
                let free = lang.pick(format!("空 {}", slot.remaining), format!("{} free", slot.remaining));
                (slot.id.to_string(), format!("{} · {free}", slot.window.text()))
            };
            let windows: Vec<_> = slots.with_value(|slots| slots.iter().filter(fits).map(words).collect());
            if !windows.iter().any(|(id, _)| *id == typed.slot.get_untracked()) {
                // who is here comes in now; who calls chooses
                let first = windows.first().filter(|_| self.how.get_untracked() == AtDesk::WalkIn).map(|(id, _)| id.clone());
                typed.slot.set(first.unwrap_or_default());
            }
            select_field(Field::text("slot_id", t("时段", "Window")), windows, typed.slot, self.errors)
        };
        let dose = move || {
            let doses = self.doses(&typed.vaccine.get());
            let words = |dose: u8| lang.pick(format!("第 {dose} 剂"), format!("Dose {dose}"));
            let all: Vec<_> = (1..=doses).map(|dose| (dose.to_string(), words(dose))).collect();
            if !all.iter().any(|(dose, _)| *dose == typed.dose.get_untracked()) {
                typed.dose.set("1".to_owned());
            }
            select_field(Field::text("dose", t("第几剂", "Which dose")), all, typed.dose, self.errors)
        };
        let previous = move || {
            (typed.dose.get() != "1").then(|| {
                let hint = t("在别处打的才填；在本市预约打的，系统知道", "Only if given elsewhere; what was booked here is known");
                let label = t("上一剂的日期", "Day of the dose before");
                let field = Field { kind: "date", hint, ..Field::text("previous_dose_on", label) };
                text_field(field, typed.previous_on, self.errors)
            })
        };
        view! {
            {select_field(Field::text("vaccine_id", t("疫苗", "Vaccine")), vaccines, typed.vaccine, self.errors)}
            {day}
            {window}
            {dose}
            {previous}
        }
        .into_any()
    }

    fn person_fields(self) -> AnyView {
        let lang = lang();
        let (typed, errors) = (self.typed, self.errors);
        let name = Field { hint: t("照证件填写", "As on the document"), most: 60, ..Field::text("name", t("姓名", "Name")) };
        let kinds = DocumentKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), kind.title(lang).to_owned())).collect();
        let number = Field { most: 30, ..Field::text("document.number", t("证件号码", "Document number")) };
        let birth = move || {
            typed.asks_birth().then(|| {
                text_field(Field { kind: "date", ..Field::text("born_on", t("出生日期", "Date of birth")) }, typed.born_on, errors)
            })
        };
        let phone = Field {
            hint: t("短信发到这里；本人没有手机就填家人的", "Messages go here; a relative's will do"),
            kind: "tel",
            mode: "tel",
            most: 20,
            ..Field::text("phone", t("手机号", "Mobile number"))
        };
        let counties = move || {
            let all = self
                .desk
                .overview
                .with(|overview| overview.as_ref().map(|overview| overview.city.divisions.clone()).unwrap_or_default());
            let all = all.into_iter().map(|division| (division.code.clone(), division.title(lang).to_owned())).collect();
            select_field(Field::text("county", t("现居住县市区", "County of residence")), all, typed.county, errors)
        };
        let address = Field {
            hint: t("只用汉字和数字，例如：梧桐街道翠竹路12号", "Chinese characters and digits only, such as 梧桐街道翠竹路12号"),
            most: 80,
            ..Field::text("address", t("详细地址", "Address"))
        };
        view! {
            {text_field(name, typed.name, errors)}
            {select_field(Field::text("document.kind", t("证件类型", "Kind of document")), kinds, typed.kind, errors)}
            {text_field(number, typed.number, errors)}
            {birth}
            {text_field(phone, typed.phone, errors)}
            {tick(t("这是本人自己的手机号", "The number is their own"), "own_phone", typed.own_phone, errors)}
            {counties}
            {text_field(address, typed.address, errors)}
        }
        .into_any()
    }

    fn questions(self) -> AnyView {
        let lang = lang();
        let answers = self.typed.screening;
        let one = |group: &Group| {
            let group = *group;
            let tick = move |event| answers.update(|answers| answers.set(group, event_target_checked(&event)));
            let checked = move || answers.with(|answers| answers.answer(group));
            view! {
                <label class="choice">
                    <input type="checkbox" name=group.as_str() prop:checked=checked on:change=tick />
                    <span>{group.title(lang)}</span>
                    <span class="hint">{group.hint(lang)}</span>
                </label>
            }
            .into_any()
        };
        let all: Vec<AnyView> = Group::ALL.iter().map(one).collect();
        view! {
            <fieldset class="field health">
                <legend class="hint">{t("有就勾选；有一条就今天不能接种。", "Tick what applies; with any of them there is no jab today.")}</legend>
                {all}
            </fieldset>
        }
        .into_any()
    }

    fn consents(self) -> AnyView {
        let lang = lang();
        let notice = match self.notice.get() {
            Load::Ready(notice) => notice,
            Load::Waiting => return ().into_any(),
            Load::Failed(error) => {
                let again = move |_| load(self.notice, api::notices::current());
                return view! {
                    <p class="note stop" role="alert">{error.text(lang)}</p>
                    <button type="button" class="btn quiet" on:click=again>{t("再试一次", "Try again")}</button>
                }
                .into_any();
            }
        };
        let text = lang.pick(&notice.zh, &notice.en);
        let sections: Vec<AnyView> = text
            .sections
            .iter()
            .map(|part| {
                let lines: Vec<AnyView> = part.paragraphs.iter().map(|line| view! { <p>{line.clone()}</p> }.into_any()).collect();
                view! { <h3>{part.heading.clone()}</h3> {lines} }.into_any()
            })
            .collect();
        let separate = notice.sensitive.as_ref().map(|notice| self.separate(notice, lang));
        view! {
            <details class="more"><summary>{text.title.clone()}</summary>{sections}</details>
            {tick(agreed(&text.consent, lang), CONSENT, self.typed.consent, self.errors)}
            {separate}
        }
        .into_any()
    }

    fn separate(self, notice: &SeparateNotice, lang: Lang) -> AnyView {
        let text = lang.pick(&notice.zh, &notice.en);
        let lines: Vec<AnyView> = text.paragraphs.iter().map(|line| view! { <p>{line.clone()}</p> }.into_any()).collect();
        view! {
            <details class="more"><summary>{text.title.clone()}</summary>{lines}</details>
            {tick(agreed(&text.consent, lang), SENSITIVE, self.typed.sensitive, self.errors)}
        }
        .into_any()
    }

    /// What was booked for somebody who called, to be read out.
    fn said(self, booking: &Booking) -> AnyView {
        let lang = lang();
        let vaccine = lang.pick(&booking.vaccine.name, &booking.vaccine.name_en).clone();
        let when = format!("{} {}", day_text(booking.window.date, lang), booking.window.text());
        let what = lang.pick(format!("{vaccine}，第 {} 剂", booking.dose), format!("{vaccine}, dose {}", booking.dose));
        let again = move |_| {
            self.booked.set(None);
            dom::focus_soon(TITLE);
        };
        view! {
            <section class="desk-booked" id=BOOKED tabindex="-1" role="status">
                <h2>{t("约好了，请念给对方", "Booked: read it out")}</h2>
                <p class="code num">{booking.code.grouped()}</p>
                <p><b class="num">{when}</b></p>
                <p>{booking.person.name.clone()}" · "{what}</p>
                <p class="quiet-text">{t("短信会发到对方的手机。", "A message goes to their phone.")}</p>
                <button type="button" class="btn" on:click=again>{t("再登记一位", "Book for somebody else")}</button>
            </section>
        }
        .into_any()
    }

    fn vaccine_name(self, id: &str, lang: Lang) -> String {
        self.desk.overview.with(|overview| {
            let vaccine = overview.as_ref().and_then(|overview| overview.vaccines.iter().find(|vaccine| vaccine.id == id));
            vaccine.map_or_else(|| id.to_owned(), |vaccine| lang.pick(&vaccine.name, &vaccine.name_en).clone())
        })
    }

    fn doses(self, id: &str) -> u8 {
        self.desk.overview.with(|overview| {
            let vaccine = overview.as_ref().and_then(|overview| overview.vaccines.iter().find(|vaccine| vaccine.id == id));
            vaccine.map_or(1, |vaccine| vaccine.doses)
        })
    }

    /// What is typed as it is sent, or all that is wrong with it, by the rules that the server judges by.
    fn wanted(self) -> Result<BookAtDesk, Vec<Error>> {
        let typed = self.typed;
        let person = typed.person();
        let missing = |field| Error::field(field, Reason::Missing);
        let mut errors = vec![];
        let slot_id: Option<Uuid> = typed.slot.get_untracked().parse().ok();
        if slot_id.is_none() {
            errors.push(missing("slot_id"));
        }
        self.desk.overview.with_untracked(|overview| {
            if let Some(overview) = overview {
                errors.extend(person.wrong(&overview.city, overview.today));
            }
        });
        let screening = typed.screening.get_untracked();
        if let Some(group) = screening.first_yes() {
            errors.push(Error::new(Reason::Contraindicated { group }));
        }
        let notice = self.notice.with_untracked(|notice| notice.ready().cloned());
        if notice.is_none() || !typed.consent.get_untracked() {
            errors.push(Error::field(CONSENT, Reason::ConsentMissing));
        }
        let separate = notice.as_ref().is_some_and(|notice| notice.sensitive.is_some());
        if separate && !typed.sensitive.get_untracked() {
            errors.push(Error::field(SENSITIVE, Reason::SensitiveConsent));
        }
        let (Some(slot_id), Some(notice), true) = (slot_id, notice, errors.is_empty()) else { return Err(errors) };
        let wanted = BookAtDesk {
            request_id: dom::new_id(),
            slot_id,
            dose: typed.dose.get_untracked().parse().unwrap_or(1),
            how: self.how.get_untracked(),
            person,
            previous_dose_on: typed.previous_on.get_untracked().parse().ok().filter(|_| typed.dose.get_untracked() != "1"),
            screening,
            consent: Consent { version: notice.version },
            sensitive: typed.sensitive.get_untracked(),
        };
        let again = self.sent.with_value(|sent| sent.as_ref().map(|sent| sent.request_id));
        let same = again.map(|request_id| BookAtDesk { request_id, ..wanted.clone() });
        Ok(same.filter(|same| self.sent.with_value(|sent| sent.as_ref() == Some(same))).unwrap_or(wanted))
    }

    fn send(self, event: &leptos::ev::SubmitEvent) {
        event.prevent_default();
        if self.busy.get_untracked() {
            return;
        }
        let wanted = match self.wanted() {
            Ok(wanted) => wanted,
            Err(errors) => return self.errors.set(errors),
        };
        self.errors.set(vec![]);
        self.sent.set_value(Some(wanted.clone()));
        self.busy.set(true);
        spawn_local(async move {
            let how = wanted.how;
            let answer = self.desk.ask(api::desk::book(wanted)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(one) => {
                    self.sent.set_value(None);
                    self.typed.clear();
                    self.desk.refresh();
                    match how {
                        AtDesk::WalkIn => {
                            self.desk.wanted.set(Some(Scan::Code(one.booking.code)));
                            nav::go("/");
                        }
                        AtDesk::Phone => {
                            self.read();
                            self.booked.set(Some(one.booking));
                            dom::focus_soon(BOOKED);
                        }
                    }
                }
                Err(error) => {
                    if matches!(error.reason, Some(Reason::SlotFull | Reason::SlotPast | Reason::SlotClosed)) {
                        self.read();
                    }
                    self.errors.set(vec![error]);
                }
            }
        });
    }
}

impl Typed {
    fn document_kind(self) -> DocumentKind {
        self.kind.with(|kind| kind.parse().unwrap_or(DocumentKind::ResidentId))
    }

    /// Whether the date of birth must be asked: the number does not tell it.
    fn asks_birth(self) -> bool {
        let kind = self.document_kind();
        !kind.tells_birth()
            && self.number.with(|number| Document::parse(kind, number).map_or(true, |document| document.born_on().is_none()))
    }

    fn person(self) -> PersonDraft {
        PersonDraft {
            id: None,
            relation: if self.own_phone.get_untracked() { Relation::Myself } else { Relation::Other },
            name: self.name.get_untracked(),
            phone: self.phone.get_untracked(),
            document: DocumentDraft { kind: untrack(|| self.document_kind()), number: self.number.get_untracked() },
            born_on: self.born_on.get_untracked().parse().ok(),
            county: self.county.get_untracked(),
            address: self.address.get_untracked(),
        }
    }

    /// Where nothing is chosen yet, the vaccine of which there is most.
    fn choose_most(self, places: &RwSignal<Load<Places>>) -> Option<()> {
        let slots = places.try_with_untracked(|places| places.ready().map(|places| places.slots.clone()))??;
        let chosen = self.vaccine.try_get_untracked()?;
        if !slots.iter().any(|slot| slot.vaccine_id == chosen) {
            let free = |id: &String| slots.iter().filter(|slot| slot.vaccine_id == *id).map(|slot| slot.remaining).sum::<u32>();
            self.vaccine.set(distinct(slots.iter().map(|slot| slot.vaccine_id.clone())).into_iter().max_by_key(free)?);
        }
        Some(())
    }

    /// Nothing of the last person stays for the next.
    fn clear(self) {
        for text in [self.name, self.number, self.born_on, self.phone, self.address, self.county, self.previous_on, self.slot] {
            text.set(String::new());
        }
        self.kind.set(DocumentKind::ResidentId.as_str().to_owned());
        self.dose.set("1".to_owned());
        self.screening.set(Screening::default());
        for tick in [self.own_phone, self.consent, self.sensitive] {
            tick.set(false);
        }
    }
}

/// What somebody has agreed to, in their own words.
fn agreed(words: &str, lang: Lang) -> String {
    lang.pick(format!("已念给本人听，本人同意：“{words}”"), format!("Read out to them, and they agree: “{words}”"))
}

/// Each once, in their order.
fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found: Vec<T> = vec![];
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

fn tick(words: impl Into<String>, name: &'static str, value: RwSignal<bool>, errors: RwSignal<Vec<Error>>) -> AnyView {
    let (words, id) = (words.into(), field_id(name));
    let error = format!("{id}-error");
    let wrong = move || errors.with(|all| all.iter().any(|error| error.field.as_deref() == Some(name)));
    let change = move |event| {
        value.set(event_target_checked(&event));
        errors.update(|all| all.retain(|error| error.field.as_deref() != Some(name)));
    };
    view! {
        <div class="field" class:wrong=wrong>
            <p class="error" id=error.clone()>{field_error(errors, name, String::new())}</p>
            <label class="choice" for=id.clone()>
                <input type="checkbox" id=id.clone() name=name prop:checked=move || value.get() on:change=change
                    aria-describedby=error aria-invalid=move || wrong().then_some("true") />
                <span>{words}</span>
            </label>
        </div>
    }
    .into_any()
}
