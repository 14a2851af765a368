//! Lots: which boxes a site has open. How many doses are left is counted from the jabs, and kept nowhere a second time.

use std::collections::HashMap;

use domain::access::Action;
use domain::error::{Error, Result};
use domain::lot::{InUse, Lot, Lots, OneLot, OpenLot, from_lot};
use domain::reason::Reason;
use domain::time::instant;
use domain::{NaiveTime, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, TryInsertResult};

use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::staff::Staff;
use crate::store::entities::{booking, lot};

/// The condition of the index `lots_open`, in its own words.
const OPEN: &str = "closed_at IS NULL";

impl Engine {
    /// The open lots of a site, and those that were closed today: for whoever records jabs there.
    ///
    /// # Errors
    /// `not_found` on `site_id`; `forbidden` for another site's.
    pub async fn lots(&self, staff: &Staff, site_id: Uuid) -> Result<Lots> {
        self.allow_at_site(staff, Action::Redeem, site_id)?;
        let today = instant(self.today(), NaiveTime::MIN);
        let mut lots = self.open_lots(site_id).await?;
        lots.append(&mut self.lots_where(site_id, lot::COLUMN.closed_at.gte(today)).await?);
        Ok(Lots { site_id, lots, may_keep: staff.may(Action::KeepLots, site_id).is_ok() })
    }

    /// The open lots of a site, by vaccine and number.
    pub(crate) async fn open_lots(&self, site_id: Uuid) -> Result<Vec<Lot>> {
        self.lots_where(site_id, Expr::cust(OPEN)).await
    }

    async fn lots_where(&self, site_id: Uuid, condition: Expr) -> Result<Vec<Lot>> {
        let rows = lot::Entity::find().filter(lot::COLUMN.site_id.eq(site_id)).filter(condition);
        let mut rows = rows.all(&self.store().read).await.map_err(internal)?;
        rows.sort_by(|a, b| (&a.vaccine_id, &a.number, a.opened_at).cmp(&(&b.vaccine_id, &b.number, b.opened_at)));
        self.lots_out(rows).await
    }

    /// Opens a lot: jabs at its site may be recorded with it, and of its vaccine with no other that is not open.
    ///
    /// # Errors
    /// `not_found` on `site_id` or `vaccine_id`; `forbidden` for nurses, and at another site; `invalid` with the field; `wrong_state` when it is
    /// open already.
    pub async fn open_lot(&self, staff: &Staff, open: &OpenLot) -> Result<OneLot> {
        self.allow_at_site(staff, Action::KeepLots, open.site_id)?;
        let number = open.checked(self.today())?;
        self.board().vaccine(&open.vaccine_id).ok_or_else(|| Error::field("vaccine_id", Reason::NotFound))?;
        let row = lot::Model {
            id: self.new_id(),
            site_id: open.site_id,
            vaccine_id: open.vaccine_id.clone(),
            number,
            expires_on: open.expires_on,
            doses: i32::try_from(open.doses).unwrap_or(i32::MAX),
            opened_at: self.now(),
            opened_by: staff.id,
            closed_at: None,
            closed_by: None,
        };
        let tx = self.store().begin().await.map_err(internal)?;
        let insert =
            lot::Entity::insert(lot::ActiveModel::from(row.clone())).on_conflict(OnConflict::new().do_nothing().to_owned());
        match insert.try_insert().exec_without_returning(&tx).await.map_err(internal)? {
            TryInsertResult::Inserted(1..) => {}
            _ => return Err(Error::field("number", Reason::LotOpen)),
        }
        let detail = format!("{} {} {}", row.vaccine_id, row.number, row.doses);
        self.deed(&tx, Actor::Staff(staff.id), "open_lot", row.id, Some(detail)).await?;
        tx.commit().await.map_err(internal)?;
        self.one_lot(row).await
    }

