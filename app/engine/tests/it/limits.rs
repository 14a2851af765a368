//! Limits of signing in by device and by address: besides those of a number, and the same whoever the number belongs to.

use std::net::IpAddr;

use chrono::Duration;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use engine::{AskForWork, Limits, Whence};

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_device_gets_so_many_codes_an_hour_whatever_the_numbers_and_addresses,
    an_address_gets_so_many_codes_an_hour_whatever_the_numbers_and_devices,
    a_known_number_and_an_unknown_one_are_refused_alike,
    a_code_that_was_not_sent_is_not_counted,
    of_many_at_once_as_many_are_sent_as_are_allowed,
    wrong_codes_are_counted_by_device_and_by_address,
    right_codes_are_not_counted,
    what_is_counted_is_hashed_and_goes_away,
    without_limits_nothing_is_counted,
);

const PHONE: &str = "13812345678";

/// Four codes for a device, six for an address; three wrong ones from a device, five from an address. Nobody has to work for them.
async fn city(kind: Kind) -> TestCity {
    let limits = Limits {
        codes_a_device: 4,
        codes_an_address: 6,
        tries_a_device: 3,
        tries_an_address: 5,
        ask_for_work: AskForWork::Never,
        ..Limits::default()
    };
    TestCity::empty(kind, limits).await
}

fn whence(device: &str, address: &str) -> Whence {
    Whence { device: Some(device.to_owned()), address: Some(address.parse().expect("an address")) }
}

fn phone(n: u32) -> String {
    format!("1390000{n:04}")
}

/// Seconds to wait.
fn wait(refused: Result<impl std::fmt::Debug, Error>) -> u32 {
    let error = refused.expect_err("too often");
    assert_eq!(error.code, ErrorCode::TooMany);
    error.retry_after_s.expect("when to try again")
}

fn another(code: &str) -> String {
    let digit = if code.starts_with('1') { '2' } else { '1' };
    format!("{digit}{}", &code[1..])
}

async fn a_device_gets_so_many_codes_an_hour_whatever_the_numbers_and_addresses(kind: Kind) {
    let city = city(kind).await;
    for n in 0..4 {
        let from = whence("tablet", &format!("203.0.113.{n}"));
        city.engine.send_code(&phone(n), None, &from).await.unwrap_or_else(|error| panic!("code {n}: {error:?}"));
    }
    let tablet = whence("tablet", "203.0.113.9");
    let seconds = wait(city.engine.send_code(&phone(4), None, &tablet).await);
    assert_eq!(seconds, 900, "four an hour: one more in a quarter of it");
    assert!(
        city.engine.send_code(&phone(4), None, &whence("phone", "203.0.113.9")).await.is_ok(),
        "another device is not concerned"
    );
    city.clock.step(Duration::seconds(i64::from(seconds) - 1));
    assert_eq!(wait(city.engine.send_code(&phone(5), None, &tablet).await), 1);
    city.clock.step(Duration::seconds(1));
    city.engine.send_code(&phone(5), None, &tablet).await.expect("whoever waits as told gets one");
    assert_eq!(wait(city.engine.send_code(&phone(6), None, &tablet).await), 900);
}

async fn an_address_gets_so_many_codes_an_hour_whatever_the_numbers_and_devices(kind: Kind) {
    let city = city(kind).await;
    for n in 0..6 {
        // a household has many addresses of version 6; and who keeps no cookie has no device
        let from = Whence { device: None, ..whence("", &format!("2001:db8:1:2::{n}")) };
        city.engine.send_code(&phone(n), None, &from).await.unwrap_or_else(|error| panic!("code {n}: {error:?}"));
    }
    assert_eq!(wait(city.engine.send_code(&phone(6), None, &whence("fresh", "2001:db8:1:2:ffff::1")).await), 600);
    assert!(city.engine.send_code(&phone(6), None, &whence("fresh", "2001:db8:1:3::1")).await.is_ok(), "the neighbour's");
    assert!(city.engine.send_code(&phone(7), None, &Whence::default()).await.is_ok());
}

async fn a_known_number_and_an_unknown_one_are_refused_alike(kind: Kind) {
    let city = city(kind).await;
    city.citizen(PHONE).await;
    let from = whence("tablet", "203.0.113.9");
    for n in 0..4 {
        city.engine.send_code(&phone(n), None, &from).await.expect("sent");
    }
    city.clock.step(Duration::minutes(2));
    let (known, unknown) = (city.engine.send_code(PHONE, None, &from).await, city.engine.send_code(&phone(9), None, &from).await);
    assert_eq!(known, unknown);
    wait(known);
}

async fn a_code_that_was_not_sent_is_not_counted(kind: Kind) {
    let city = city(kind).await;
    let from = whence("tablet", "203.0.113.9");
    city.engine.send_code(PHONE, None, &from).await.expect("sent");
    for _ in 0..10 {
        assert_eq!(wait(city.engine.send_code(PHONE, None, &from).await), 61, "one a minute for a number");
    }
    for n in 0..3 {
        city.engine.send_code(&phone(n), None, &from).await.unwrap_or_else(|error| panic!("code {n}: {error:?}"));
    }
}

