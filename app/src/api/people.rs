//! `people/*`: oneself and those whom one books for.

use domain::Uuid;
use domain::person::{Done, OnePerson, People, PersonDraft};
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Adds or changes a person.
#[server(name = SavePerson, prefix = "/api", endpoint = "people/save", input = Json)]
pub async fn save(person: PersonDraft) -> Result<OnePerson, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OnePerson { person: crate::caller::engine()?.save_person(&citizen, person).await? })
}

/// The account's people.
#[server(name = ListPeople, prefix = "/api", endpoint = "people/list", input = Json)]
pub async fn list() -> Result<People, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(People { people: crate::caller::engine()?.list_people(&citizen).await? })
}

/// Removes a person without a live booking.
#[server(name = RemovePerson, prefix = "/api", endpoint = "people/remove", input = Json)]
pub async fn remove(id: Uuid) -> Result<Done, ApiError> {
    let citizen = crate::caller::citizen().await?;
    crate::caller::engine()?.remove_person(&citizen, id).await?;
    Ok(Done {})
}
