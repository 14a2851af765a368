//! How many messages one number gets: gateways bound it, and some count even what they refuse.

use std::collections::HashMap;

use domain::error::Result;
use domain::message::MessageKind;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::row::HANDED;
use super::ways::Way;
use crate::Engine;
use crate::error::internal;
use crate::sms::{GatewayLimits, PerNumber};
use crate::store::entities::message;
use crate::store::lists::lists;

/// The longest span of a limit.
const DAY: chrono::Duration = chrono::Duration::days(1);

/// Id, hash of the number, kind, and when it was handed over.
type Row = (Uuid, Vec<u8>, String, Option<DateTime<Utc>>);

/// A message that a gateway has had.
struct Had {
    id: Uuid,
    kind: String,
    at: DateTime<Utc>,
}

impl Engine {
    /// Of these messages, all in hand for a gateway, those whose number has had enough by it, with when there is room again.
    pub(super) async fn room_for_numbers(&self, way: &Way, rows: &[message::Model]) -> Result<HashMap<Uuid, DateTime<Utc>>> {
        let limits = way.gateway.limits();
        if limits.codes == PerNumber::default() && limits.notices == PerNumber::default() && limits.a_template_a_day.is_none() {
            return Ok(HashMap::new());
        }
        let now = self.now();
        let mut hashes: Vec<_> = rows.iter().map(|row| row.to_hash.clone()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let mut had: HashMap<Vec<u8>, Vec<Had>> = HashMap::new();
        for list in lists(&hashes) {
            let found: Vec<Row> = message::Entity::find()
                .select_only()
                .column(message::Column::Id)
                .column(message::Column::ToHash)
                .column(message::Column::Kind)
                .column(message::Column::HandedAt)
                .filter(message::Column::ToHash.is_in(list))
                .filter(Expr::cust(HANDED))
                .filter(message::COLUMN.handed_at.gt(now - DAY))
                .filter(message::COLUMN.gateway.eq(way.name()))
                .into_tuple()
                .all(&self.store().read)
                .await
                .map_err(internal)?;
            for (id, hash, kind, at) in found {
                had.entry(hash).or_default().extend(at.map(|at| Had { id, kind, at }));
            }
        }
        let mut waits = HashMap::new();
        // each counts those before it, and none after: of two that are in hand together the first goes
        let mut after: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        for row in rows {
            let before = had.get(&row.to_hash).map(Vec::as_slice).unwrap_or_default();
            let before: Vec<_> = before.iter().filter(|had| !after.contains(&had.id)).collect();
            if let Some(until) = row.kind.parse().ok().and_then(|kind| room_at(limits, kind, &before, now)) {
                waits.insert(row.id, until);
            }
            after.retain(|id| *id != row.id);
        }
        Ok(waits)
    }
}

/// When a number may have another message of a kind; nothing: now.
fn room_at(limits: &GatewayLimits, kind: MessageKind, before: &[&Had], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let times = |like: &dyn Fn(&str) -> bool| {
        let mut times: Vec<_> = before.iter().filter(|had| like(&had.kind)).map(|had| had.at).collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        times
    };
    let of_sort = times(&|other| other.parse().is_ok_and(|other: MessageKind| other.is_code() == kind.is_code()));
    let of_template = times(&|other| other == kind.as_str());
    let PerNumber { a_minute, an_hour, a_day } = limits.of(kind);
    [
        (&of_sort, chrono::Duration::minutes(1), a_minute),
        (&of_sort, chrono::Duration::hours(1), an_hour),
        (&of_sort, DAY, a_day),
        (&of_template, DAY, limits.a_template_a_day.filter(|_| !kind.is_code())),
    ]
    .into_iter()
    .filter_map(|(times, span, most)| {
        // the one whose leaving the span makes room
        let oldest = times.get((most?.max(1) - 1) as usize)?;
        Some(*oldest + span).filter(|until| *until > now)
    })
    .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::{DemoInbox, Gateway};

    /// A kind, the messages before it with how many seconds ago they were, and the seconds that it waits.
    type Case = (MessageKind, &'static [(&'static str, i64)], Option<i64>);

    #[test]
    fn a_number_has_room_again_when_the_oldest_of_a_full_span_leaves_it() {
        let now: DateTime<Utc> = "2024-02-29T09:00:00Z".parse().expect("an instant");
        let ago = |seconds: i64| now - chrono::Duration::seconds(seconds);
        let limits = GatewayLimits {
            codes: PerNumber { a_minute: Some(1), an_hour: Some(2), a_day: Some(3) },
            notices: PerNumber { a_minute: None, an_hour: None, a_day: Some(3) },
            a_template_a_day: Some(2),
            ..DemoInbox::default().limits().clone()
        };
        let cases: &[Case] = &[
            (MessageKind::SignInCode, &[], None),
            (MessageKind::SignInCode, &[("sign_in_code", 59)], Some(1)),
            (MessageKind::SignInCode, &[("sign_in_code", 60)], None),
            (MessageKind::SignInCode, &[("own_data_code", 59)], Some(1)),
            (MessageKind::SignInCode, &[("booked", 1), ("booked", 2)], None),
            (MessageKind::SignInCode, &[("sign_in_code", 100), ("sign_in_code", 3000)], Some(600)),
            (MessageKind::Booked, &[("booked", 10)], None),
            (MessageKind::Booked, &[("booked", 10), ("booked", 400)], Some(86_000)),
            (MessageKind::Booked, &[("moved", 10), ("moved", 400), ("cancelled", 1400)], Some(85_000)),
            (MessageKind::Booked, &[("booked", 86_400), ("booked", 86_401)], None),
        ];
        for (kind, before, wait) in cases {
            let had: Vec<_> =
                before.iter().map(|(kind, s)| Had { id: Uuid::nil(), kind: (*kind).to_owned(), at: ago(*s) }).collect();
            let until = room_at(&limits, *kind, &had.iter().collect::<Vec<_>>(), now);
            assert_eq!(until.map(|until| (until - now).num_seconds()), *wait, "{kind} after {before:?}");
        }
    }
}
