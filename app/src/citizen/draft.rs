//! A booking in the making: everything chosen and typed, kept in this tab through errors, reloads and signing in.

use domain::booking::{Consent, Reserve};
use domain::city::City;
use domain::eligibility::{DoseRecord, Question, next_dose};
use domain::error::{Error, Result};
use domain::identity::{Document, DocumentDraft, DocumentKind};
use domain::person::{Identity, Person, PersonDraft, Relation};
use domain::reason::Reason;
use domain::screening::Screening;
use domain::slot::{Slot, Window};
use domain::vaccine::Vaccine;
use domain::{NaiveDate, Uuid};
use serde::{Deserialize, Serialize};

use crate::live::Overview;
use crate::ui::dom;

const KEY: &str = "yizhen.draft";

/// The place that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) site_id: Uuid,
    pub(crate) slot_id: Uuid,
    pub(crate) vaccine_id: String,
    pub(crate) window: Window,
}

/// Whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Whom {
    /// Somebody whom the account has.
    Known(Box<Person>),
    /// Somebody whose details are being typed.
    New(Relation),
}

/// Details as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Typed {
    /// The person's id, once the account has them.
    pub(crate) id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) kind: String,
    pub(crate) number: String,
    pub(crate) born_on: String,
    pub(crate) county: String,
    pub(crate) address: String,
    /// Whether an app has vouched for name and document: then the number stands here masked, and is not judged.
    #[serde(default)]
    pub(crate) identified: bool,
}

/// The whole draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) slot: Option<Chosen>,
    pub(crate) whom: Option<Whom>,
    pub(crate) myself: Typed,
    pub(crate) other: Typed,
    pub(crate) dose: Option<u8>,
    pub(crate) previous_on: String,
    pub(crate) screening: Option<Screening>,
    /// The version of the notice that was agreed to.
    pub(crate) consent: Option<String>,
    /// The version of the text about sensitive data that was agreed to, on its own.
    #[serde(default)]
    pub(crate) sensitive: Option<String>,
    /// The request's id, and the request it was made for: a retry keeps it, another request gets another.
    pub(crate) request: Option<(Uuid, String)>,
}

impl Typed {
    pub(crate) fn document_kind(&self) -> DocumentKind {
        self.kind.parse().unwrap_or(DocumentKind::ResidentId)
    }

    pub(crate) fn person(&self, relation: Relation) -> PersonDraft {
        PersonDraft {
            id: self.id,
            relation,
            name: self.name.clone(),
            phone: self.phone.clone(),
            document: DocumentDraft { kind: self.document_kind(), number: self.number.clone() },
            born_on: self.born_on.parse().ok(),
            county: self.county.clone(),
            address: self.address.clone(),
        }
    }

    /// What is wrong with the details. One's own phone comes with signing in.
    pub(crate) fn errors(&self, relation: Relation, city: &City, today: NaiveDate) -> Vec<Error> {
        let mut errors = self.person(relation).wrong(city, today);
        if relation == Relation::Myself {
            errors.retain(|error| error.field.as_deref() != Some("phone"));
        }
        if self.identified {
            errors.retain(|error| !matches!(error.field.as_deref(), Some("name" | "document.number" | "born_on")));
            if self.birth().is_none() {
                errors.push(Error::field("born_on", Reason::BirthDateMissing));
            }
        }
        errors
    }

    /// The document as it stands in lists, to find the same person again.
    pub(crate) fn masked_document(&self) -> Option<String> {
        Document::parse(self.document_kind(), &self.number).ok().map(|document| document.masked())
    }

    /// Takes over what an app has said.
    pub(crate) fn identify(&mut self, identity: &Identity) {
        self.identified = true;
        self.name = identity.name.clone();
        self.kind = identity.document.kind.as_str().to_owned();
        self.number = identity.document.number.clone();
        if let Some(day) = identity.born_on {
            self.born_on = day.to_string();
        }
    }

    fn birth(&self) -> Option<NaiveDate> {
        if self.identified {
            return self.born_on.parse().ok();
        }
        let document = Document::parse(self.document_kind(), &self.number).ok()?;
        document.born_on().or_else(|| self.born_on.parse().ok())
    }
}

