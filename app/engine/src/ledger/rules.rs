//! What the ledger proves, rule by rule: each is one query for the rows that break it.
//!
//! SQL, and not the query builder: an auditor should be able to read it, and to run it by hand. It is the same on SQLite and on
//! PostgreSQL. Every query names the row, what it should be and what it is, and never who somebody is.

/// How many rows of a rule are named; all are counted.
pub(super) const NAMED: usize = 100;

/// How a table names its rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// By an id.
    Id,
    /// By a booking's code.
    Code,
}

/// What a query takes for `$1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: it reads all rows.
    Nothing,
    /// The first day whose slots are looked at.
    FirstDay,
    /// The present day.
    Today,
}

/// One thing that must be so.
#[derive(Debug)]
pub(super) struct Rule {
    pub says: &'static str,
    pub table: &'static str,
    pub key: Key,
    pub takes: Takes,
    /// Gives `key`, `expected` and `found` of the rows that break it.
    pub sql: &'static str,
}

impl Rule {
    /// The query for the first rows that break it, each with how many there are.
    pub(super) fn query(&self) -> String {
        format!("SELECT broken.*, count(*) OVER () AS broken_rows FROM ({}) AS broken ORDER BY 1 LIMIT {NAMED}", self.sql)
    }
}

/// All of them.
pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "a slot never has more taken than it has places",
        table: "slots",
        key: Key::Id,
        takes: Takes::FirstDay,
        sql: "SELECT id AS key, 'from 0 to ' || CAST(capacity AS text) || ' taken' AS expected, CAST(taken AS text) || ' taken' AS found
              FROM slots WHERE date >= $1 AND (taken < 0 OR taken > capacity)",
    },
    Rule {
        says: "what is taken of a slot are its bookings that are not cancelled",
        table: "slots",
        key: Key::Id,
        takes: Takes::FirstDay,
        sql: "SELECT s.id AS key, CAST(count(b.code) AS text) || ' taken' AS expected, CAST(s.taken AS text) || ' taken' AS found
              FROM slots s LEFT JOIN bookings b ON b.slot_id = s.id AND b.state <> 'cancelled'
              WHERE s.date >= $1 GROUP BY s.date, s.id, s.taken HAVING s.taken <> count(b.code)",
    },
    Rule {
        says: "a person has one live booking of a dose",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT b.code AS key, '1 live booking of this person, course and dose' AS expected, CAST(twice.live AS text) AS found
              FROM (SELECT person_hash, course, dose, count(*) AS live FROM bookings WHERE state IN ('booked', 'redeemed')
                    GROUP BY person_hash, course, dose HAVING count(*) > 1) twice
              JOIN bookings b ON b.person_hash = twice.person_hash AND b.course = twice.course AND b.dose = twice.dose
              WHERE b.state IN ('booked', 'redeemed')",
    },
    Rule {
        says: "a booking's slot is there",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT code AS key, 'its slot' AS expected, 'no such slot' AS found FROM bookings WHERE slot_id IN
              (SELECT b.slot_id FROM bookings b WHERE NOT EXISTS (SELECT 1 FROM slots s WHERE s.id = b.slot_id))",
    },
    Rule {
        says: "a booking's person is there",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT code AS key, 'its person' AS expected, 'no such person' AS found FROM bookings WHERE person_id IN
              (SELECT b.person_id FROM bookings b WHERE NOT EXISTS (SELECT 1 FROM people p WHERE p.id = b.person_id))",
    },
    Rule {
        says: "a booking's account is there",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT code AS key, 'its account' AS expected, 'no such account' AS found FROM bookings WHERE account_id IN
              (SELECT b.account_id FROM bookings b WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = b.account_id))",
    },
    Rule {
        says: "who waits for their day is still the person that the booking was made for, in the list of the account that made it",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Today,
        sql: "SELECT b.code AS key, 'the person that it was made for' AS expected,
                     CASE WHEN p.removed THEN 'a person who was removed' WHEN p.account_id <> b.account_id
                          THEN 'a person of another account' ELSE 'a person with another document' END AS found
              FROM slots s CROSS JOIN bookings b CROSS JOIN people p
              WHERE s.date >= $1 AND b.slot_id = s.id AND b.state = 'booked' AND p.id = b.person_id
                AND (p.removed OR p.account_id <> b.account_id OR p.person_hash <> b.person_hash)",
    },
    Rule {
        says: "a booking whose person was forgotten is over, belongs to no account that is known, and tells nothing more about them",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT b.code AS key, 'over, and nobody''s' AS expected,
                     b.state || CASE WHEN length(a.phone_sealed) = 0 THEN '' ELSE ', of an account' END
                             || CASE WHEN b.previous_dose_on IS NULL THEN '' ELSE ', a dose before' END
                             || CASE WHEN b.turned_away IS NULL THEN '' ELSE ', why they went home' END AS found
              FROM bookings b JOIN accounts a ON a.id = b.account_id
              WHERE b.person_id IN (SELECT id FROM people WHERE removed AND length(sealed) = 0)
                AND (b.state = 'booked' OR length(a.phone_sealed) > 0 OR b.previous_dose_on IS NOT NULL OR b.turned_away IS NOT NULL)",
    },
    Rule {
        says: "a redeemed booking, and no other, has when it was redeemed, by which member of staff, and by which scan",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT code AS key,
                     CASE WHEN state = 'redeemed' THEN 'when, by whom, by which scan' ELSE 'no trace of a jab' END AS expected,
                     state || CASE WHEN redeemed_at IS NULL THEN ', no time' ELSE ', a time' END
                           || CASE WHEN redeemed_by IS NULL THEN ', nobody'
                                   WHEN EXISTS (SELECT 1 FROM staff WHERE staff.id = redeemed_by) THEN ', somebody'
                                   ELSE ', somebody unknown' END
                           || CASE WHEN redeem_nonce IS NULL THEN ', no scan' ELSE ', a scan' END
                           || CASE WHEN lot IS NULL THEN '' ELSE ', a lot' END AS found
              FROM bookings
              WHERE CASE WHEN state = 'redeemed'
                    THEN redeemed_at IS NULL OR redeem_nonce IS NULL OR redeemed_by IS NULL
                         OR NOT EXISTS (SELECT 1 FROM staff WHERE staff.id = redeemed_by)
                    ELSE redeemed_at IS NOT NULL OR redeem_nonce IS NOT NULL OR redeemed_by IS NOT NULL OR lot IS NOT NULL
                         OR lot_id IS NOT NULL END",
    },
    Rule {
        says: "who was received was received by somebody, before their jab; who was let go was let go by somebody, after it",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT code AS key, 'came, jab, left, in this order, each by somebody' AS expected,
                     state || CASE WHEN arrived_at IS NULL THEN '' ELSE ', came' END
                           || CASE WHEN arrived_by IS NULL THEN '' ELSE ', received' END
                           || CASE WHEN left_at IS NULL THEN '' ELSE ', left' END
                           || CASE WHEN left_by IS NULL THEN '' ELSE ', let go' END AS found
              FROM bookings
              WHERE (arrived_at IS NULL) <> (arrived_by IS NULL) OR (left_at IS NULL) <> (left_by IS NULL)
                 OR left_at < redeemed_at OR (left_at IS NOT NULL AND redeemed_at IS NULL)",
    },
    Rule {
        says: "a jab's lot was opened before it, at the site where it was given, of its vaccine, by the same number, and had not expired",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT b.code AS key, 'an open lot of its site and vaccine' AS expected, COALESCE('lot ' || b.lot, 'no lot') AS found
              FROM bookings b JOIN slots s ON s.id = b.slot_id LEFT JOIN lots l ON l.id = b.lot_id
              WHERE b.lot_id IS NOT NULL AND (l.id IS NULL OR b.lot IS NULL OR b.lot <> l.number OR l.vaccine_id <> s.vaccine_id
                    OR l.site_id <> COALESCE(b.given_at_site, s.site_id) OR l.expires_on < COALESCE(b.given_on, s.date)
                    OR l.opened_at > b.redeemed_at)",
    },
    Rule {
        says: "who went home without the jab has a booking that is cancelled",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT code AS key, 'cancelled' AS expected, state || ', ' || turned_away AS found
              FROM bookings WHERE turned_away IS NOT NULL AND state <> 'cancelled'",
    },
    Rule {
        says: "a jab that was accepted was given at a site and on a day that are known, and not where and when it was booked",
        table: "bookings",
        key: Key::Code,
        takes: Takes::Nothing,
        sql: "SELECT b.code AS key, 'another site or day than it was booked for, both known' AS expected,
                     CASE WHEN b.given_at_site IS NULL OR b.given_on IS NULL THEN 'half of it'
                          WHEN b.state <> 'redeemed' THEN b.state ELSE 'the same site and day' END AS found
              FROM bookings b JOIN slots s ON s.id = b.slot_id
              WHERE (b.given_at_site IS NOT NULL OR b.given_on IS NOT NULL)
                AND (b.given_at_site IS NULL OR b.given_on IS NULL OR b.state <> 'redeemed'
                     OR (b.given_at_site = s.site_id AND b.given_on = s.date))",
    },
    Rule {
        says: "a jab that was sent afterwards is recorded at its booking or kept as a conflict, and never both",
        table: "conflicts",
        key: Key::Id,
        takes: Takes::Nothing,
        sql: "SELECT c.id AS key, 'a scan that recorded nothing' AS expected, 'recorded at booking ' || b.code AS found
              FROM conflicts c JOIN bookings b ON b.redeem_nonce = c.nonce",
    },
    Rule {
        says: "a conflict's booking is there, and a settled conflict says when, by whom and how",
        table: "conflicts",
        key: Key::Id,
        takes: Takes::Nothing,
        sql: "SELECT id AS key, 'its booking; when, by whom and how it was settled, or none of them' AS expected,
                     'booking ' || booking_code || CASE WHEN settled_at IS NULL THEN ', open' ELSE ', settled' END
                           || CASE WHEN decision IS NULL THEN ', no decision' ELSE ', a decision' END AS found
              FROM conflicts
              WHERE NOT EXISTS (SELECT 1 FROM bookings b WHERE b.code = conflicts.booking_code)
                 OR (settled_at IS NULL) <> (decision IS NULL) OR (settled_at IS NULL) <> (settled_by IS NULL)",
    },
    Rule {
        says: "the booking that answered a request is there",
        table: "requests",
        key: Key::Id,
        takes: Takes::Nothing,
        sql: "SELECT id AS key, 'booking ' || booking_code AS expected, 'no such booking' AS found FROM requests
              WHERE booking_code IN (SELECT booking_code FROM requests EXCEPT SELECT code FROM bookings ORDER BY 1)",
    },
    Rule {
        says: "the booking that a message tells of is there",
        table: "messages",
        key: Key::Id,
        takes: Takes::Nothing,
        sql: "SELECT id AS key, 'booking ' || booking_code AS expected, 'no such booking' AS found FROM messages
              WHERE booking_code IN
              (SELECT booking_code FROM messages WHERE booking_code IS NOT NULL EXCEPT SELECT code FROM bookings ORDER BY 1)",
    },
    Rule {
        says: "a message tells of a version that its booking has had",
        table: "messages",
        key: Key::Id,
        takes: Takes::Nothing,
        sql: "SELECT m.id AS key, 'version 1 to ' || CAST(b.version AS text) || ' of booking ' || b.code AS expected,
                     COALESCE('version ' || CAST(m.booking_version AS text), 'no version') AS found
              FROM messages m JOIN bookings b ON b.code = m.booking_code AND (m.booking_version > b.version OR COALESCE(m.booking_version, 0) < 1)
              WHERE m.booking_code IN (SELECT booking_code FROM messages WHERE booking_version > 1 OR COALESCE(booking_version, 0) < 1)",
    },
];
