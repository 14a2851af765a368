//! The details of somebody new: only what is needed, each with its reason.

use domain::error::Error;
use domain::identity::{Document, DocumentKind};
use domain::person::{Identity, Relation};
use leptos::prelude::*;

use super::{Step, framed, go_on, sensitive};
use crate::citizen::draft::Typed;
use crate::citizen::parts::{facts, refused};
use crate::citizen::state::State;
use crate::ui::{Field, dom, error_summary, heading, lang, page, select_field, submit_button, t, text_field, titled};

/// What is being typed, field by field.
#[derive(Clone, Copy)]
struct Fields {
    name: RwSignal<String>,
    phone: RwSignal<String>,
    kind: RwSignal<String>,
    number: RwSignal<String>,
    born_on: RwSignal<String>,
    county: RwSignal<String>,
    address: RwSignal<String>,
    identified: RwSignal<bool>,
}

impl Fields {
    fn of(typed: Typed) -> Self {
        let kind = if typed.kind.is_empty() { DocumentKind::ResidentId.as_str().to_owned() } else { typed.kind };
        Self {
            name: RwSignal::new(typed.name),
            phone: RwSignal::new(typed.phone),
            kind: RwSignal::new(kind),
            number: RwSignal::new(typed.number),
            born_on: RwSignal::new(typed.born_on),
            county: RwSignal::new(typed.county),
            address: RwSignal::new(typed.address),
            identified: RwSignal::new(typed.identified),
        }
    }

    fn typed(self) -> Typed {
        Typed {
            id: None,
            name: self.name.get(),
            phone: self.phone.get(),
            kind: self.kind.get(),
            number: self.number.get(),
            born_on: self.born_on.get(),
            county: self.county.get(),
            address: self.address.get(),
            identified: self.identified.get(),
        }
    }

    /// What an app has said about oneself stands here instead of what was typed; when it no longer does, what was typed is asked again.
    fn follow(self, identity: Option<Identity>) {
        let mut typed = untrack(|| self.typed());
        match identity {
            Some(identity) => typed.identify(&identity),
            None if typed.identified => typed = Typed { county: typed.county, address: typed.address, ..Typed::default() },
            None => return,
        }
        let Typed { name, kind, number, born_on, identified, .. } = typed;
        let kind = if kind.is_empty() { DocumentKind::ResidentId.as_str().to_owned() } else { kind };
        for (signal, value) in [(self.name, name), (self.kind, kind), (self.number, number), (self.born_on, born_on)] {
            signal.set(value);
        }
        self.identified.set(identified);
    }

    fn kind(self) -> DocumentKind {
        self.kind.with(|kind| kind.parse().unwrap_or(DocumentKind::ResidentId))
    }

    /// Whether the date of birth must be asked: the number does not tell it.
    fn asks_birth(self) -> bool {
        let kind = self.kind();
        !kind.tells_birth()
            && self.number.with(|number| Document::parse(kind, number).map_or(true, |document| document.born_on().is_none()))
    }
}

/// The page.
pub(super) fn page() -> AnyView {
    let state = State::here();
    let relation = state.draft.with_untracked(|draft| draft.relation()).unwrap_or(Relation::Myself);
    let fields = Fields::of(state.draft.with_untracked(|draft| draft.typed().clone()));
    let errors = RwSignal::new(state.person_errors.try_update(core::mem::take).unwrap_or_default());
    let refusal = RwSignal::new(None::<Error>);
    state.need_notice();
    Effect::new(move |_| {
        let typed = fields.typed();
        state.draft.update(|draft| draft.retype(typed));
    });
    let identity = Memo::new(move |_| if relation == Relation::Myself { state.identity() } else { None });
    if relation == Relation::Myself {
        Effect::new(move |_| {
            // before it is known who is signed in, nothing is taken back
            if state.account.with(Option::is_some) || !state.signed_in.get() {
                fields.follow(identity.get());
            }
        });
    }
    let title = move || match relation {
        Relation::Myself => t("您的信息", "Your details"),
        Relation::Other => t("接种人的信息", "Their details"),
    };
    titled(
        move || title().to_owned(),
        move || {
            framed(Step::Details, move || {
                let send = move |event: leptos::ev::SubmitEvent| {
                    event.prevent_default();
                    check(state, relation, errors, refusal);
                };
                let said = move || refusal.get().map(|error| refused(&error, age_ways()));
                view! {
                    {heading(title())}
                    {said}
                    {error_summary(errors)}
                    <form class="form" novalidate=true on:submit=send>
                        {move || inputs(state, fields, relation, identity.get(), errors)}
                        {sensitive::part(state, relation, errors)}
                        {submit_button(t("下一步", "Continue"), RwSignal::new(false))}
                    </form>
                    <p class="small quiet-text">{t(
                        "证件号码、手机号和住址加密保存，只用于这次接种的预约和核验。",
                        "Document number, phone and address are stored encrypted and used only for booking and checking in.",
                    )}</p>
                }
                .into_any()
            })
        },
    )
}

