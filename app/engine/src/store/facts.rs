//! Facts: single values of the database, by name. A walk keeps its place in one.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, TryInsertResult};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entities::fact;

/// Changes a fact from `old` to `new`; `false`: it is another one by now.
pub(crate) async fn set_fact(db: &impl ConnectionTrait, name: &str, old: &[u8], new: Vec<u8>) -> Result<bool, DbErr> {
    let set = fact::Entity::update_many()
        .col_expr(fact::Column::Value, Expr::value(new))
        .filter(fact::COLUMN.name.eq(name))
        .filter(fact::COLUMN.value.eq(old.to_vec()))
        .exec(db)
        .await?;
    Ok(set.rows_affected == 1)
}

/// A fact, where it can be read, and its bytes as they are kept.
pub(crate) async fn read_fact<T: DeserializeOwned>(
    db: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<(Option<T>, Vec<u8>)>, DbErr> {
    let row = fact::Entity::find_by_id(name).one(db).await?;
    Ok(row.map(|row| (serde_json::from_slice(&row.value).ok(), row.value)))
}

/// Writes a fact down where it still is as it was `before`; `false`: another process was quicker. On PostgreSQL that one is waited for.
pub(crate) async fn write_fact<T: Serialize + Sync>(
    db: &impl ConnectionTrait,
    name: &str,
    fact: &T,
    before: Option<&[u8]>,
) -> Result<bool, DbErr> {
    let value = serde_json::to_vec(fact).map_err(|error| DbErr::Custom(error.to_string()))?;
    let Some(before) = before else {
        let row = fact::ActiveModel { name: Set(name.to_owned()), value: Set(value) };
        let nothing = OnConflict::column(fact::Column::Name).do_nothing().to_owned();
        let written = fact::Entity::insert(row).on_conflict(nothing).try_insert().exec_without_returning(db).await?;
        return Ok(matches!(written, TryInsertResult::Inserted(1..)));
    };
    set_fact(db, name, before, value).await
}
