//! Sending a booking: save whom it is for, take the place, and know what to do with each refusal.

use domain::booking::Booking;
use domain::consent::ConsentKind;
use domain::error::{Error, ErrorCode, Result};
use domain::person::{Person, Relation};
use domain::reason::Reason;
use domain::{Uuid, error};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Step;
use crate::api::{self, ApiError};
use crate::citizen::draft::{Draft, Typed, Whom};
use crate::citizen::state::State;
use crate::ui::nav;

/// A submission: under way or not, and what was refused.
#[derive(Clone, Copy)]
pub(super) struct Submit {
    pub(super) state: State,
    pub(super) busy: RwSignal<bool>,
    pub(super) refusal: RwSignal<Option<Error>>,
}

impl Submit {
    /// With the refusal of the attempt before, if a page passed one on.
    pub(super) fn new() -> Self {
        let state = State::here();
        let refusal = RwSignal::new(state.refusal.try_update(Option::take).flatten());
        Self { state, busy: RwSignal::new(false), refusal }
    }

    /// Sends. The same answers again are the same request, so a retry after a lost network books once.
    pub(super) fn send(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.refusal.set(None);
        spawn_local(async move {
            let answer = self.book().await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(booking) => self.done(booking),
                Err(error) => self.refused(error),
            }
        });
    }

    async fn book(self) -> Result<Booking> {
        let person_id = self.person().await?;
        let request = self.state.draft.try_update(|draft| draft.reserve(person_id)).flatten();
        let request = request.ok_or_else(error::Error::internal)?;
        Ok(api::bookings::reserve(request).await.map_err(|ApiError(error)| error)?.booking)
    }

    /// The account's person: the one that was chosen, or the one that was typed, saved.
    async fn person(self) -> Result<Uuid> {
        let draft = self.state.draft.get_untracked();
        let relation = match &draft.whom {
            Some(Whom::Known(person)) => return Ok(person.id),
            Some(Whom::New(relation)) => *relation,
            None => return Err(Error::field("name", Reason::Missing)),
        };
        if let Some(version) = draft.sensitive.clone() {
            self.agree(version).await?;
        }
        let mut typed = draft.typed().clone();
        if typed.id.is_none() {
            let people = api::people::list().await.map_err(|ApiError(error)| error)?.people;
            typed.id = same_person(&people, relation, &typed);
        }
        let saved = api::people::save(typed.person(relation)).await.map_err(|ApiError(error)| error.in_person())?;
        self.state.draft.update(|draft| draft.typed_mut().id = Some(saved.person.id));
        Ok(saved.person.id)
    }

    /// Has the separate consent recorded, before anything that it is about is sent.
    async fn agree(self, version: String) -> Result<()> {
        let answer = api::accounts::consent(ConsentKind::Sensitive, version, None).await.map_err(|ApiError(error)| error)?;
        self.state.account.set(Some(answer.account));
        Ok(())
    }

    fn done(self, booking: Booking) {
        let path = format!("/bookings/{}?done=1", booking.code);
        self.state.last.set(Some(booking));
        self.state.draft.set(Draft::default());
        self.state.load_people();
        nav::replace(&path);
    }

    fn refused(self, error: Error) {
        self.state.heed(&error);
        let field = error.field.as_deref().unwrap_or_default();
        match (error.code, &error.reason, field) {
            (ErrorCode::SignInRequired, ..) => nav::go(&Step::SignIn.path()),
            (_, Some(Reason::ConsentVersion), _) => {
                self.state.draft.update(|draft| draft.consent = None);
                self.state.load_notice();
                self.refusal.set(Some(error));
            }
            (_, Some(Reason::SensitiveConsent), _) => {
                self.state.draft.update(|draft| draft.sensitive = None);
                self.state.load_notice();
                self.state.person_errors.set(vec![Error { field: Some("sensitive".into()), ..error }]);
                nav::go(&Step::Details.path());
            }
            (ErrorCode::Invalid, _, "name" | "phone" | "document.number" | "document.kind" | "born_on" | "county" | "address") => {
                self.state.person_errors.set(vec![error]);
                nav::go(&Step::Details.path());
            }
            (_, _, "dose" | "previous_dose_on") => {
                self.state.draft.update(|draft| draft.dose = None);
                self.refusal.set(Some(error));
            }
            _ => self.refusal.set(Some(error)),
        }
    }
}

/// The account's person who is meant by what was typed: oneself is one, another is known by name and document.
fn same_person(people: &[Person], relation: Relation, typed: &Typed) -> Option<Uuid> {
    let document = typed.masked_document();
    let same = |person: &&Person| {
        person.relation == relation
            && (relation == Relation::Myself
                || person.name == typed.name.trim() && Some(&person.document.number) == document.as_ref())
    };
    people.iter().find(same).map(|person| person.id)
}

/// Where an error of `people/save` belongs: the call's field names start at the request.
trait InPerson {
    fn in_person(self) -> Self;
}

impl InPerson for Error {
    fn in_person(mut self) -> Self {
        self.field = self.field.map(|field| field.strip_prefix("person.").map(str::to_owned).unwrap_or(field));
        self
    }
}
