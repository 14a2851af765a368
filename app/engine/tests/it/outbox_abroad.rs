//! The outbox with the gateways themselves, against stand-ins that verify and misbehave: whatever Aliyun and Tencent do, each person is told once.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use domain::time::Clock;
use engine::sms::Pushed;
use engine::{Config, Engine};

use crate::gateways::{Standin, with};
use crate::harness::{Kind, TestCity, on_both_engines};
use crate::standins::{Accepted, Mode, Outcome, SECRET, TOKEN};

on_both_engines!(
    an_hour_without_any_gateway_loses_nothing_and_doubles_nothing,
    what_aliyun_took_and_did_not_say_so_is_found_by_asking_and_not_sent_again,
    what_aliyun_refuses_goes_by_tencent,
    receipts_that_are_late_twice_forged_or_never_come_tell_the_truth_or_nothing,
);

/// How many people have booked.
const PEOPLE: usize = 6;

/// A city in which people have booked, a process that sends by Aliyun and then by Tencent, and their stand-ins.
async fn abroad(kind: Kind) -> (TestCity, Engine, Standin, Standin) {
    let city = TestCity::new(kind).await;
    for _ in 0..PEOPLE {
        let guest = city.guest().await;
        city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    }
    let _ = city.try_execute("DELETE FROM messages WHERE booking_code IS NULL").await;
    let clock: Arc<dyn Clock> = city.clock.clone();
    let mut both = with(clock.clone(), clock, SECRET).await;
    both.truncate(2);
    let (gateways, mut standins): (Vec<_>, Vec<_>) = both.into_iter().unzip();
    let post = Engine::open(Config { gateways, ..city.another_config() }).await.expect("opens");
    let (tencent, aliyun) = (standins.pop().expect("Tencent"), standins.pop().expect("Aliyun"));
    (city, post, aliyun, tencent)
}

/// Lets time go by in steps, and sends and asks at each.
async fn go_on(city: &TestCity, post: &Engine, steps: usize, each: chrono::Duration) {
    for _ in 0..steps {
        post.send_due().await.expect("sent");
        post.ask_doubtful().await.expect("asked");
        city.clock.step(each);
    }
}

async fn states(city: &TestCity) -> Vec<String> {
    city.column("SELECT state || ' ' || COALESCE(gateway, '-') FROM messages WHERE kind = 'booked' ORDER BY 1").await
}

/// Each message was accepted once, by one of the two.
fn once(aliyun: &Standin, tencent: &Standin) {
    let mut ids: Vec<_> = [aliyun, tencent].iter().flat_map(|one| one.memory().accepted()).map(|one| one.id).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((all, ids.len()), (PEOPLE, PEOPLE), "each once");
    assert_eq!([aliyun, tencent].map(|one| one.memory().refused()), [vec![], Vec::<String>::new()], "every call verifies");
}

async fn an_hour_without_any_gateway_loses_nothing_and_doubles_nothing(kind: Kind) {
    let (city, post, aliyun, tencent) = abroad(kind).await;
    aliyun.shut().await;
    tencent.sends().set(Mode::Throttle);
    go_on(&city, &post, 30, chrono::Duration::minutes(2)).await;
    assert_eq!(aliyun.memory().count() + tencent.memory().count(), 0);
    aliyun.reopen().await;
    tencent.sends().set(Mode::Well);
    go_on(&city, &post, 20, chrono::Duration::minutes(2)).await;
    once(&aliyun, &tencent);
}

async fn what_aliyun_took_and_did_not_say_so_is_found_by_asking_and_not_sent_again(kind: Kind) {
    let (city, post, aliyun, tencent) = abroad(kind).await;
    // a time-out after it was taken, one before, no body, half of one, nonsense, and 500 after it was taken
    for mode in [Mode::TakeAndHang, Mode::Hang, Mode::TakeAndClose, Mode::TakeAndCut, Mode::TakeAndGarble, Mode::TakeAndFail] {
        aliyun.sends().next(1, mode);
    }
    post.send_due().await.expect("sent");
    assert_eq!(states(&city).await, ["in_doubt aliyun"; PEOPLE]);
    assert_eq!(aliyun.memory().count(), PEOPLE - 1);
    city.clock.step(chrono::Duration::seconds(31));
    go_on(&city, &post, 4, chrono::Duration::seconds(31)).await;
    let mut expected = ["sent aliyun"; PEOPLE];
    expected[0] = "in_doubt aliyun";
    assert_eq!(states(&city).await, expected, "what it has is known, what it has not is not sent again at once");
    go_on(&city, &post, 40, chrono::Duration::seconds(31)).await;
    once(&aliyun, &tencent);
    assert_eq!(tencent.memory().count(), 0);
}

