//! Demo Yongzhou: every state of every page, balanced, the same on a second start, and still there the next day.

use std::collections::HashSet;
use std::sync::Arc;

use domain::access::Role;
use domain::availability::{Availability, SiteSlots};
use domain::booking::BookingState;
use domain::slot::SlotState;
use domain::staff::StaffSignIn;
use engine::{CityFile, Config, Engine, OpenError};

use crate::harness::{Kind, Seeded, SteppedClock, TestCity, on_both_engines};

on_both_engines!(
    the_demo_shows_every_state_and_balances,
    a_second_start_changes_nothing_and_the_next_day_adds_a_day,
    a_demo_that_runs_on_stays_one,
    the_demo_can_begin_at_any_minute_of_the_day,
    the_demo_does_not_touch_a_city_that_is_not_its_own,
);

/// Yongzhou in an empty database, at a moment.
async fn yongzhou(kind: Kind, now: &str) -> TestCity {
    let mut city = TestCity::empty(kind, engine::Limits::default()).await;
    city.clock = Arc::new(SteppedClock::at(now));
    let config = Config {
        city: CityFile::yongzhou(),
        clock: city.clock.clone(),
        entropy: Arc::new(Seeded::new(now)),
        ..city.another_config()
    };
    city.engine = Engine::open(config).await.expect("opens");
    city
}

fn overview(engine: &Engine) -> Availability {
    serde_json::from_slice(&engine.board().overview().body).expect("JSON")
}

fn states(engine: &Engine, site: domain::Uuid) -> Vec<(domain::NaiveDate, SlotState)> {
    let slots: SiteSlots = serde_json::from_slice(&engine.board().site(site).expect("a site").body).expect("JSON");
    slots.slots.into_iter().map(|slot| (slot.window.date, slot.state)).collect()
}

async fn the_demo_shows_every_state_and_balances(kind: Kind) {
    let city = yongzhou(kind, "2026-11-23T02:10:00Z").await;
    let demo = city.engine.seed_demo(Some("demo password")).await.expect("seeded");
    city.assert_balanced().await;
    let file = CityFile::yongzhou();
    let roles = file.demo.clone().expect("roles");
    let (staff_site, full_site) =
        (file.site(&roles.staff_site).expect("there").id(), file.site(&roles.full_site).expect("there").id());

    let shown = overview(&city.engine);
    assert_eq!((shown.sites.len(), shown.vaccines.len(), shown.city.divisions.len()), (file.sites.len(), 3, 11));
    let all: Vec<_> = shown.sites.iter().flat_map(|site| states(&city.engine, site.id)).collect();
    for state in SlotState::ALL {
        assert!(all.iter().any(|(date, one)| one == state && *date > city.today()), "{state}");
    }
    assert_eq!(all.iter().map(|(date, _)| *date).collect::<HashSet<_>>().len(), 14);

    // the full site: nothing today and tomorrow, then not released yet
    for (date, state) in states(&city.engine, full_site) {
        let released = date <= city.day(1);
        assert!(
            if released { matches!(state, SlotState::Full | SlotState::Closed) } else { state == SlotState::Later },
            "{date} {state}"
        );
    }
    // the staff's site has places today
    assert!(states(&city.engine, staff_site).contains(&(city.today(), SlotState::Open)));

    // the family has a booking in each state
    let citizen = city.citizen(demo.citizen_phone).await;
    let bookings = city.engine.list_bookings(&citizen).await.expect("listed");
    assert_eq!(bookings.iter().map(|booking| booking.state).collect::<HashSet<_>>().len(), 4);
    assert_eq!(city.engine.list_people(&citizen).await.expect("listed").len(), 4);

    // the staff sign in and find their day
    for (username, role) in demo.usernames.iter().zip([Role::Nurse, Role::Manager, Role::Office]) {
        let (member, token) =
            city.engine.staff_sign_in(&StaffSignIn::new(username, "demo password"), None).await.expect("signs in");
        assert_eq!(member.role, role);
        let staff = city.engine.staff(&token).await.expect("theirs");
        let roster = city.engine.roster(&staff, staff_site, city.today()).await.expect("read");
        for state in [BookingState::Booked, BookingState::Redeemed] {
            assert!(roster.rows.iter().filter(|row| row.state == state).count() >= 3, "{state}");
        }
        let mine = bookings.iter().find(|booking| booking.state == BookingState::Booked).expect("a booking to come");
        let seen = city.engine.look_up(&staff, mine.pass.as_deref(), None).await.expect("found");
        assert!(seen.may_redeem, "{seen:?}");
        let yesterday = city.today().pred_opt().expect("a day");
        let roster = city.engine.roster(&staff, staff_site, yesterday).await.expect("read");
        assert!(roster.rows.iter().all(|row| matches!(row.state, BookingState::Redeemed | BookingState::Missed)));
        assert!(roster.rows.iter().any(|row| row.state == BookingState::Missed));
    }
    let people = city.count("SELECT count(*) FROM people").await;
    assert!((1000..=4000).contains(&people), "{people}");
    assert_eq!(city.count("SELECT count(DISTINCT person_hash) FROM people").await, people, "nobody is there twice");
}

