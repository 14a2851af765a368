//! The table itself: one line an endpoint. Who calls stands above its columns; a cell says what is answered about one's own, about somebody
//! else's and about what does not exist.
//!
//! A new endpoint needs a line here. Its name is a server function's (`people/list`) or a plain route's with its method (`GET /healthz`); then
//! comes what it is about, how it is asked, and the seven cells. A cell that does not fit any of those below is written out:
//! `["ok", "forbidden", "not_found"]`. What the caller has changed by an `ok` is made anew before the next call.

use serde_json::{Value, json};

use super::world::{Given, Object};

/// What is answered about one's own, somebody else's and the unknown: `ok`, or the code of a refusal.
pub(super) type Cell = [&'static str; 3];

/// Nobody, the citizen, another citizen, a nurse of another site, the nurse, her manager, the office.
pub(super) const CALLERS: [&str; 7] = ["nobody", "citizen", "other citizen", "nurse elsewhere", "nurse", "manager", "office"];

/// A line of the table.
pub(super) struct Line {
    /// The endpoint.
    pub(super) name: &'static str,
    /// What it is about.
    pub(super) about: Object,
    /// What is sent.
    pub(super) body: fn(&Given) -> Value,
    /// What is answered, in the order of [`CALLERS`].
    pub(super) answers: [Cell; 7],
}

/// Not without the right sign-in, whatever it is about.
const OUT: Cell = ["sign_in_required"; 3];
/// Whatever it is about.
const OK: Cell = ["ok"; 3];
/// One's own; the rest is not there.
const MINE: Cell = ["ok", "not_found", "not_found"];
/// The same, where the caller is that somebody else.
const THEIRS: Cell = ["not_found", "ok", "not_found"];
/// Whatever is there.
const THERE: Cell = ["ok", "ok", "not_found"];
/// At one's own site.
const SITE: Cell = ["ok", "forbidden", "not_found"];
/// The same, where the caller works at that other site.
const ELSEWHERE: Cell = ["forbidden", "ok", "not_found"];
/// The same, where the day is not right.
const EARLY: Cell = ["ineligible", "forbidden", "not_found"];
/// Whatever has a pass of ours.
const PASS: Cell = ["ok", "ok", "invalid"];
/// Not in this role, whatever it is about.
const NEVER: Cell = ["forbidden"; 3];
/// A value that is wrong, and says nothing about what is there.
const WRONG: Cell = ["invalid"; 3];
/// A path that no method answers.
const NOWHERE: Cell = ["not_found"; 3];

/// For those who are signed in as citizens, and about nothing in particular.
const CITIZENS: [Cell; 7] = [OUT, OK, OK, OUT, OUT, OUT, OUT];
/// For members of staff, and about nothing in particular.
const STAFF: [Cell; 7] = [OUT, OUT, OUT, OK, OK, OK, OK];
/// For the owner alone.
const OWNERS: [Cell; 7] = [OUT, MINE, THEIRS, OUT, OUT, OUT, OUT];
/// For everybody.
const PUBLIC: [Cell; 7] = [OK; 7];

fn nothing(_: &Given) -> Value {
    json!({})
}

fn code(given: &Given) -> Value {
    json!({ "code": given.object })
}

fn wrong_code(_: &Given) -> Value {
    json!({ "code": "1234567" })
}

fn save(given: &Given) -> Value {
    let document = json!({ "kind": "passport", "number": format!("E{:08}", given.number) });
    json!({ "person": {
        "id": given.object, "relation": "other", "name": "李建国", "phone": "13700001111", "county": "431103", "address": "梧桐路12号3栋",
        "document": document, "born_on": "1970-05-06",
    } })
}

fn open_lot(given: &Given) -> Value {
    json!({ "site_id": given.object, "vaccine_id": "vero", "number": format!("L{}", given.number), "expires_on": "2030-01-01", "doses": 10 })
}

/// Somebody else each time.
fn at_desk(given: &Given) -> Value {
    let document = json!({ "kind": "passport", "number": format!("E{:08}", given.number) });
    let person = json!({ "relation": "other", "name": "李建国", "phone": "13700001111", "county": "431103", "address": "梧桐路12号3栋",
        "document": document, "born_on": "1970-05-06" });
    let answers = json!({ "allergy": false, "severe_reaction": false, "neurological": false, "acute_or_uncontrolled": false, "pregnant": false });
    json!({ "request_id": given.request(), "slot_id": given.object, "dose": 1, "how": "phone", "person": person, "screening": answers,
        "consent": { "version": given.notice } })
}

pub(super) fn reserve(given: &Given) -> Value {
    let answers = json!({ "allergy": false, "severe_reaction": false, "neurological": false, "acute_or_uncontrolled": false, "pregnant": false });
    json!({
        "request_id": given.request(), "person_id": given.object, "slot_id": given.slot, "dose": 1,
        "screening": answers, "consent": { "version": given.notice },
    })
}

#[rustfmt::skip]
pub(super) const TABLE: &[Line] = &[
    line("notices/current",              Object::Nothing,  nothing, PUBLIC),
    // a number that has an account and one that has none are answered alike, and so are user names
    line("accounts/send_code",           Object::Phone,    |given| json!({ "phone": given.object }), PUBLIC),
    line("accounts/sign_in",             Object::Phone,    |given| json!({ "phone": given.object, "code": "1234567" }), [WRONG; 7]),
    line("accounts/me",                  Object::Nothing,  nothing, CITIZENS),
    line("accounts/set_lang",            Object::Nothing,  |_| json!({ "lang": "zh" }), CITIZENS),
    line("accounts/sign_out",            Object::Session,  nothing, PUBLIC),
    line("accounts/sign_out_everywhere", Object::Session,  nothing, CITIZENS),
    line("accounts/unbind_wechat",       Object::Nothing,  nothing, CITIZENS),
    line("accounts/consent",             Object::Nothing,  |given| json!({ "kind": "sensitive", "version": given.notice }), CITIZENS),
    line("accounts/holdings",            Object::Nothing,  nothing, CITIZENS),
    line("accounts/send_own_code",       Object::Nothing,  nothing, CITIZENS),
    line("accounts/own_data",            Object::Phone,    wrong_code, [OUT, WRONG, WRONG, OUT, OUT, OUT, OUT]),
    line("accounts/erase",               Object::Phone,    wrong_code, [OUT, WRONG, WRONG, OUT, OUT, OUT, OUT]),
    line("people/save",                  Object::Person,   save, OWNERS),
    line("people/list",                  Object::Nothing,  nothing, CITIZENS),
    line("people/remove",                Object::Person,   |given| json!({ "id": given.object }), OWNERS),
    line("bookings/reserve",             Object::Person,   reserve, OWNERS),
    line("bookings/move",                Object::Booking,  |given| json!({ "request_id": given.request(), "code": given.object, "slot_id": given.slot }), OWNERS),
    line("bookings/cancel",              Object::Booking,  code, OWNERS),
    line("bookings/show",                Object::Booking,  code, OWNERS),
    line("bookings/messages",            Object::Booking,  code, OWNERS),
    line("bookings/list",                Object::Nothing,  nothing, CITIZENS),
    line("staff/sign_in",                Object::Username, |given| json!({ "username": given.object, "password": "a wrong password" }), [OUT; 7]),
    line("staff/me",                     Object::Nothing,  nothing, STAFF),
    line("staff/sign_out",               Object::Session,  nothing, PUBLIC),
    line("staff/sign_out_everywhere",    Object::Session,  nothing, STAFF),
    line("staff/lock",                   Object::Session,  nothing, STAFF),
    // the screen is not locked: there is nothing to open, and nothing to try
    line("staff/unlock",                 Object::Nothing,  |_| json!({ "pin": "284619" }), STAFF),
    line("staff/set_pin",                Object::Nothing,  |_| json!({ "password": crate::support::PASSWORD, "pin": "284619" }), STAFF),
    line("staff/set_password",           Object::Nothing,  |_| json!({ "password": crate::support::PASSWORD, "new_password": "12345678" }), [OUT, OUT, OUT, WRONG, WRONG, WRONG, WRONG]),
    line("staff/second_factor/begin",    Object::Nothing,  |_| json!({ "password": crate::support::PASSWORD }), STAFF),
    line("staff/second_factor/confirm",  Object::Nothing,  |_| json!({ "otp": "12345" }), [OUT; 7]),
    line("staff/second_factor/off",      Object::Nothing,  |_| json!({ "password": crate::support::PASSWORD, "otp": "12345" }), [OUT, OUT, OUT, ["wrong_state"; 3], ["wrong_state"; 3], ["wrong_state"; 3], ["wrong_state"; 3]]),
    // the session is bound to a site already
    line("staff/choose_site",            Object::Site,     |given| json!({ "site_id": given.object }),
                                                           [OUT, OUT, OUT, ["forbidden", "ok", "forbidden"], ["ok", "forbidden", "forbidden"], ["ok", "forbidden", "forbidden"], NEVER]),
    //                                                                nobody citizen other nurse elsewhere nurse manager office
    line("checkin/look_up",              Object::Booking,  code,     [OUT,   OUT,    OUT,  THERE,          THERE, THERE, THERE]),
    line("checkin/look_up",              Object::Pass,     |given| json!({ "pass": given.object }),
                                                                     [OUT,   OUT,    OUT,  PASS,           PASS,  PASS,  PASS]),
    line("checkin/redeem",               Object::Booking,  |given| json!({ "code": given.object, "nonce": given.request() }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("checkin/undo",                 Object::Redeemed, |given| json!({ "code": given.object, "reason": "扫错了人" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("checkin/reveal",               Object::Booking,  |given| json!({ "code": given.object, "what": "phone", "reason": "contact" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("checkin/roster",               Object::Site,     |given| json!({ "site_id": given.object, "date": crate::support::TODAY }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("checkin/today",                Object::Site,     |given| json!({ "site_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("checkin/call_off",             Object::Booking,  |given| json!({ "code": given.object, "reason": "weather" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("checkin/arrive",               Object::Booking,  code,     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("checkin/leave",                Object::Redeemed, code,     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("checkin/turn_away",            Object::Booking,  |given| json!({ "code": given.object, "nonce": given.request(), "reason": "fever" }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("checkin/observed",             Object::Site,     |given| json!({ "site_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("desk/places",                  Object::Site,     |given| json!({ "site_id": given.object, "how": "walk_in" }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("desk/book",                    Object::Slot,     at_desk,  [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("desk/next_dose",               Object::Redeemed, code,     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    // the demo's windows end before a next dose may be given, and the window is one of the nurse's site
    line("desk/book_next",               Object::Redeemed, |given| json!({ "request_id": given.request(), "code": given.object, "slot_id": given.slot }),
                                                           [OUT, OUT, OUT, ["forbidden", "forbidden", "not_found"], EARLY, EARLY, ["ineligible", "ineligible", "not_found"]]),
    line("lots/list",                    Object::Site,     |given| json!({ "site_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("lots/open",                    Object::Site,     open_lot, [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("lots/close",                   Object::Lot,      |given| json!({ "id": given.object }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("schedule/close",               Object::Slot,     |given| json!({ "slot_id": given.object, "reason": "no_vaccine" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("schedule/open",                Object::Slot,     |given| json!({ "slot_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    // what tablets recorded without a network; what is wrong with one of them is its own answer
    line("offline/send",                 Object::Booking,  |given| json!({ "redemptions": [{ "code": given.object, "nonce": given.request(), "at": format!("{}T00:00:00Z", crate::support::TODAY) }] }),
                                                                     [OUT,   OUT,    OUT,  OK,             OK,    OK,    OK]),
    line("offline/take",                 Object::Site,     |given| json!({ "site_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  ELSEWHERE,      SITE,  SITE,  THERE]),
    line("offline/conflicts",            Object::Site,     |given| json!({ "site_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("offline/conflict_count",       Object::Site,     |given| json!({ "site_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("offline/settle",               Object::Conflict, |given| json!({ "id": given.object, "decision": "one_jab" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    // somebody who should be told by telephone
    line("messages/to_call",             Object::Nothing,  nothing,  [OUT,   OUT,    OUT,  NEVER,          NEVER, OK,    OK]),
    line("messages/to_call_count",       Object::Nothing,  nothing,  [OUT,   OUT,    OUT,  NEVER,          NEVER, OK,    OK]),
    line("messages/called",              Object::ToCall,   |given| json!({ "id": given.object }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    // who asked to be called for a dose that is left over
    line("left_over/ask",                Object::Person,   |given| json!({ "person_id": given.object, "county": "431103", "until": crate::support::TODAY }), OWNERS),
    line("left_over/mine",               Object::Nothing,  nothing, CITIZENS),
    line("left_over/withdraw",           Object::LeftOver, |given| json!({ "id": given.object }), OWNERS),
    line("left_over/call_list",          Object::Site,     |given| json!({ "site_id": given.object }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("left_over/reveal",             Object::LeftOver, |given| json!({ "id": given.object }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    line("left_over/called",             Object::LeftOver, |given| json!({ "id": given.object, "outcome": "comes" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, SITE,  THERE]),
    // the office's sheet of texts
    line("messages/texts",               Object::Nothing,  nothing,  [OUT,   OUT,    OUT,  NEVER,          NEVER, NEVER, OK]),
    line("messages/preview",             Object::Nothing,  |_| json!({ "kind": "sign_in_code", "lang": "zh", "text": "{code}" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, NEVER, OK]),
    line("messages/send_test",           Object::Nothing,  |_| json!({ "kind": "reminder", "lang": "zh", "phone": "13700009999" }),
                                                                     [OUT,   OUT,    OUT,  NEVER,          NEVER, NEVER, OK]),
    // what is the same for everybody: places and times, and the house's own state
    line("GET /availability",            Object::Nothing,  nothing, PUBLIC),
    line("GET /availability/feed",       Object::Nothing,  nothing, PUBLIC),
    line("GET /availability/{site_id}",  Object::Site,     nothing, [THERE; 7]),
    line("GET /api",                     Object::Nothing,  nothing, [NOWHERE; 7]),
    line("GET /api/",                    Object::Nothing,  nothing, [NOWHERE; 7]),
    // a booking for its owner's calendar; a browser is led to the booking's page instead of these refusals: messages.rs
    line("GET /bookings/{code}/calendar.ics", Object::Booking, nothing, OWNERS),
    // the link in messages leads to the page that asks who it is
    line("GET /m",                       Object::Nothing,  nothing, [["303"; 3]; 7]),
    // the demo's inbox stands in for the phones of everybody; without the demo it is not there
    line("GET /demo/messages",           Object::Nothing,  nothing, PUBLIC),
    // doors: who brings nothing that is good stays outside, whoever they are; doors.rs and wechat.rs have those who do
    line("GET /enter",                   Object::Nothing,  nothing, [["400"; 3]; 7]),
    line("POST /enter",                  Object::Nothing,  nothing, [["400"; 3]; 7]),
    line("GET /enter/wechat",            Object::Nothing,  nothing, [["303"; 3]; 7]),
    line("GET /enter/wechat/back",       Object::Nothing,  nothing, [["400"; 3]; 7]),
    line("GET /demo/host",               Object::Nothing,  nothing, PUBLIC),
    line("POST /demo/host",              Object::Nothing,  nothing, [WRONG; 7]),
    line("GET /demo/wechat",             Object::Nothing,  nothing, PUBLIC),
    line("GET /demo/wechat/connect/oauth2/authorize",    Object::Nothing, nothing, [["400"; 3]; 7]),
    line("GET /demo/wechat/sns/oauth2/access_token",     Object::Nothing, nothing, PUBLIC),
    // whoever is no gateway hears that there is nothing, whatever they bring; gateways.rs has those who are
    line("POST /gateways/{name}/receipts",         Object::Nothing, nothing, [NOWHERE; 7]),
    line("POST /gateways/{name}/receipts/{token}", Object::Nothing, nothing, [NOWHERE; 7]),
    line("GET /healthz",                 Object::Nothing,  nothing, PUBLIC),
    line("GET /readyz",                  Object::Nothing,  nothing, PUBLIC),
    line("GET /metrics",                 Object::Nothing,  nothing, PUBLIC),
];

const fn line(name: &'static str, about: Object, body: fn(&Given) -> Value, answers: [Cell; 7]) -> Line {
    Line { name, about, body, answers }
}