async fn what_aliyun_refuses_goes_by_tencent(kind: Kind) {
    let (city, post, aliyun, tencent) = abroad(kind).await;
    aliyun.sends().next(2, Mode::Refuse("isv.MOBILE_NUMBER_ILLEGAL"));
    post.send_due().await.expect("sent");
    assert_eq!((aliyun.memory().count(), tencent.memory().count()), (PEOPLE - 2, 2));
    once(&aliyun, &tencent);
    assert_eq!(states(&city).await.iter().filter(|state| *state == "sent tencent").count(), 2);
}

async fn receipts_that_are_late_twice_forged_or_never_come_tell_the_truth_or_nothing(kind: Kind) {
    let (city, post, aliyun, tencent) = abroad(kind).await;
    post.send_due().await.expect("sent");
    let accepted = aliyun.memory().accepted();
    let told = |one: &Accepted, outcome: Outcome| Accepted { outcome, ..one.clone() };
    let (first, second, third) = (&accepted[0], &accepted[1], &accepted[2]);
    // forged: by somebody without the token, with another reference, with somebody else's id
    let good = aliyun.write(&[told(first, Outcome::Arrived)]);
    assert!(push(&city, &post, &good.path.replace(TOKEN, "a-token-that-somebody-has-made-up-1234"), &good.body).await.is_err());
    for forged in [
        Accepted { reference: "900619746936498440^0".into(), ..told(first, Outcome::Arrived) },
        Accepted { id: second.id.clone(), ..told(first, Outcome::Arrived) },
        Accepted { to: "13900009999".into(), ..told(first, Outcome::Arrived) },
    ] {
        let forged = aliyun.write(&[forged]);
        push(&city, &post, &forged.path, &forged.body).await.expect("it comes from the gateway, and fits nothing");
    }
    assert_eq!(states(&city).await, ["sent aliyun"; PEOPLE]);
    // late, in one push with another, and twice
    city.clock.step(chrono::Duration::hours(20));
    let both = aliyun.write(&[told(first, Outcome::Arrived), told(second, Outcome::Lost("MK:0001"))]);
    for _ in 0..2 {
        push(&city, &post, &both.path, &both.body).await.expect("taken");
    }
    post.send_due().await.expect("sent");
    assert_eq!(tencent.memory().count(), 1, "what did not arrive goes by the second one");
    let again = tencent.memory().accepted().remove(0);
    assert_eq!((again.id, again.to), (second.id.clone(), second.to.clone()));
    // the first gateway's late word about it changes nothing; the second one's does
    let late = aliyun.write(&[told(second, Outcome::Arrived), told(third, Outcome::Arrived)]);
    push(&city, &post, &late.path, &late.body).await.expect("taken");
    let lost = Accepted { outcome: Outcome::Lost("UNDELIV"), ..tencent.memory().accepted().remove(0) };
    let lost = tencent.write(&[lost]);
    push(&city, &post, &lost.path, &lost.body).await.expect("taken");
    let mut expected = vec!["delivered aliyun".to_owned(); 2];
    expected.push("failed tencent".into());
    expected.extend(vec!["sent aliyun".to_owned(); PEOPLE - 3]);
    assert_eq!(states(&city).await, expected, "what no receipt came for is sent, and no more");
}

/// Pushes what a stand-in would push to `/gateways/{name}/receipts/{token}`.
async fn push(city: &TestCity, post: &Engine, path: &str, body: &str) -> domain::error::Result<&'static str> {
    let mut parts = path.trim_start_matches("/gateways/").split("/receipts");
    let name = parts.next().expect("a name");
    let token = parts.next().and_then(|token| token.strip_prefix('/'));
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("content-type"), "application/json".parse().expect("a value"));
    let pushed = Pushed { headers: &headers, token, body: body.as_bytes(), now: city.clock.now() };
    post.take_receipts(name, &pushed).await
}
