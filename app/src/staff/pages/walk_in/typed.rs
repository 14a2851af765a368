//! What is typed at the desk, field by field.

use domain::at_desk::Places;
use domain::identity::{Document, DocumentDraft, DocumentKind};
use domain::person::{PersonDraft, Relation};
use domain::screening::Screening;
use leptos::prelude::*;

use crate::ui::Load;

/// What is being typed, field by field.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    pub(super) name: RwSignal<String>,
    pub(super) kind: RwSignal<String>,
    pub(super) number: RwSignal<String>,
    pub(super) born_on: RwSignal<String>,
    pub(super) phone: RwSignal<String>,
    pub(super) own_phone: RwSignal<bool>,
    pub(super) county: RwSignal<String>,
    pub(super) address: RwSignal<String>,
    pub(super) vaccine: RwSignal<String>,
    pub(super) date: RwSignal<String>,
    pub(super) slot: RwSignal<String>,
    pub(super) dose: RwSignal<String>,
    pub(super) previous_on: RwSignal<String>,
    pub(super) screening: RwSignal<Screening>,
    pub(super) consent: RwSignal<bool>,
    pub(super) sensitive: RwSignal<bool>,
}

impl Typed {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Self {
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
        }
    }

    pub(super) fn document_kind(self) -> DocumentKind {
        self.kind.with(|kind| kind.parse().unwrap_or(DocumentKind::ResidentId))
    }

    /// Whether the date of birth must be asked: the number does not tell it.
    pub(super) fn asks_birth(self) -> bool {
        let kind = self.document_kind();
        !kind.tells_birth()
            && self.number.with(|number| Document::parse(kind, number).map_or(true, |document| document.born_on().is_none()))
    }

    pub(super) fn person(self) -> PersonDraft {
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
    pub(super) fn choose_most(self, places: &RwSignal<Load<Places>>) -> Option<()> {
        let slots = places.try_with_untracked(|places| places.ready().map(|places| places.slots.clone()))??;
        let chosen = self.vaccine.try_get_untracked()?;
        if !slots.iter().any(|slot| slot.vaccine_id == chosen) {
            let free = |id: &String| slots.iter().filter(|slot| slot.vaccine_id == *id).map(|slot| slot.remaining).sum::<u32>();
            self.vaccine.set(distinct(slots.iter().map(|slot| slot.vaccine_id.clone())).into_iter().max_by_key(free)?);
        }
        Some(())
    }

    /// Nothing of the last person stays for the next.
    pub(super) fn clear(self) {
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

/// Each once, in their order.
pub(super) fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found: Vec<T> = vec![];
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}
