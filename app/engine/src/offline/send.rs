//! Jabs that a tablet recorded without a network, taken in the order of their time.

use std::collections::HashMap;

use domain::access::{Action, Role};
use domain::code::Code;
use domain::error::{Error, Result};
use domain::lot::was_open;
use domain::offline::late::{Became, Late, LateAnswer, MOST, Sent, when};
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::Engine;
use crate::audit::{self, Actor};
use crate::checkin::short;
use crate::desk::{Job, LateJab, LateJabs};
use crate::error::internal;
use crate::shown::Found;
use crate::staff::Staff;
use crate::store::entities::{lot, staff, staff_site};

/// The longest lot number, in characters; and the longest name of a tablet.
const LONGEST_TEXT: usize = 40;

impl Engine {
    /// Takes jabs that were recorded without a network, each once however often it is sent. One that disagrees with what its booking says is
    /// kept beside it, for the site's manager; nothing is overwritten. The office has no site of its own: theirs are of the booking's.
    ///
    /// # Errors
    /// `invalid` on `redemptions` where there are more than [`MOST`]; `forbidden`; `busy`. What is wrong with one is its own answer.
    pub async fn send_late(&self, staff: &Staff, redemptions: Vec<Late>) -> Result<Sent> {
        self.allow_somewhere(staff, Action::WorkOffline)?;
        self.allow_somewhere(staff, Action::Redeem)?;
        if redemptions.len() > MOST {
            return Err(Error::field("redemptions", Reason::Malformed));
        }
        let now = self.now();
        let codes = redemptions.iter().filter_map(|late| Code::parse(&late.code).ok()).map(|code| code.to_string());
        let found = self.bookings_of(codes.collect()).await?;
        let by = self.recorders(staff, &redemptions).await?;
        let lots = self.lots_named(redemptions.iter().filter_map(|late| late.lot.as_deref())).await?;
        let order: Vec<Uuid> = redemptions.iter().map(|late| late.nonce).collect();
        let mut answers = HashMap::with_capacity(order.len());
        let mut jabs = Vec::with_capacity(order.len());
        for late in redemptions {
            let nonce = late.nonce;
            match self.late_jab(staff, late, &found, &by, &lots, now) {
                Ok(jab) => jabs.push(jab),
                Err(error) => {
                    answers.insert(nonce, LateAnswer::refused(nonce, error.reason.unwrap_or(Reason::Malformed)));
                }
            }
        }
        jabs.sort_by_key(|jab| (jab.when.at, jab.nonce));
        if !jabs.is_empty() {
            for answer in self.desk().take_late(Job::Late(Box::new(LateJabs(jabs)))).await? {
                // one number that came twice: the first answer tells what was done
                let told = answers.entry(answer.nonce).or_insert_with(|| answer.clone());
                if told.became == Became::Refused {
                    *told = answer;
                }
            }
        }
        Ok(Sent { answers: order.iter().filter_map(|nonce| answers.get(nonce).cloned()).collect() })
    }

    /// Who recorded what a tablet sends: whoever is named, where they work at the same site. A tablet is shared, and whoever sends need not be
    /// who gave the jab; the audit tells who sent it.
    async fn recorders(&self, staff: &Staff, redemptions: &[Late]) -> Result<HashMap<String, Uuid>> {
        let mut names: Vec<String> = redemptions.iter().filter_map(|late| late.by.as_deref()).map(str::to_lowercase).collect();
        names.sort();
        names.dedup();
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let db = &self.store().read;
        let rows = staff::Entity::find().filter(staff::Column::Username.is_in(names)).all(db).await.map_err(internal)?;
        let here = staff_site::Entity::find().filter(staff_site::Column::SiteId.eq(staff.member.site_id.unwrap_or_default()));
        let here: Vec<Uuid> = here.all(db).await.map_err(internal)?.into_iter().map(|row| row.staff_id).collect();
        let works = |row: &staff::Model| row.role == Role::Office.as_str() || here.contains(&row.id);
        Ok(rows.into_iter().filter(works).map(|row| (row.username, row.id)).collect())
    }

    fn late_jab(
        &self,
        staff: &Staff,
        late: Late,
        found: &HashMap<String, Found>,
        by: &HashMap<String, Uuid>,
        lots: &[lot::Model],
        now: DateTime<Utc>,
    ) -> Result<LateJab> {
        let code = Code::parse(&late.code)?;
        let when = when(late.at, now).map_err(|reason| Error::field("at", reason))?;
        let found = found.get(code.as_str()).ok_or_else(|| Error::field("code", Reason::NotFound))?;
        let here = staff.member.site_id.unwrap_or(found.slot.site_id);
        self.allow(staff, Action::Redeem, here, code)?;
        let lot = told(late.lot, "lot")?;
        let box_of = lot.as_deref().and_then(|number| {
            let same = |row: &&lot::Model| row.vaccine_id == found.slot.vaccine_id && row.number.eq_ignore_ascii_case(number);
            lots.iter().filter(same).find(|row| row.site_id == here && was_open(row.opened_at, row.closed_at, when.at))
        });
        let staff_id = late.by.and_then(|name| by.get(&name.to_lowercase()).copied()).unwrap_or(staff.id);
        let whose = if staff_id == staff.id { String::new() } else { format!(", by {staff_id}") };
        let detail = Some(format!("at {}{whose}", when.at.to_rfc3339()));
        let row = |action| audit::row(self.vault(), now, Actor::Staff(staff.id), action, code, detail.clone());
        Ok(LateJab {
            code,
            nonce: late.nonce,
            when,
            here,
            staff_id,
            sent_by: staff.id,
            lot_id: box_of.map(|row| row.id),
            lot: box_of.map(|row| row.number.clone()).or(lot),
            device: told(late.device, "device")?,
            next_dose: self.next_dose_message(found, now)?,
            conflict_id: self.vault().id(now),
            audit: [row("redeem_late"), row("conflict")],
        })
    }
}

/// What a tablet tells of itself or of a box; nothing where it is empty.
fn told(text: Option<String>, field: &str) -> Result<Option<String>> {
    let text = text.map(|text| short(&text, LONGEST_TEXT, field)).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}
