//! `people`: a person of an account; who they are is sealed.

use sea_orm::entity::prelude::*;

/// A person of an account; who they are is sealed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "people")]
pub struct Model {
    /// Their id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// `domain::person::Relation`.
    pub relation: String,
    /// Keyed hash of the document: the same person in every account.
    pub person_hash: Vec<u8>,
    /// Name, phone, document, date of birth and address, sealed.
    pub sealed: Vec<u8>,
    /// Division of residence.
    pub county: String,
    /// No longer in the list.
    pub removed: bool,
    /// When they were added.
    pub created_at: DateTimeUtc,
    /// When they last changed.
    pub changed_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