fn inputs(state: State, fields: Fields, relation: Relation, identity: Option<Identity>, errors: RwSignal<Vec<Error>>) -> AnyView {
    let lang = lang();
    let mine = relation == Relation::Myself;
    let auto = move |word: &'static str| if mine { word } else { "off" };
    let name = Field {
        hint: t("与证件上的一致", "As on the document"),
        autocomplete: auto("name"),
        most: 60,
        ..Field::text("name", t("姓名", "Name"))
    };
    let phone = Field {
        hint: t("没有手机可以填您的，预约短信会发到这里", "Messages about the booking go here; yours will do"),
        kind: "tel",
        mode: "tel",
        most: 20,
        ..Field::text("phone", t("手机号", "Mobile number"))
    };
    let kind = Field::text("document.kind", t("证件类型", "Kind of document"));
    let kinds = DocumentKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), kind.title(lang).to_owned())).collect();
    let number = Field { most: 30, ..Field::text("document.number", t("证件号码", "Document number")) };
    let birth = move || {
        fields.asks_birth().then(|| {
            let field =
                Field { kind: "date", autocomplete: auto("bday"), ..Field::text("born_on", t("出生日期", "Date of birth")) };
            text_field(field, fields.born_on, errors)
        })
    };
    let county = Field {
        hint: t("现在住在哪里", "Where they live now"),
        ..Field::text("county", t("现居住县市区", "County of residence"))
    };
    let county = if mine { Field { hint: "", ..county } } else { county };
    let counties = state
        .overview_now(|now| {
            now.city.divisions.iter().map(|division| (division.code.clone(), division.title(lang).to_owned())).collect()
        })
        .unwrap_or_default();
    let address = Field {
        hint: t("只用汉字和数字，例如：梧桐街道翠竹路12号", "Chinese characters and digits only, such as 梧桐街道翠竹路12号"),
        autocomplete: auto("street-address"),
        most: 80,
        ..Field::text("address", t("详细地址", "Address"))
    };
    let who = match identity {
        Some(identity) => {
            let born = identity.born_on.is_none().then(|| {
                let field =
                    Field { kind: "date", autocomplete: "bday", ..Field::text("born_on", t("出生日期", "Date of birth")) };
                text_field(field, fields.born_on, errors)
            });
            view! { {vouched_for(state, &identity)} {born} }.into_any()
        }
        None => view! {
            {text_field(name, fields.name, errors)}
            {select_field(kind, kinds, fields.kind, errors)}
            {text_field(number, fields.number, errors)}
            {birth}
        }
        .into_any(),
    };
    view! {
        {who}
        {(!mine).then(|| text_field(phone, fields.phone, errors))}
        {(!mine).then(|| same_home(state, fields))}
        {select_field(county, counties, fields.county, errors)}
        {text_field(address, fields.address, errors)}
    }
    .into_any()
}

/// What an app has said about oneself: to read, not to change.
fn vouched_for(state: State, identity: &Identity) -> AnyView {
    let document = view! {
        <span>{identity.document.kind.title(lang())}</span>
        <span class="num">{identity.document.number.clone()}</span>
    };
    let phone = state.account.get().map(|account| account.phone).unwrap_or_default();
    view! {
        <section class="vouched">
            {facts(vec![
                (t("姓名", "Name"), identity.name.clone().into_any()),
                (t("证件", "Document"), document.into_any()),
                (t("手机号", "Mobile number"), view! { <span class="num">{phone}</span> }.into_any()),
            ])}
            <p class="small quiet-text">{t(
                "已由城市 App 核实，不用填写。如有误，请在 App 里更正后再打开。",
                "Confirmed by the city's app; nothing to fill in. If it is wrong, correct it in the app and open this again.",
            )}</p>
        </section>
    }
    .into_any()
}

/// For who lives with the account's holder: the address need not be typed again.
fn same_home(state: State, fields: Fields) -> AnyView {
    (move || {
        let mine = state.people.with(|people| {
            let myself = people.ready()?.iter().find(|person| person.relation == Relation::Myself)?;
            Some((myself.county.clone(), myself.address.clone()))
        });
        mine.map(|(county, address)| {
            let copy = move |_| {
                fields.county.set(county.clone());
                fields.address.set(address.clone());
            };
            view! { <button type="button" class="btn quiet" on:click=copy>{t("和我住在一起，用我的住址", "We live together: use my address")}</button> }.into_any()
        })
    })
    .into_any()
}

/// The same judgement as on the server: first every field, then age on the day.
fn check(state: State, relation: Relation, errors: RwSignal<Vec<Error>>, refusal: RwSignal<Option<Error>>) {
    refusal.set(None);
    let wrong = state
        .draft
        .with_untracked(|draft| state.overview_now(|now| draft.typed().errors(relation, &now.city, now.today)))
        .unwrap_or_default();
    let wrong: Vec<_> = wrong.into_iter().chain(sensitive::missing(state, relation)).collect();
    let sound = wrong.is_empty();
    errors.set(wrong);
    if !sound {
        return;
    }
    match state.draft.with_untracked(|draft| state.overview_now(|now| draft.judge(now))) {
        Some(Err(error)) if error.code == domain::error::ErrorCode::Ineligible => {
            refusal.set(Some(error));
            dom::focus_soon(page::TITLE);
        }
        _ => go_on(state, Step::Details),
    }
}

fn age_ways() -> AnyView {
    view! {
        <a class="btn quiet" href="/book/whom">{t("给别人约", "Book for somebody else")}</a>
        <a class="btn quiet" href="/notice">{t("看接种须知", "Read the notice")}</a>
    }
    .into_any()
}
