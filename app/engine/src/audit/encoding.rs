//! What a row says as bytes, and their keyed digest. Every part tells its own length, so that no two rows that differ are the same bytes.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::store::entities::audit;

/// Bytes of a row's digest: half of HMAC-SHA-256, which RFC 2104 (5) takes for enough.
pub(super) const MAC: usize = 16;
/// Bytes of a hash.
pub(super) const HASH: usize = 32;

/// The first byte of what is encoded in this way.
const VERSION: u8 = 1;

/// All that a row says, but its link and its digest.
pub(super) fn encode(row: &audit::Model) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(192);
    bytes.push(VERSION);
    bytes.extend_from_slice(row.id.as_bytes());
    bytes.extend_from_slice(&row.at.timestamp_micros().to_be_bytes());
    part(&mut bytes, Some(row.actor.as_bytes()));
    part(&mut bytes, row.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
    part(&mut bytes, Some(row.action.as_bytes()));
    part(&mut bytes, Some(row.object.as_bytes()));
    part(&mut bytes, row.detail.as_deref().map(str::as_bytes));
    part(&mut bytes, Some(row.outcome.as_bytes()));
    part(&mut bytes, row.origin.as_deref().map(str::as_bytes));
    bytes
}

/// A part, with its length before it; one that is not there has a length that none has.
fn part(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    let length = part.map_or(u32::MAX, |part| u32::try_from(part.len()).unwrap_or(u32::MAX - 1));
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part.unwrap_or_default());
}

/// The keyed digest of a row.
pub(super) fn mac(key: &[u8; HASH], row: &audit::Model) -> [u8; MAC] {
    let whole = keyed(key, &[b"row\0", &encode(row)]);
    core::array::from_fn(|at| whole[at])
}

/// HMAC-SHA-256 of these parts, one after the other. What is hashed of different kinds begins differently.
pub(super) fn keyed(key: &[u8; HASH], parts: &[&[u8]]) -> [u8; HASH] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// SHA-256.
pub(super) fn hash(bytes: &[u8]) -> [u8; HASH] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{DateTime, Uuid};
    use proptest::prelude::*;

    /// Few letters and short texts, so that rows that differ only in where a text ends are among them.
    fn text() -> impl Strategy<Value = String> {
        proptest::string::string_regex("[ab\u{0}针]{0,3}").expect("a pattern")
    }

    prop_compose! {
        fn row()(
            (id, micros) in (0u128..3, 0i64..3), (actor, actor_id) in (text(), proptest::option::of(0u128..3)),
            (action, object, detail) in (text(), text(), proptest::option::of(text())),
            (outcome, origin) in (text(), proptest::option::of(text())),
        ) -> audit::Model {
            let (id, actor_id) = (Uuid::from_u128(id), actor_id.map(Uuid::from_u128));
            let at = DateTime::from_timestamp_micros(micros).expect("an instant");
            audit::Model { id, at, actor, actor_id, action, object, detail, outcome, origin, link: None, mac: None }
        }
    }

    /// Moves a sign from the end of one part to the beginning of the next.
    fn shifted(mut row: audit::Model) -> audit::Model {
        if let Some(sign) = row.action.pop() {
            row.object.insert(0, sign);
        } else if let Some(sign) = row.object.pop() {
            row.detail.get_or_insert_default().insert(0, sign);
        }
        row
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn two_rows_that_differ_never_encode_alike(one in row(), other in row()) {
            for other in [other, shifted(one.clone()), audit::Model { detail: None, ..one.clone() }] {
                prop_assert_eq!(encode(&one) == encode(&other), one == other);
                prop_assert_eq!(mac(&[7; HASH], &one) == mac(&[7; HASH], &other), one == other);
            }
        }
    }

    #[test]
    fn a_digest_belongs_to_its_key() {
        let row = audit::Model {
            id: Uuid::from_u128(1),
            at: DateTime::UNIX_EPOCH,
            actor: "staff".into(),
            actor_id: None,
            action: "look_up".into(),
            object: "x".into(),
            detail: None,
            outcome: "done".into(),
            origin: None,
            link: None,
            mac: None,
        };
        assert_ne!(mac(&[1; HASH], &row), mac(&[2; HASH], &row));
    }
}
