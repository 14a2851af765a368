//! What a tablet takes along: public keys, and the site's day, each record sealed for its own code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use domain::access::Action;
use domain::code::Code;
use domain::eligibility::DoseRecord;
use domain::error::{Error, Result};
use domain::offline::seal::{FOR_ROSTER, KEY, NONCE, SALT, of_record, seal, stretch};
use domain::offline::take::{Record, TakeAlong};
use domain::time::age_on;
use domain::{NaiveDate, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::Engine;
use crate::audit::Actor;
use crate::people;
use crate::shown::{Found, LIVE, vaccine_out};
use crate::staff::Staff;
use crate::store::entities::slot;

/// What codes of a day have been stretched to: a code is stretched once a day, however many tablets there are.
#[derive(Default)]
pub(crate) struct Stretched(Mutex<HashMap<Uuid, OfDay>>);

#[derive(Clone)]
struct OfDay {
    date: NaiveDate,
    codes: HashMap<Code, [u8; KEY]>,
}

impl Engine {
    /// What works without a network at a site today. Reading it is audited.
    ///
    /// # Errors
    /// `not_found` on `site_id`; `forbidden`.
    pub async fn take_along(&self, staff: &Staff, site_id: Uuid) -> Result<TakeAlong> {
        let site = self.allow_at_site(staff, Action::WorkOffline, site_id)?;
        let (now, date) = (self.now(), self.today());
        self.deed(&self.store().write, Actor::Staff(staff.id), "take_along", site_id, Some(date.to_string())).await?;
        let of_the_day = slot::COLUMN.site_id.eq(site_id).and(slot::COLUMN.date.eq(date));
        let found = self.find(of_the_day.and(Expr::cust(LIVE))).await?;
        let names = self.staff_names(found.iter().filter_map(|found| found.booking.redeemed_by).collect::<Vec<_>>()).await?;
        let doses = self.doses_before(&found).await?;
        let codes: Vec<Code> = found.iter().filter_map(|found| Code::parse(&found.booking.code).ok()).collect();
        let (salt, stretched) = self.stretched(site_id, date, codes).await?;
        let day_key = self.offline_key("offline day", &format!("{site_id} {date}"))?;
        let queue_key = self.offline_key("offline queue", &site_id.to_string())?;
        let mut vaccines = HashMap::new();
        let mut records = Vec::with_capacity(found.len());
        let mut rows = found.iter().map(|found| self.roster_row(found)).collect::<Result<Vec<_>>>()?;
        rows.sort_by(|a, b| (a.window.start, &a.name, a.code).cmp(&(b.window.start, &b.name, b.code)));
        for found in found {
            let code = Code::parse(&found.booking.code).map_err(|_| Error::internal())?;
            let vaccine = self.vaccine(&found.slot.vaccine_id)?;
            vaccines.entry(vaccine.id.clone()).or_insert_with(|| vaccine_out(vaccine));
            let keys = stretched.get(&code).and_then(|stretched| of_record(&day_key, stretched));
            let (name, key) = keys.ok_or_else(Error::internal)?;
            let plain = serde_json::to_vec(&self.record(&found, &names, &doses)?).map_err(|_| Error::internal())?;
            let nonce = self.vault().entropy().bytes::<NONCE>();
            let sealed = seal(&key, nonce, &name, &plain).ok_or_else(Error::internal)?;
            records.push((BASE64.encode(name), BASE64.encode(sealed)));
        }
        // in no order that would tell anything
        records.sort();
        let roster_key = self.offline_key("offline roster", &format!("{} {site_id} {date}", staff.id))?;
        let plain = serde_json::to_vec(&rows).map_err(|_| Error::internal())?;
        let roster = seal(&roster_key, self.vault().entropy().bytes::<NONCE>(), FOR_ROSTER, &plain).ok_or_else(Error::internal)?;
        let roster = BASE64.encode(roster);
        let mut vaccines: Vec<_> = vaccines.into_values().collect();
        vaccines.sort_by(|a, b| a.id.cmp(&b.id));
        let keys = self.vault().keys();
        let pass_keys = keys.pass_keys().into_iter().filter_map(|one| Some((one.id, keys.verifying(one.id)?.to_bytes()))).collect();
        let site_name = site.name;
        Ok(TakeAlong { now, date, site_id, site_name, vaccines, pass_keys, salt, day_key, queue_key, roster_key, roster, records })
    }

    fn record(&self, found: &Found, names: &HashMap<Uuid, String>, doses: &HashMap<Vec<u8>, Vec<DoseRecord>>) -> Result<Record> {
        let details = people::open(self.vault(), &found.person)?;
        Ok(Record {
            name: details.name.as_str().to_owned(),
            age: age_on(details.born_on, found.slot.date).unwrap_or(0),
            document_kind: details.document.kind(),
            document_last_four: details.document.last_four().to_owned(),
            vaccine_id: found.slot.vaccine_id.clone(),
            dose: found.dose(),
            window: found.slot.window(),
            state: found.state(self.today())?,
            redemption: self.redemption(found, names)?,
            version: found.booking.version,
            screening_due: found.is_to_be_asked(),
            stop: self.too_young(&details),
            caution: self.doubtful_dose(found, &details, doses)?,
        })
    }

    /// A key that follows from this installation's own, so that every process gives the same.
    fn offline_key(&self, what: &str, of: &str) -> Result<[u8; KEY]> {
        self.vault().hash(what, of).try_into().map_err(|_| Error::internal())
    }

    /// The salt of a site's day, and what these codes are stretched to with it. Stretching takes milliseconds each, on a thread of its own.
    async fn stretched(&self, site_id: Uuid, date: NaiveDate, codes: Vec<Code>) -> Result<([u8; SALT], HashMap<Code, [u8; KEY]>)> {
        let salt = self.offline_key("offline salt", &format!("{site_id} {date}"))?;
        let salt: [u8; SALT] = salt[..SALT].try_into().map_err(|_| Error::internal())?;
        let stretched: Arc<Stretched> = self.stretched_codes();
        let work = move || {
            let mut of_day = stretched.of(site_id, date);
            let missing: Vec<_> = codes.iter().filter(|code| !of_day.codes.contains_key(code)).copied().collect();
            for code in &missing {
                of_day.codes.insert(*code, stretch(*code, &salt)?);
            }
            if !missing.is_empty() {
                stretched.keep(site_id, &of_day);
            }
            Some(of_day.codes)
        };
        let codes = tokio::task::spawn_blocking(work).await.ok().flatten().ok_or_else(Error::internal)?;
        Ok((salt, codes))
    }
}

impl Stretched {
    fn of(&self, site_id: Uuid, date: NaiveDate) -> OfDay {
        let known =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&site_id).filter(|of_day| of_day.date == date).cloned();
        known.unwrap_or(OfDay { date, codes: HashMap::new() })
    }

    /// Keeps them for the next tablet, and nothing of other days.
    fn keep(&self, site_id: Uuid, of_day: &OfDay) {
        let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        days.retain(|_, other| other.date == of_day.date);
        days.insert(site_id, of_day.clone());
    }
}
