//! What a message says, worded from its booking as it is now, and whether it still goes.

use std::collections::HashMap;

use domain::booking::BookingState;
use domain::closing::CallOffReason;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::identity::Phone;
use domain::lang::Lang;
use domain::message::{About, AsItIs, Going, MessageKind, Values, going};
use domain::time::civil;
use domain::{DateTime, Utc, Uuid};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::Body;
use super::row::kind_of;
use crate::Engine;
use crate::error::internal;
use crate::people;
use crate::shown::Found;
use crate::store::entities::{account, message, person};
use crate::store::lists::lists;

/// A message in words.
pub(crate) struct Words {
    pub lang: Lang,
    pub to: Phone,
    pub text: String,
    pub values: Values,
}

/// What messages are worded from, read for many of them together.
struct Told {
    bookings: HashMap<String, Found>,
    langs: HashMap<Uuid, Lang>,
    /// Bookings of which what a message would offer is settled.
    settled: HashMap<String, bool>,
}

impl Engine {
    /// Messages, each with whether it goes at `now`, and in which words if it does.
    pub(crate) async fn look_again(&self, rows: &[message::Model], now: DateTime<Utc>) -> Result<Vec<(Going, Option<Words>)>> {
        let told = self.read_told(rows).await?;
        rows.iter().map(|row| self.how_it_goes(row, &told, now)).collect()
    }

    /// Messages with what stands in them: as they went, or, where they have not gone, as they would.
    pub(crate) async fn worded(&self, rows: Vec<message::Model>) -> Result<Vec<(message::Model, Option<Body>)>> {
        let told = self.read_told(&rows).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let body = match self.open_body(&row)? {
                Some(body) => Some(body),
                // on the day on which it is due: a reminder says "tomorrow"
                None => {
                    let (going, words) = self.how_it_goes(&row, &told, row.due_at.max(self.now()))?;
                    let stands = matches!(going, Going::Go | Going::Then(_));
                    words.filter(|_| stands).map(|words| Body { to: words.to.as_str().to_owned(), text: words.text, fields: None })
                }
            };
            all.push((row, body));
        }
        Ok(all)
    }

    fn how_it_goes(&self, row: &message::Model, told: &Told, now: DateTime<Utc>) -> Result<(Going, Option<Words>)> {
        let kind = kind_of(row)?;
        let Some(code) = &row.booking_code else { return self.look_at_code(row, now) };
        let (Some(version), Some(found)) = (row.booking_version, told.bookings.get(code)) else { return Ok((Going::Drop, None)) };
        let state = found.state(civil(now).date())?;
        let settled = told.settled.get(code).copied().unwrap_or(false);
        let booking = AsItIs { state, version: found.booking.version, window: found.slot.window(), settled };
        let going = going(kind, version, &booking, row.created_at, now);
        let lang = told.langs.get(&found.booking.account_id).copied().unwrap_or(Lang::Zh);
        self.words(row, kind, found, lang, now).map(|words| (going, Some(words)))
    }

    /// A message that is about no booking: a code, or a test of the office's. Whoever asked for it waits for it, or has given up.
    fn look_at_code(&self, row: &message::Model, now: DateTime<Utc>) -> Result<(Going, Option<Words>)> {
        let Some(Body { to, text, fields: Some((lang, values)) }) = self.open_body(row)? else { return Ok((Going::Drop, None)) };
        if now >= row.created_at + domain::message::CODE_LASTS {
            return Ok((Going::TooLate, None));
        }
        Ok((Going::Go, Some(Words { lang, to: Phone::parse(&to)?, text, values })))
    }

    fn words(&self, row: &message::Model, kind: MessageKind, found: &Found, lang: Lang, now: DateTime<Utc>) -> Result<Words> {
        let details = people::open(self.vault(), &found.person)?;
        let site = self.site(found.slot.site_id)?;
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        let about = About {
            city: self.city().title(lang),
            name: &details.name.masked(),
            vaccine: lang.pick(&vaccine.name, &vaccine.name_en),
            dose: found.dose(),
            window: found.slot.window(),
            site: lang.pick(&site.name, &site.name_en),
            phone: &site.phone,
            code: Code::parse(&found.booking.code).map_err(|_| Error::internal())?,
            link: &self.config().link,
            reason: row.detail.as_deref().map_or("", |word| word.parse::<CallOffReason>().map_or(word, |reason| reason.text(lang))),
        };
        let values = about.values(lang, civil(now).date());
        let text = self.config().city.texts.text(kind, lang, &values);
        Ok(Words { lang, to: details.phone, text, values })
    }

    async fn read_told(&self, rows: &[message::Model]) -> Result<Told> {
        let bookings = self.bookings_told(rows).await?;
        let langs = self.langs(bookings.values().map(|found| found.booking.account_id)).await?;
        let offers = |kind: &str| kind == MessageKind::NextDose.as_str() || kind == MessageKind::Missed.as_str();
        let offering = rows.iter().filter(|row| offers(&row.kind)).filter_map(|row| row.booking_code.as_ref());
        let settled = self.settled(offering.filter_map(|code| bookings.get(code)).collect()).await?;
        Ok(Told { bookings, langs, settled })
    }

    /// The bookings that messages are about, by their codes.
    pub(super) async fn bookings_told(&self, rows: &[message::Model]) -> Result<HashMap<String, Found>> {
        self.bookings_of(rows.iter().filter_map(|row| row.booking_code.clone()).collect()).await
    }

    async fn langs(&self, accounts: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, Lang>> {
        let mut ids: Vec<_> = accounts.collect();
        ids.sort_unstable();
        ids.dedup();
        let mut langs = HashMap::with_capacity(ids.len());
        for list in lists(&ids) {
            let rows: Vec<(Uuid, String)> = account::Entity::find()
                .select_only()
                .column(account::Column::Id)
                .column(account::Column::Lang)
                .filter(account::Column::Id.is_in(list))
                .into_tuple()
                .all(&self.store().read)
                .await
                .map_err(internal)?;
            langs.extend(rows.into_iter().filter_map(|(id, lang)| Some((id, lang.parse().ok()?))));
        }
        Ok(langs)
    }

    /// Whether what a message about these bookings offers is booked or given already: after a jab the next dose, after a day that was missed
    /// the same one.
    pub(super) async fn settled(&self, offering: Vec<&Found>) -> Result<HashMap<String, bool>> {
        if offering.is_empty() {
            return Ok(HashMap::new());
        }
        let people: Vec<person::Model> = offering.iter().map(|found| found.person.clone()).collect();
        let doses = people::doses_of(&self.store().read, &people, self.today()).await?;
        let mut settled = HashMap::with_capacity(offering.len());
        for found in offering {
            let from = found.dose() + u8::from(found.booking.state == BookingState::Redeemed.as_str());
            let products = self.board().vaccines_of(&found.booking.course);
            let records = doses.get(&found.person.person_hash).map(Vec::as_slice).unwrap_or_default();
            let live = |record: &domain::eligibility::DoseRecord| {
                record.dose >= from && products.iter().any(|product| product.id == record.vaccine_id)
            };
            settled.insert(found.booking.code.clone(), records.iter().any(live));
        }
        Ok(settled)
    }
}
