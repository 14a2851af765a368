//! Messages come in the language that an account's holder reads, as it is when they go.

use domain::lang::Lang;
use domain::message::MessageKind;
use engine::Whence;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    an_account_reads_chinese_until_it_says_otherwise,
    what_is_written_and_has_not_gone_comes_in_the_new_language,
    the_words_around_a_code_are_those_of_whoever_asks_and_tell_nothing_of_the_account,
);

async fn an_account_reads_chinese_until_it_says_otherwise(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (one, other) = (city.guest().await, city.guest().await);
    assert_eq!(city.engine.account(&one.citizen).await.expect("there").lang, Lang::Zh);
    city.engine.set_lang(&one.citizen, Lang::En).await.expect("kept");
    city.engine.set_lang(&one.citizen, Lang::En).await.expect("twice is once");
    assert_eq!(city.engine.account(&one.citizen).await.expect("there").lang, Lang::En);
    assert_eq!(city.engine.account(&other.citizen).await.expect("there").lang, Lang::Zh, "nobody else's");
}

async fn what_is_written_and_has_not_gone_comes_in_the_new_language(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    city.engine.set_lang(&guest.citizen, Lang::En).await.expect("kept");
    city.clock.set_civil(city.day(1), "17:00");
    let messages = city.engine.demo_messages(None).await.expect("the inbox");
    let reminder = messages.iter().find(|message| message.kind == MessageKind::Reminder).expect("a reminder");
    assert!(
        reminder.text.starts_with("[Yizhen Yongzhou] Reminder: ") && reminder.text.contains("Tomorrow Wed 4 Mar"),
        "{}",
        reminder.text
    );
    city.engine.set_lang(&guest.citizen, Lang::Zh).await.expect("kept");
    let messages = city.engine.demo_messages(None).await.expect("the inbox");
    assert!(messages.iter().any(|message| message.text.contains("明天 3月4日 周三")), "{messages:?}");
}

async fn the_words_around_a_code_are_those_of_whoever_asks_and_tell_nothing_of_the_account(kind: Kind) {
    let city = TestCity::new(kind).await;
    const PHONE: &str = "13812345678";
    let citizen = city.citizen(PHONE).await;
    city.engine.set_lang(&citizen, Lang::En).await.expect("kept");
    let latest = async || city.engine.demo_messages(Some(PHONE)).await.expect("the inbox").swap_remove(0).text;
    city.clock.step(chrono::Duration::minutes(2));
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    assert!(latest().await.starts_with("【一针永州】登录验证码"), "whoever asks may be somebody else");
    city.clock.step(chrono::Duration::minutes(2));
    city.engine.send_code_in(Lang::En, PHONE, None, &Whence::default()).await.expect("sent");
    assert!(latest().await.starts_with("[Yizhen Yongzhou] Your sign-in code is"));
    city.clock.step(chrono::Duration::minutes(2));
    city.engine.send_own_code(&citizen, &Whence::default()).await.expect("sent");
    assert!(latest().await.contains("download or delete"), "who is signed in has said what they read");
}
