//! The rows of before the chain: written by an older program, or by the million for measuring. Nothing proves them but their number, which is
//! written down once, with a keyed hash, so that none comes to them and none goes.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use super::encoding::keyed;
use crate::config::OpenError;
use crate::store::Store;
use crate::store::connect::unreadable;
use crate::store::entities::{audit, fact};
use crate::vault::Vault;

/// The fact that tells how many there are.
const BEFORE: &str = "audit-before-the-chain";

/// Counts them, where that was not done yet: at the first start with a chain.
pub(crate) async fn count_before(store: &Store, vault: &Vault) -> Result<(), OpenError> {
    if fact::Entity::find_by_id(BEFORE).one(&store.read).await.map_err(unreadable)?.is_some() {
        return Ok(());
    }
    let row = row(vault, count(&store.read).await.map_err(unreadable)?);
    let nothing = OnConflict::column(fact::Column::Name).do_nothing().to_owned();
    fact::Entity::insert(row).on_conflict(nothing).try_insert().exec_without_returning(&store.write).await.map_err(unreadable)?;
    Ok(())
}

/// Counts them again: more have come in the way that is meant for it.
pub(crate) async fn recount_before(store: &Store, vault: &Vault) -> Result<(), DbErr> {
    let row = row(vault, count(&store.read).await?);
    let replace = OnConflict::column(fact::Column::Name).update_column(fact::Column::Value).to_owned();
    fact::Entity::insert(row).on_conflict(replace).exec_without_returning(&store.write).await?;
    Ok(())
}

/// What was written down; the inner `None`: it was changed.
pub(super) async fn counted(db: &impl ConnectionTrait, key: &[u8; 32]) -> Result<Option<Option<u64>>, DbErr> {
    let fact = fact::Entity::find_by_id(BEFORE).one(db).await?;
    Ok(fact.map(|fact| {
        let count = u64::from_be_bytes(fact.value.get(..8)?.try_into().ok()?);
        (fact.value == value(key, count)).then_some(count)
    }))
}

async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    audit::Entity::find().filter(Expr::cust("link IS NULL")).count(db).await
}

fn row(vault: &Vault, count: u64) -> fact::ActiveModel {
    fact::ActiveModel { name: Set(BEFORE.to_owned()), value: Set(value(vault.keys().chain(), count)) }
}

fn value(key: &[u8; 32], count: u64) -> Vec<u8> {
    let count = count.to_be_bytes();
    [count.as_slice(), &keyed(key, &[b"before\0", &count])].concat()
}
