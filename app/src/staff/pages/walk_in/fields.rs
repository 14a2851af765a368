//! The form's parts: the place, who it is for, the questions, and what they agree to.

use domain::at_desk::AtDesk;
use domain::consent::SeparateNotice;
use domain::error::Error;
use domain::identity::DocumentKind;
use domain::lang::Lang;
use domain::screening::Group;
use domain::slot::Slot;
use domain::time::day_text;
use leptos::prelude::*;

use super::typed::distinct;
use super::{CONSENT, Page, SENSITIVE};
use crate::api;
use crate::ui::form::{field_error, field_id};
use crate::ui::{Field, Load, lang, load, select_field, t, text_field};

impl Page {
    pub(super) fn how_fields(self) -> AnyView {
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

    pub(super) fn place_fields(self) -> AnyView {
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

    pub(super) fn person_fields(self) -> AnyView {
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

    pub(super) fn questions(self) -> AnyView {
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

    pub(super) fn consents(self) -> AnyView {
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

    pub(super) fn separate(self, notice: &SeparateNotice, lang: Lang) -> AnyView {
        let text = lang.pick(&notice.zh, &notice.en);
        let lines: Vec<AnyView> = text.paragraphs.iter().map(|line| view! { <p>{line.clone()}</p> }.into_any()).collect();
        view! {
            <details class="more"><summary>{text.title.clone()}</summary>{lines}</details>
            {tick(agreed(&text.consent, lang), SENSITIVE, self.typed.sensitive, self.errors)}
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
}

/// What somebody has agreed to, in their own words.
fn agreed(words: &str, lang: Lang) -> String {
    lang.pick(format!("已念给本人听，本人同意：“{words}”"), format!("Read out to them, and they agree: “{words}”"))
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