impl Draft {
    /// What this tab kept.
    pub(crate) fn kept() -> Self {
        dom::session(KEY).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps it in this tab.
    pub(crate) fn keep(&self) {
        let text = if *self == Self::default() { None } else { serde_json::to_string(self).ok() };
        dom::keep_session(KEY, text.as_deref());
    }

    /// Takes another place. What depends on the vaccine is asked again when it is another one.
    pub(crate) fn choose(&mut self, site_id: Uuid, slot: &Slot) {
        if self.slot.as_ref().is_some_and(|before| before.vaccine_id != slot.vaccine_id) {
            self.dose = None;
            self.previous_on.clear();
        }
        self.slot = Some(Chosen { site_id, slot_id: slot.id, vaccine_id: slot.vaccine_id.clone(), window: slot.window });
    }

    /// Takes another person. What was answered for the one before is asked again.
    pub(crate) fn choose_whom(&mut self, whom: Whom) {
        if self.whom.as_ref() != Some(&whom) {
            self.dose = None;
            self.previous_on.clear();
            self.screening = None;
            self.consent = None;
            self.sensitive = None;
        }
        self.whom = Some(whom);
    }

    pub(crate) fn relation(&self) -> Option<Relation> {
        match self.whom.as_ref()? {
            Whom::Known(person) => Some(person.relation),
            Whom::New(relation) => Some(*relation),
        }
    }

    pub(crate) fn typed(&self) -> &Typed {
        if self.relation() == Some(Relation::Other) { &self.other } else { &self.myself }
    }

    pub(crate) fn typed_mut(&mut self) -> &mut Typed {
        if self.relation() == Some(Relation::Other) { &mut self.other } else { &mut self.myself }
    }

    /// Takes details as typed. For another name or document the answers so far do not count: it is somebody else.
    pub(crate) fn retype(&mut self, mut typed: Typed) {
        let before = self.typed();
        if typed.name == before.name && typed.number == before.number {
            typed.id = before.id;
        } else {
            self.dose = None;
            self.previous_on.clear();
            self.screening = None;
            self.consent = None;
        }
        if *self.typed() != typed {
            *self.typed_mut() = typed;
        }
    }

    /// The name to show, as soon as it is known.
    pub(crate) fn name(&self) -> &str {
        match &self.whom {
            Some(Whom::Known(person)) => &person.name,
            Some(Whom::New(_)) => self.typed().name.trim(),
            None => "",
        }
    }

    /// What the person has had, or has booked, of this vaccine's course.
    pub(crate) fn history(&self, vaccine: &Vaccine, overview: &Overview) -> Vec<DoseRecord> {
        let Some(Whom::Known(person)) = &self.whom else { return vec![] };
        let course = |id: &str| overview.vaccine(id).map(|vaccine| vaccine.course.as_str());
        person.doses.iter().filter(|record| course(&record.vaccine_id) == Some(&vaccine.course)).cloned().collect()
    }

    /// The dose, where it need not be asked: a course of one, or a person whose doses are all known and given.
    pub(crate) fn known_dose(&self, vaccine: &Vaccine, overview: &Overview) -> Option<u8> {
        if vaccine.doses == 1 {
            return Some(1);
        }
        let history = self.history(vaccine, overview);
        let settled = !history.is_empty() && history.iter().all(|record| record.given);
        settled.then(|| next_dose(vaccine, &history)).flatten()
    }

    /// Whether the rules allow it, as far as has been answered: the same judgement as on the server, before asking it.
    pub(crate) fn judge(&self, overview: &Overview) -> Result<()> {
        let Some((slot, vaccine)) = self.slot.as_ref().and_then(|slot| Some((slot, overview.vaccine(&slot.vaccine_id)?))) else {
            return Ok(());
        };
        let birth = match self.whom.as_ref() {
            Some(Whom::Known(person)) => Some(person.born_on),
            Some(Whom::New(_)) => self.typed().birth(),
            None => None,
        };
        let Some(born_on) = birth else { return Ok(()) };
        let history = self.history(vaccine, overview);
        let dose = self.dose.or_else(|| self.known_dose(vaccine, overview));
        let question = Question {
            born_on,
            from_age: overview.city.from_age,
            vaccine,
            dose: dose.unwrap_or(1),
            on: slot.window.date,
            today: overview.today,
            // Before the dose is known only age counts.
            history: if dose.is_some() { &history } else { &[] },
            previous_dose_on: self.previous_on.parse().ok(),
            screening: self.screening.as_ref(),
        };
        question.decide()
    }

    /// The request, once everything is answered. Makes its id, or keeps the one that was made for the same content.
    pub(crate) fn reserve(&mut self, person_id: Uuid) -> Option<Reserve> {
        let mut request = Reserve {
            request_id: Uuid::nil(),
            person_id,
            slot_id: self.slot.as_ref()?.slot_id,
            dose: self.dose?,
            previous_dose_on: self.previous_on.parse().ok().filter(|_| self.dose > Some(1)),
            screening: self.screening?,
            consent: Consent { version: self.consent.clone()? },
        };
        let content = serde_json::to_string(&request).ok()?;
        let kept = self.request.as_ref().filter(|(_, of)| *of == content).map(|(id, _)| *id);
        let id = kept.unwrap_or_else(dom::new_id);
        self.request = Some((id, content));
        request.request_id = id;
        Some(request)
    }
}