async fn a_second_start_changes_nothing_and_the_next_day_adds_a_day(kind: Kind) {
    let city = yongzhou(kind, "2026-11-23T02:10:00Z").await;
    let drawn = city.engine.seed_demo(None).await.expect("seeded").password;
    assert!(drawn.len() >= 16);
    let counts = async || {
        let mut counts = vec![];
        for table in ["slots", "bookings", "people", "accounts", "messages", "staff", "sites"] {
            counts.push(city.count(&format!("SELECT count(*) FROM {table}")).await);
        }
        counts.push(city.count("SELECT sum(taken) FROM slots").await);
        counts.push(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await);
        counts
    };
    let first = counts().await;
    let again = city.engine.seed_demo(None).await.expect("seeded").password;
    assert_eq!(counts().await, first);
    assert_ne!(again, drawn, "with no password given, a new one is drawn");
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", &drawn), None).await.is_err());
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", &again), None).await.is_ok());

    let days = "SELECT count(DISTINCT date) FROM slots";
    assert_eq!(city.count(days).await, 15);
    city.clock.step(chrono::Duration::days(1));
    city.engine.seed_demo(Some("demo password")).await.expect("seeded");
    city.assert_balanced().await;
    assert_eq!(city.count(days).await, 16);
    let shown = overview(&city.engine);
    let dates: HashSet<_> = shown.sites.iter().flat_map(|site| site.days.iter().map(|day| day.date)).collect();
    assert!(dates.contains(&city.day(13)) && !dates.contains(&city.today().pred_opt().expect("a day")));
    // yesterday's demo has become today's: someone to redeem, someone redeemed, a booking to come
    let file = CityFile::yongzhou();
    let staff_site = file.site(&file.demo.as_ref().expect("roles").staff_site).expect("there").id();
    let (_, token) = city.engine.staff_sign_in(&StaffSignIn::new("nurse", "demo password"), None).await.expect("signs in");
    let nurse = city.engine.staff(&token).await.expect("theirs");
    let roster = city.engine.roster(&nurse, staff_site, city.today()).await.expect("read");
    for state in [BookingState::Booked, BookingState::Redeemed] {
        assert!(roster.rows.iter().filter(|row| row.state == state).count() >= 3, "{state}");
    }
    let citizen = city.citizen("13800138000").await;
    let bookings = city.engine.list_bookings(&citizen).await.expect("listed");
    assert!(bookings.iter().any(|booking| booking.state == BookingState::Booked && booking.window.date >= city.today()));
    let full_site = file.site(&file.demo.as_ref().expect("roles").full_site).expect("there").id();
    assert!(states(&city.engine, full_site).iter().all(|(_, state)| *state != SlotState::Open), "full until its next release");
}

