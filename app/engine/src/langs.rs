//! In which language an account reads its messages.

use domain::Uuid;
use domain::error::{Error, Result};
use domain::lang::Lang;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter, QuerySelect};

use crate::Engine;
use crate::accounts::Citizen;
use crate::error::internal;
use crate::store::entities::account;

impl Engine {
    /// From now on the account's messages are in this language, also those that are written and have not gone.
    ///
    /// # Errors
    /// `internal`
    pub async fn set_lang(&self, citizen: &Citizen, lang: Lang) -> Result<()> {
        account::Entity::update_many()
            .col_expr(account::Column::Lang, Expr::value(lang.as_str()))
            .filter(account::COLUMN.id.eq(citizen.account_id))
            .filter(account::COLUMN.lang.ne(lang.as_str()))
            .exec(&self.store().write)
            .await
            .map_err(internal)?;
        Ok(())
    }

    /// The language of an account.
    pub(crate) async fn lang_of(&self, account_id: Uuid) -> Result<Lang> {
        let lang: Option<String> = account::Entity::find_by_id(account_id)
            .select_only()
            .column(account::Column::Lang)
            .into_tuple()
            .one(&self.store().read)
            .await
            .map_err(internal)?;
        lang.and_then(|lang| lang.parse().ok()).ok_or_else(Error::internal)
    }
}
