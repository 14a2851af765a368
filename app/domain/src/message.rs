//! Messages: what is told to whom, and in which words.

use chrono::{DateTime, Days, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::lang::Lang;
use crate::slot::Window;
use crate::time::{day_text, instant};
use crate::words::words;

words! {
    /// What a message is about.
    MessageKind {
        /// A sign-in code.
        SignInCode = "sign_in_code",
        /// A booking was made.
        Booked = "booked",
        /// It got another slot.
        Moved = "moved",
        /// It was called off.
        Cancelled = "cancelled",
        /// It is tomorrow.
        Reminder = "reminder",
    }
}

words! {
    /// Where a message stands.
    MessageState {
        /// To be sent when it is due.
        Queued = "queued",
        /// Handed to the gateway.
        Sent = "sent",
        /// Not wanted any more: the booking changed before it was sent.
        Dropped = "dropped",
    }
}

/// The time of day at which reminders go out on the day before, in the site's zone: when people are back from work.
const REMINDER_AT: NaiveTime = NaiveTime::from_hms_opt(17, 0, 0).expect("five in the afternoon");

/// When the reminder of a window goes out: the day before (`mission.md` rule 5); `None` when that moment has passed.
pub fn reminder_due(window: &Window, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let due = instant(window.date.checked_sub_days(Days::new(1))?, REMINDER_AT);
    (due > now).then_some(due)
}

/// What a message about a booking tells. The name is masked, and there is no identity number in it.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The city's name.
    pub city: &'a str,
    /// The person's masked name.
    pub name: &'a str,
    /// The vaccine's name.
    pub vaccine: &'a str,
    /// Which dose.
    pub dose: u8,
    /// When.
    pub window: Window,
    /// The site's name.
    pub site: &'a str,
    /// The site's telephone.
    pub phone: &'a str,
    /// The booking's code.
    pub code: Code,
}

/// The text of a message about a booking. Chinese: the country's gateways take one registered template a kind.
pub fn text(kind: MessageKind, facts: &Facts) -> String {
    let Facts { city, name, vaccine, dose, window, site, phone, .. } = facts;
    let when = format!("{} {}", day_text(window.date, Lang::Zh), window.text());
    let code = facts.code.grouped();
    match kind {
        MessageKind::Booked => format!(
            "【一针{city}】{name}已约好：{when}，{site}，{vaccine}第{dose}剂。预约码{code}。请带身份证件。改期或取消请在“我的预约”办理。"
        ),
        MessageKind::Moved => format!("【一针{city}】{name}的预约已改到：{when}，{site}，{vaccine}第{dose}剂。预约码{code}。"),
        MessageKind::Cancelled => format!("【一针{city}】{name}{when}在{site}的预约已取消（预约码{code}）。需要时可重新预约。"),
        MessageKind::Reminder => format!(
            "【一针{city}】提醒：{name}明天{}到{site}接种{vaccine}第{dose}剂，预约码{code}。请带身份证件。电话{phone}。",
            window.text()
        ),
        MessageKind::SignInCode => String::new(),
    }
}

/// The text of a sign-in code.
pub fn sign_in_text(city: &str, code: &str, minutes: u32) -> String {
    format!("【一针{city}】登录验证码{code}，{minutes}分钟内有效。工作人员不会向您索要验证码。")
}

/// The text of a code with which somebody takes their data out, or has it deleted.
pub fn own_data_text(city: &str, code: &str, minutes: u32) -> String {
    format!("【一针{city}】验证码{code}，用于下载或删除您在本平台的全部数据，{minutes}分钟内有效。不是您本人操作请勿告诉任何人。")
}

/// A message, as the demo's inbox shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoMessage {
    /// The number.
    pub to: String,
    /// What it is about.
    pub kind: MessageKind,
    /// The words.
    pub text: String,
    /// When it was, or will be, sent.
    pub at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_goes_out_the_day_before_or_not_at_all() {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        let window = Window { date: "2024-03-01".parse().expect("a date"), start: time("09:30"), end: time("10:00") };
        let due = |now: &str| reminder_due(&window, now.parse().expect("an instant")).map(|due| due.to_rfc3339());
        assert_eq!(due("2024-02-20T00:00:00Z").as_deref(), Some("2024-02-29T09:00:00+00:00"));
        assert_eq!(due("2024-02-29T08:59:59Z").as_deref(), Some("2024-02-29T09:00:00+00:00"));
        assert_eq!(due("2024-02-29T09:00:00Z"), None);
    }

    #[test]
    fn a_message_says_who_when_where_what_and_the_code() {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        let facts = Facts {
            city: "永州",
            name: "张*兰",
            vaccine: "新冠灭活疫苗",
            dose: 1,
            site: "冷水滩区演示接种点一",
            phone: "0746-000 0101",
            window: Window { date: "2026-11-23".parse().expect("a date"), start: time("09:30"), end: time("10:00") },
            code: Code::from_random(1234).expect("a code"),
        };
        for kind in [MessageKind::Booked, MessageKind::Moved, MessageKind::Cancelled, MessageKind::Reminder] {
            let text = text(kind, &facts);
            for part in ["张*兰", "09:30–10:00", "冷水滩区演示接种点一", "000-000-16JD"] {
                assert!(text.contains(part), "{kind}: {text}");
            }
        }
    }
}