async fn a_demo_that_runs_on_stays_one(kind: Kind) {
    let city = yongzhou(kind, "2026-11-23T02:10:00Z").await;
    let demo = city.engine.seed_demo(Some("demo password")).await.expect("seeded");
    let file = CityFile::yongzhou();
    let roles = file.demo.clone().expect("roles");
    let (staff_site, full_site) = (file.site(&roles.staff_site).expect("there").id(), file.site(&roles.full_site).expect("there"));
    for _ in 0..6 {
        // what the host does after midnight; the day's release comes at eight
        city.clock.set_civil(city.day(1), "00:00");
        city.engine.write_schedule().await.expect("written");
        city.assert_balanced().await;
        let released = format!("date BETWEEN '{}' AND '{}'", city.today(), city.day(1));
        let free = format!(
            "SELECT count(*) FROM slots JOIN sites ON sites.id = site_id WHERE sites.name = '{}' AND taken < capacity AND {released}",
            full_site.name
        );
        assert_eq!(city.count(&free).await, 0, "full until its next release");
        city.clock.set_civil(city.today(), "08:00");
        let (_, token) =
            city.engine.staff_sign_in(&StaffSignIn::new("nurse", "demo password"), None).await.expect("the password stays");
        let nurse = city.engine.staff(&token).await.expect("theirs");
        let roster = city.engine.roster(&nurse, staff_site, city.today()).await.expect("read");
        for state in [BookingState::Booked, BookingState::Redeemed] {
            assert!(roster.rows.iter().filter(|row| row.state == state).count() >= 3, "{} {state}", city.today());
        }
        let citizen = city.citizen(demo.citizen_phone).await;
        let bookings = city.engine.list_bookings(&citizen).await.expect("listed");
        let states: HashSet<_> = bookings.iter().map(|booking| booking.state).collect();
        assert!(states.len() >= 3, "{} {states:?}", city.today());
    }
    assert!(city.count("SELECT count(*) FROM people").await < 12_000);
}

async fn the_demo_can_begin_at_any_minute_of_the_day(kind: Kind) {
    // midnight, just before it, and the hour of the release, in the city's zone
    for now in ["2026-12-31T16:00:00Z", "2027-02-28T15:59:30Z", "2026-11-26T00:00:00Z"] {
        let city = yongzhou(kind, now).await;
        let demo = city.engine.seed_demo(Some("demo password")).await.expect(now);
        city.assert_balanced().await;
        let citizen = city.citizen(demo.citizen_phone).await;
        let states: HashSet<_> = city.engine.list_bookings(&citizen).await.expect("listed").iter().map(|one| one.state).collect();
        assert_eq!(states.len(), 4, "{now}");
        let (member, token) =
            city.engine.staff_sign_in(&StaffSignIn::new("manager", "demo password"), None).await.expect("signs in");
        let manager = city.engine.staff(&token).await.expect("theirs");
        let roster = city.engine.roster(&manager, member.site_id.expect("a site"), city.today()).await.expect("read");
        for state in [BookingState::Booked, BookingState::Redeemed] {
            assert!(roster.rows.iter().filter(|row| row.state == state).count() >= 3, "{now} {state}");
        }
    }
}

async fn the_demo_does_not_touch_a_city_that_is_not_its_own(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.guest().await;
    let config = Config { city: CityFile::yongzhou(), ..city.another_config() };
    let engine = Engine::open(config).await.expect("opens");
    let refused = engine.seed_demo(None).await.expect_err("not the demo's");
    assert!(matches!(refused, OpenError::NotDemo), "{refused}");
    let without_roles = city.another_process().await.expect("opens").seed_demo(None).await.expect_err("no [demo]").to_string();
    assert!(without_roles.contains("[demo]") && !without_roles.contains('\n'), "{without_roles}");
    assert_eq!(city.count("SELECT count(*) FROM staff").await, 0);
    assert_eq!(city.count("SELECT count(*) FROM sites").await, 2);
    assert_eq!(city.count("SELECT count(*) FROM facts WHERE name = 'demo'").await, 0);
}
