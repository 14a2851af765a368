//! Whom a site may call today for a dose that is left over. The list is masked; whom and which number is shown one by one, audited before, and
//! so many an hour.

use domain::access::Action;
use domain::error::{Error, Result};
use domain::left_over::{CallOutcome, Called, LeftOverList, ToCallForDose, WhomToCall, in_order};
use domain::reason::Reason;
use domain::reveal::SHOWN_S;
use domain::time::civil;
use domain::vaccine::Vaccine;
use domain::{NaiveDate, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Query;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::is_over;
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::people::{self, dose_out};
use crate::staff::Staff;
use crate::store::entities::{left_over, left_over_site, person, slot};

/// Asks that one list looks at, and people that it shows, at most: who has worked through it finds the next ones.
const READ: u64 = 400;
const SHOWN: usize = 60;

impl Engine {
    /// Whom the site may call, for one of its vaccines or for any that it gives today. Reading it is audited.
    ///
    /// # Errors
    /// `not_found` for an unknown site; `forbidden` for nurses, and for managers at another site.
    pub async fn left_over_list(&self, staff: &Staff, site_id: Uuid, vaccine_id: Option<&str>) -> Result<LeftOverList> {
        let site = self.allow_at_site(staff, Action::CallForLeftOver, site_id)?;
        let action = Action::CallForLeftOver.as_str();
        self.deed(&self.store().write, Actor::Staff(staff.id), action, site_id, None).await?;
        let mut vaccines = self.vaccines_of_today(site_id).await?;
        vaccines.retain(|vaccine| vaccine_id.is_none_or(|id| vaccine.id == id));
        let today = self.today();
        let here = Query::select()
            .column(left_over_site::Column::LeftOverId)
            .from(left_over_site::Entity)
            .and_where(left_over_site::COLUMN.site_id.eq(site_id))
            .to_owned();
        let rows = left_over::Entity::find()
            .filter(left_over::Column::Id.in_subquery(here))
            .filter(left_over::COLUMN.until.gte(today))
            // false comes before true
            .order_by_asc(left_over::COLUMN.county.ne(site.county.as_str()))
            .order_by_asc(left_over::COLUMN.asked_at)
            .order_by_asc(left_over::COLUMN.id)
            .limit(READ)
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let all_read = (rows.len() as u64) < READ;
        let mut listed = self.eligible(rows, &vaccines, &site.county).await?;
        in_order(&mut listed);
        let more = !all_read || listed.len() > SHOWN;
        listed.truncate(SHOWN);
        Ok(LeftOverList { site_id, rows: listed, more })
    }

    /// Whom to ask for, and at which number. Audited before it is shown, and bounded like all that is shown in full.
    ///
    /// # Errors
    /// `not_found` on `id`; `forbidden` where none of their sites may call; `too_many`.
    pub async fn reveal_left_over(&self, staff: &Staff, id: Uuid) -> Result<WhomToCall> {
        let (row, person) = self.left_over_for(staff, id).await?;
        self.note_reveal(staff, "reveal_left_over", row.id, None).await?;
        let details = people::open(self.vault(), &person)?;
        Ok(WhomToCall { name: details.name.as_str().to_owned(), phone: details.phone.as_str().to_owned(), seconds: SHOWN_S })
    }

    /// Notes what came of a call.
    ///
    /// # Errors
    /// `not_found` on `id`; `forbidden` where none of their sites may call; `wrong_state` where they have said today already that they come, or
    /// that they do not.
    pub async fn called_for_left_over(&self, staff: &Staff, id: Uuid, outcome: CallOutcome) -> Result<()> {
        self.left_over_for(staff, id).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        let held = left_over::Entity::find_by_id(id).lock_exclusive().one(&tx).await.map_err(internal)?;
        let held = held.ok_or_else(|| Error::field("id", Reason::NotFound))?;
        match called_on(&held, self.today())?.map(|called| called.outcome) {
            Some(said) if said == outcome => return Ok(()),
            // another site, or another tablet, was quicker
            Some(CallOutcome::Comes | CallOutcome::Declined) => return Err(Error::new(Reason::ChangedMeanwhile)),
            Some(CallOutcome::NoAnswer) | None => {}
        }
        let mut row: left_over::ActiveModel = held.into();
        row.outcome = Set(Some(outcome.as_str().to_owned()));
        row.called_at = Set(Some(self.now()));
        row.update(&tx).await.map_err(internal)?;
        self.deed(&tx, Actor::Staff(staff.id), "called_for_left_over", id, Some(outcome.to_string())).await?;
        tx.commit().await.map_err(internal)
    }

    /// An ask that still counts, for staff of a site that may call.
    async fn left_over_for(&self, staff: &Staff, id: Uuid) -> Result<(left_over::Model, person::Model)> {
        self.allow_somewhere(staff, Action::CallForLeftOver)?;
        let missing = || Error::field("id", Reason::NotFound);
        let db = &self.store().read;
        let row = left_over::Entity::find_by_id(id).one(db).await.map_err(internal)?.ok_or_else(missing)?;
        let sites =
            left_over_site::Entity::find().filter(left_over_site::COLUMN.left_over_id.eq(id)).all(db).await.map_err(internal)?;
        let first = sites.first().ok_or_else(missing)?.site_id;
        let own = sites.iter().map(|site| site.site_id).find(|site_id| staff.may(Action::CallForLeftOver, *site_id).is_ok());
        self.allow(staff, Action::CallForLeftOver, own.unwrap_or(first), id)?;
        let person = person::Entity::find_by_id(row.person_id).one(db).await.map_err(internal)?;
        let person = person.filter(|person| !person.removed && row.until >= self.today()).ok_or_else(missing)?;
        let doses = people::doses_of(db, std::slice::from_ref(&person), self.today()).await?;
        let history = doses.get(&person.person_hash).cloned().unwrap_or_default();
        if is_over(&row, &self.in_course(&row.course, history)) {
            return Err(missing());
        }
        Ok((row, person))
    }

    /// The vaccines that a site gives today, in windows that it has not closed.
    async fn vaccines_of_today(&self, site_id: Uuid) -> Result<Vec<Vaccine>> {
        let mut ids: Vec<String> = slot::Entity::find()
            .select_only()
            .column(slot::Column::VaccineId)
            .distinct()
            .filter(slot::COLUMN.site_id.eq(site_id))
            .filter(slot::COLUMN.date.eq(self.today()))
            .filter(slot::COLUMN.closed.eq(false))
            .into_tuple()
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        ids.sort_unstable();
        ids.iter().map(|id| self.vaccine(id)).collect()
    }

    /// Those who may have one of the vaccines today, and have not said today that they do not come.
    async fn eligible(&self, rows: Vec<left_over::Model>, vaccines: &[Vaccine], county: &str) -> Result<Vec<ToCallForDose>> {
        let today = self.today();
        let ids: Vec<Uuid> = rows.iter().map(|row| row.person_id).collect();
        let people = person::Entity::find()
            .filter(person::Column::Id.is_in(ids))
            .filter(person::COLUMN.removed.eq(false))
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let doses = people::doses_of(&self.store().read, &people, today).await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(person) = people.iter().find(|person| person.id == row.person_id) else { continue };
            let called = called_on(&row, today)?;
            if called.is_some_and(|called| called.outcome == CallOutcome::Declined) {
                continue;
            }
            let all = doses.get(&person.person_hash).cloned().unwrap_or_default();
            let history = self.in_course(&row.course, all);
            if is_over(&row, &history) {
                continue;
            }
            let details = people::open(self.vault(), person)?;
            let fit = |vaccine: &&Vaccine| vaccine.course == row.course && self.due(&details, vaccine, &history, today).is_ok();
            let vaccine_ids: Vec<String> = vaccines.iter().filter(fit).map(|vaccine| vaccine.id.clone()).collect();
            if vaccine_ids.is_empty() {
                continue;
            }
            listed.push(ToCallForDose {
                id: row.id,
                name: details.name.masked(),
                near: row.county == county,
                dose: dose_out(row.dose),
                vaccine_ids,
                asked_at: row.asked_at,
                called,
            });
        }
        Ok(listed)
    }
}

/// What came of a call on that day. A new day is a new call.
fn called_on(row: &left_over::Model, day: NaiveDate) -> Result<Option<Called>> {
    let (Some(outcome), Some(at)) = (row.outcome.as_deref(), row.called_at) else { return Ok(None) };
    let outcome = outcome.parse().map_err(|()| Error::internal())?;
    Ok((civil(at).date() == day).then_some(Called { outcome, at }))
}