    /// Closes a lot. Again changes nothing.
    ///
    /// # Errors
    /// `not_found` on `id`; `forbidden` for nurses, and at another site.
    pub async fn close_lot(&self, staff: &Staff, id: Uuid) -> Result<OneLot> {
        self.allow_somewhere(staff, Action::KeepLots)?;
        let find = || lot::Entity::find_by_id(id);
        let unknown = || Error::field("id", Reason::NotFound);
        let row = find().one(&self.store().read).await.map_err(internal)?.ok_or_else(unknown)?;
        self.allow(staff, Action::KeepLots, row.site_id, id)?;
        let tx = self.store().begin().await.map_err(internal)?;
        let closing = lot::ActiveModel { closed_at: Set(Some(self.now())), closed_by: Set(Some(staff.id)), ..Default::default() };
        let update = lot::Entity::update_many().set(closing).filter(lot::COLUMN.id.eq(id)).filter(Expr::cust(OPEN));
        if update.exec(&tx).await.map_err(internal)?.rows_affected > 0 {
            self.deed(&tx, Actor::Staff(staff.id), "close_lot", id, None).await?;
        }
        let row = find().one(&tx).await.map_err(internal)?.ok_or_else(unknown)?;
        tx.commit().await.map_err(internal)?;
        self.one_lot(row).await
    }

    /// The lot that a jab at a site is recorded with: as it was typed, or as the site's open lot is written, with that one's id.
    ///
    /// # Errors
    /// `invalid` on `lot` when the site keeps lots of this vaccine and it is none of the open ones, or may be given no more.
    pub(crate) async fn lot_of_jab(
        &self,
        site_id: Uuid,
        vaccine_id: &str,
        typed: Option<String>,
    ) -> Result<(Option<String>, Option<Uuid>)> {
        let Some(typed) = typed else { return Ok((None, None)) };
        let rows = lot::Entity::find()
            .filter(lot::COLUMN.site_id.eq(site_id))
            .filter(lot::COLUMN.vaccine_id.eq(vaccine_id))
            .filter(Expr::cust(OPEN))
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let open: Vec<_> =
            rows.into_iter().map(|row| InUse { id: row.id, number: row.number, expires_on: row.expires_on }).collect();
        Ok(match from_lot(&typed, &open, self.today())? {
            Some(lot) => (Some(lot.number.clone()), Some(lot.id)),
            None => (Some(typed), None),
        })
    }

    /// All lots of these numbers, of whatever site and day.
    pub(crate) async fn lots_named(&self, numbers: impl Iterator<Item = &str>) -> Result<Vec<lot::Model>> {
        let mut numbers: Vec<String> = numbers.map(|number| number.trim().to_ascii_uppercase()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            return Ok(vec![]);
        }
        // kept in capitals
        lot::Entity::find().filter(lot::Column::Number.is_in(numbers)).all(&self.store().read).await.map_err(internal)
    }

    async fn one_lot(&self, row: lot::Model) -> Result<OneLot> {
        let lot = self.lots_out(vec![row]).await?.pop().ok_or_else(Error::internal)?;
        Ok(OneLot { lot })
    }

    async fn lots_out(&self, rows: Vec<lot::Model>) -> Result<Vec<Lot>> {
        let db = &self.store().read;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let given: HashMap<Uuid, i64> = booking::Entity::find()
            .select_only()
            .column(booking::Column::LotId)
            .column_as(booking::Column::Code.count(), "given")
            .filter(booking::Column::LotId.is_in(ids))
            .group_by(booking::Column::LotId)
            .into_tuple()
            .all(db)
            .await
            .map_err(internal)?
            .into_iter()
            .collect();
        let names = self.staff_names(rows.iter().map(|row| row.opened_by).collect::<Vec<_>>()).await?;
        let out = |row: lot::Model| {
            let vaccine = self.vaccine(&row.vaccine_id)?;
            let doses = u32::try_from(row.doses).unwrap_or(0);
            let given = u32::try_from(given.get(&row.id).copied().unwrap_or(0)).unwrap_or(u32::MAX);
            Ok(Lot {
                id: row.id,
                vaccine_id: vaccine.id,
                vaccine_name: vaccine.name,
                vaccine_name_en: vaccine.name_en,
                number: row.number,
                expires_on: row.expires_on,
                expired: row.expires_on < self.today(),
                doses,
                left: doses.saturating_sub(given),
                opened_at: row.opened_at,
                opened_by: names.get(&row.opened_by).cloned().unwrap_or_default(),
                closed_at: row.closed_at,
            })
        };
        rows.into_iter().map(out).collect()
    }
}