async fn of_many_at_once_as_many_are_sent_as_are_allowed(kind: Kind) {
    let city = city(kind).await;
    let asking = (0..40).map(|n| {
        let engine = city.engine.clone();
        tokio::spawn(async move { engine.send_code(&phone(n), None, &whence("tablet", "203.0.113.9")).await })
    });
    let mut sent = 0;
    for answer in asking.collect::<Vec<_>>() {
        match answer.await.expect("no panic") {
            Ok(_) => sent += 1,
            refused => assert!(wait(refused) <= 900),
        }
    }
    assert_eq!(sent, 4);
    assert_eq!(city.count("SELECT count(*) FROM sign_in_codes").await, 4);
}

async fn wrong_codes_are_counted_by_device_and_by_address(kind: Kind) {
    let city = city(kind).await;
    let wrong = Err(Error::field("code", Reason::SignInCode));
    let mut codes = Vec::new();
    for n in 0..4 {
        city.engine.send_code(&phone(n), None, &Whence::default()).await.expect("sent");
        codes.push(city.code_sent_to(&phone(n)).await);
    }
    let guess = async |n: usize, from: &Whence| {
        let number = phone(u32::try_from(n).expect("small"));
        city.engine.sign_in(&number, &another(&codes[n]), from, None).await.map(|_| ())
    };
    let tablet = whence("tablet", "203.0.113.9");
    for n in 0..3 {
        assert_eq!(guess(n, &tablet).await, wrong);
    }
    assert_eq!(wait(guess(3, &tablet).await), 1200, "three an hour from a device");
    // a number that nobody has asked a code for is refused alike, and so is the right code
    assert_eq!(wait(city.engine.sign_in(&phone(9), "123456", &tablet, None).await), 1200);
    assert_eq!(wait(city.engine.sign_in(&phone(3), &codes[3], &tablet, None).await), 1200);
    // from the same address, with another device: five
    assert_eq!(guess(0, &whence("phone", "203.0.113.9")).await, wrong);
    assert_eq!(guess(1, &Whence { device: None, ..tablet.clone() }).await, wrong);
    assert_eq!(wait(guess(2, &whence("another", "203.0.113.9")).await), 720);
    // what was refused was no try of the code
    assert!(city.engine.sign_in(&phone(3), &codes[3], &whence("elsewhere", "198.51.100.7"), None).await.is_ok());
}

async fn right_codes_are_not_counted(kind: Kind) {
    let city = city(kind).await;
    let from = whence("tablet", "203.0.113.9");
    for n in 0..8 {
        city.engine.send_code(&phone(n), None, &Whence::default()).await.expect("sent");
        let code = city.code_sent_to(&phone(n)).await;
        city.engine.sign_in(&phone(n), &code, &from, None).await.unwrap_or_else(|error| panic!("sign-in {n}: {error:?}"));
    }
    // and neither are they taken off what is counted
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(PHONE).await;
    for _ in 0..3 {
        assert!(city.engine.sign_in(PHONE, &another(&code), &from, None).await.is_err());
    }
    wait(city.engine.sign_in(PHONE, &code, &from, None).await);
}

async fn what_is_counted_is_hashed_and_goes_away(kind: Kind) {
    let city = city(kind).await;
    let from = whence("device-in-the-clear", "203.0.113.251");
    city.engine.send_code(PHONE, None, &from).await.expect("sent");
    let code = city.code_sent_to(PHONE).await;
    assert!(city.engine.sign_in(PHONE, &another(&code), &from, None).await.is_err());
    assert_eq!(city.count("SELECT count(*) FROM tallies").await, 4, "codes and wrong ones, of a device and of an address");
    let bytes = city.raw_bytes().await;
    let address: IpAddr = from.address.expect("one");
    for secret in ["device-in-the-clear", &address.to_string()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} lies in the clear");
    }
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM tallies").await, 4, "they still count");
    city.clock.step(Duration::hours(1));
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM tallies").await, 0);
    assert_eq!(city.count("SELECT count(*) FROM sign_in_codes").await, 1, "the limits of a number look back a day");
    city.clock.step(Duration::hours(23) + Duration::seconds(1));
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM sign_in_codes").await, 0);
}

async fn without_limits_nothing_is_counted(kind: Kind) {
    let limits = Limits { enabled: false, codes_a_device: 1, codes_an_address: 1, ..Limits::default() };
    let city = TestCity::empty(kind, limits).await;
    for n in 0..5 {
        city.engine.send_code(&phone(n), None, &whence("tablet", "203.0.113.9")).await.expect("sent");
    }
    assert_eq!(city.count("SELECT count(*) FROM tallies").await, 0);
}
