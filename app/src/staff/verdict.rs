//! What the screen says about a scan: how loudly, in which words, and what to do. Pure, so that every case is tested.

use domain::availability::SiteDays;
use domain::checkin::{Light, LookUp, Timing};
use domain::error::Error;
use domain::flow::Next;
use domain::lang::Lang;
use domain::reason::Reason;
use domain::time::{civil, day_text, hour_minute};

/// An answer in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How loudly.
    pub(crate) light: Light,
    /// What there is to know; the first thing that is read. For green it is the light's word.
    pub(crate) title: String,
    /// What to do.
    pub(crate) advice: String,
}

impl Verdict {
    fn new(light: Light, title: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { light, title: title.into(), advice: advice.into() }
    }

    /// The one word of the light.
    pub(crate) fn word(&self, lang: Lang) -> &'static str {
        match self.light {
            Light::Green => lang.pick("可以接种", "Go ahead"),
            Light::Amber => lang.pick("请看这里", "Look here"),
            Light::Red => lang.pick("停", "Stop"),
        }
    }

    /// About a booking that was found. `site` is the booking's, where it is known.
    pub(crate) fn of(look_up: &LookUp, site: Option<&SiteDays>, lang: Lang) -> Self {
        let light = look_up.light;
        let Some(reason) = &look_up.reason else { return Self::by_time(look_up, lang) };
        match reason {
            // after the jab, where the site keeps them under observation
            Reason::Redeemed if look_up.visit.next == Some(Next::Leave) => Self::new(
                light,
                lang.pick("留观时间到", "The observation is over"),
                lang.pick("没有不适就可以离开。", "If they feel well, they may leave."),
            ),
            Reason::Redeemed if look_up.visit.next == Some(Next::Observe) => Self::new(
                light,
                lang.pick("已接种，正在留观", "Jab given; under observation"),
                lang.pick("请在留观区休息，时间到了再扫一次。", "Please rest; scan again when the time is up."),
            ),
            Reason::Redeemed => Self::new(light, lang.pick("已经接种过", "Already done"), done_before(look_up, lang)),
            Reason::Cancelled => Self::new(
                light,
                lang.pick("这个预约已取消", "This booking was cancelled"),
                lang.pick("不能接种。还想打的话，请本人重新预约。", "Do not give the jab. To get one, the person books again."),
            ),
            Reason::Missed => {
                let day = day_text(look_up.window.date, lang);
                let title = match lang {
                    Lang::Zh => format!("预约日期已过：{day}"),
                    Lang::En => format!("The day has passed: {day}"),
                };
                Self::new(light, title, lang.pick("不能核销。请本人重新预约。", "It cannot be recorded. The person books again."))
            }
            Reason::OtherDay { date } => {
                let (day, window) = (day_text(*date, lang), look_up.window.text());
                let advice = match lang {
                    Lang::Zh => format!("约的是 {day} {window}。请那天再来，或由本人改期到今天。"),
                    Lang::En => format!("It is for {day}, {window}. Come back then, or the person moves it to today."),
                };
                Self::new(light, lang.pick("不是今天的预约", "Not for today"), advice)
            }
            Reason::PassOutdated { .. } => Self::new(
                light,
                lang.pick("二维码是改期前的", "QR from before the booking was moved"),
                moved_meanwhile(look_up, site, lang),
            ),
            Reason::UnderAge { .. } => Self::new(
                light,
                lang.pick("年龄不到", "Under age"),
                format!("{}{}", other_words(reason, lang), lang.pick("不能接种。", " Do not give the jab.")),
            ),
            Reason::PreviousDose { .. } | Reason::TooEarly { .. } | Reason::TooLate { .. } | Reason::MixedCourse => Self::new(
                light,
                lang.pick("剂次请先核对", "Check the dose first"),
                format!(
                    "{}{}",
                    other_words(reason, lang),
                    lang.pick("请看接种证，由医生决定。", " See the vaccination record; the doctor decides.")
                ),
            ),
            Reason::OtherSite => {
                Self::new(light, lang.pick("约的是另一个接种点", "Booked at another site"), other_site(look_up, site, lang))
            }
            other => Self::new(light, other.text(lang), lang.pick("请先处理，再接种。", "Settle this before the jab.")),
        }
    }

    fn by_time(look_up: &LookUp, lang: Lang) -> Self {
        let window = look_up.window.text();
        match (look_up.light, look_up.timing) {
            (Light::Amber, Timing::Early) => Self::new(
                Light::Amber,
                match lang {
                    Lang::Zh => format!("来早了，{} 开始", hour_minute(look_up.window.start)),
                    Lang::En => format!("Early: it starts at {}", hour_minute(look_up.window.start)),
                },
                lang.pick(
                    "现场不忙可以先打，忙时请按时段等候。",
                    "Go on if it is quiet; otherwise ask them to wait for their time.",
                ),
            ),
            (Light::Amber, Timing::Late) => Self::new(
                Light::Amber,
                match lang {
                    Lang::Zh => format!("来晚了，时段是 {window}"),
                    Lang::En => format!("Late: the time was {window}"),
                },
                lang.pick("今天仍可接种，请安排在空档。", "The jab can still be given today; fit them in."),
            ),
            (Light::Green, _) => Self::new(
                Light::Green,
                lang.pick("可以接种", "Go ahead"),
                lang.pick("请核对证件上的姓名和尾号。", "Compare name and last four with the document."),
            ),
            (light, _) => Self::new(light, lang.pick("请先核对", "Check first"), lang.pick("请负责人看一下。", "Ask the manager.")),
        }
    }

    /// About a scan that found nothing, or that could not be asked about.
    pub(crate) fn refused(error: &Error, lang: Lang) -> Self {
        let (light, title, advice) = match &error.reason {
            Some(Reason::PassShape) => (
                Light::Red,
                lang.pick("这不是预约二维码", "Not a booking QR code"),
                lang.pick(
                    "请本人打开“我的预约”里的二维码；损坏时输入下方的 10 位预约码。",
                    "Ask for the code under “My bookings”; if it is damaged, type the 10 characters below it.",
                ),
            ),
            Some(Reason::CodeShape | Reason::Missing) => (
                Light::Red,
                lang.pick("预约码不对", "Not a booking code"),
                lang.pick(
                    "预约码是 10 位，请对照短信或二维码下方再输一次。",
                    "It has 10 characters: compare it with the message and type it again.",
                ),
            ),
            Some(Reason::NotFound) => (
                Light::Red,
                lang.pick("查不到这个预约", "No such booking"),
                lang.pick(
                    "请核对预约码，或请本人重新打开“我的预约”。",
                    "Check the code, or ask the person to open “My bookings” again.",
                ),
            ),
            Some(Reason::NotTakenAlong) => (
                Light::Amber,
                lang.pick("离线名单里没有这个预约码", "Not in the list taken along"),
                lang.pick(
                    "请扫本人的二维码，或等网络恢复后再查。",
                    "Scan the person's QR code, or look it up when the network is back.",
                ),
            ),
            Some(Reason::Network | Reason::Busy) => (
                Light::Amber,
                lang.pick("网络不通，还没有查到", "No network: not looked up yet"),
                lang.pick(
                    "恢复后会自动再查，也可以再扫一次。",
                    "It is asked again by itself when the network is back; scanning again works too.",
                ),
            ),
            Some(Reason::SignIn) => (
                Light::Amber,
                lang.pick("请先登录", "Sign in first"),
                lang.pick("登录后会接着查这一位。", "This person is looked up right after."),
            ),
            _ => {
                return Self::new(
                    Light::Red,
                    error.text(lang),
                    lang.pick("还是不行，请找负责人。", "If it goes on, ask the manager."),
                );
            }
        };
        Self::new(light, title, advice)
    }
}

fn done_before(look_up: &LookUp, lang: Lang) -> String {
    let Some(done) = &look_up.redemption else { return Reason::Redeemed.text(lang) };
    let at = civil(done.at);
    let (day, time) = (day_text(at.date(), lang), hour_minute(at.time()));
    match lang {
        Lang::Zh => format!("{day} {time}，{} 在{}核销。不能再打，有疑问请找负责人。", done.by, done.site_name),
        Lang::En => format!(
            "{day} {time}, recorded by {} at {}. Do not give it again; if in doubt, ask the manager.",
            done.by, done.site_name
        ),
    }
}

/// What a rule says, as a whole sentence, in words for staff.
fn other_words(reason: &Reason, lang: Lang) -> String {
    let words = match (reason, lang) {
        (Reason::PreviousDose { dose }, Lang::Zh) => format!("没有第 {dose} 剂的接种记录"),
        (Reason::PreviousDose { dose }, Lang::En) => format!("No record that dose {dose} was given"),
        (Reason::TooEarly { from }, Lang::Zh) => format!("与上一剂的间隔不够，{} 起才够", day_text(*from, lang)),
        (Reason::TooEarly { from }, Lang::En) => {
            format!("Too soon after the dose before; soon enough from {}", day_text(*from, lang))
        }
        (Reason::TooLate { by }, Lang::Zh) => format!("这一剂应在 {} 前接种", day_text(*by, lang)),
        (Reason::TooLate { by }, Lang::En) => format!("This dose was due by {}", day_text(*by, lang)),
        (Reason::MixedCourse, Lang::Zh) => "前一剂是另一种疫苗".to_owned(),
        (Reason::MixedCourse, Lang::En) => "The dose before was another vaccine".to_owned(),
        (Reason::UnderAge { from_age, from }, Lang::Zh) => format!("接种须满 {from_age} 周岁，{from} 起才满"),
        (Reason::UnderAge { from_age, from }, Lang::En) => format!("One must be {from_age}; this person is from {from} on"),
        (other, _) => other.text(lang),
    };
    match lang {
        Lang::Zh => format!("{words}。"),
        Lang::En => format!("{words}."),
    }
}

/// Where and when the one with the old picture is expected.
fn moved_meanwhile(look_up: &LookUp, site: Option<&SiteDays>, lang: Lang) -> String {
    let (day, window) = (day_text(look_up.window.date, lang), look_up.window.text());
    let place = site.map_or(&*look_up.site_name, |site| lang.pick(&site.name, &site.name_en));
    let now = match lang {
        Lang::Zh => format!("预约已改到 {day} {window}，{place}。"),
        Lang::En => format!("The booking is now for {day}, {window}, at {place}."),
    };
    let then = if look_up.may_redeem {
        lang.pick("预约有效，请核对证件。", " It stands: compare name and last four with the document.")
    } else {
        lang.pick("请到时再去，新的二维码在“我的预约”里。", " Come then; the new QR code is under “My bookings”.")
    };
    format!("{now}{then}")
}

fn other_site(look_up: &LookUp, site: Option<&SiteDays>, lang: Lang) -> String {
    let name = site.map_or(&*look_up.site_name, |site| lang.pick(&site.name, &site.name_en));
    let place = site.map(|site| match lang {
        Lang::Zh => format!("地址：{}。电话：{}。", site.address, site.phone),
        Lang::En => format!(" Address: {}. Phone: {}.", site.address, site.phone),
    });
    let place = place.unwrap_or_default();
    match lang {
        Lang::Zh => format!("请到{name}，或由本人改约到这里。{place}"),
        Lang::En => format!("They go to {name}, or move the booking here.{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Uuid;
    use domain::booking::{BookedVaccine, BookingState};
    use domain::checkin::{Redemption, VisitSeen};
    use domain::code::Code;
    use domain::identity::DocumentKind;
    use domain::screening::Screening;
    use domain::slot::Window;

    fn look_up(light: Light, timing: Timing, reason: Option<Reason>) -> LookUp {
        let time = |text| domain::time::hhmm::parse(text).expect("a time");
        LookUp {
            light,
            may_redeem: reason.is_none(),
            reason,
            code: Code::from_random(1234).expect("a code"),
            state: BookingState::Booked,
            name: "张秀兰".into(),
            age: 68,
            document_kind: DocumentKind::ResidentId,
            document_last_four: "4222".into(),
            vaccine: BookedVaccine { id: "vero".into(), name: "灭活".into(), name_en: "Inactivated".into(), doses: 2 },
            dose: 1,
            window: Window { date: "2021-05-08".parse().expect("a date"), start: time("09:30"), end: time("10:00") },
            timing,
            site_id: Uuid::nil(),
            site_name: "零陵演示接种点".into(),
            screening: Screening::default(),
            screening_due: false,
            redemption: Some(Redemption {
                at: "2021-05-08T01:41:00Z".parse().expect("an instant"),
                by: "护士 03".into(),
                site_name: "零陵演示接种点".into(),
            }),
            visit: VisitSeen::default(),
        }
    }

    fn has_chinese(text: &str) -> bool {
        text.chars().any(|sign| matches!(sign, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..))
    }

    #[test]
    fn every_answer_says_what_it_is_and_what_to_do() {
        let date = "2021-05-09".parse().expect("a date");
        for (light, timing, reason, title, advice) in [
            (Light::Green, Timing::OnTime, None, "可以接种", "核对证件"),
            (Light::Amber, Timing::Early, None, "来早了，09:30 开始", "等候"),
            (Light::Amber, Timing::Late, None, "来晚了，时段是 09:30–10:00", "今天仍可接种"),
            (Light::Red, Timing::OnTime, Some(Reason::Redeemed), "已经接种过", "09:41，护士 03 在零陵演示接种点核销"),
            (Light::Red, Timing::OnTime, Some(Reason::Cancelled), "这个预约已取消", "重新预约"),
            (Light::Red, Timing::OtherDay, Some(Reason::Missed), "预约日期已过：5月8日 周六", "重新预约"),
            (Light::Red, Timing::OtherDay, Some(Reason::OtherDay { date }), "不是今天的预约", "5月9日 周日 09:30–10:00"),
            (Light::Red, Timing::OnTime, Some(Reason::OtherSite), "约的是另一个接种点", "请到零陵演示接种点"),
            (
                Light::Red,
                Timing::OtherDay,
                Some(Reason::PassOutdated { date }),
                "二维码是改期前的",
                "已改到 5月8日 周六 09:30–10:00，零陵演示接种点",
            ),
            (Light::Red, Timing::OnTime, Some(Reason::UnderAge { from_age: 18, from: date }), "年龄不到", "不能接种"),
            (
                Light::Amber,
                Timing::OnTime,
                Some(Reason::PreviousDose { dose: 1 }),
                "剂次请先核对",
                "没有第 1 剂的接种记录。请看接种证",
            ),
            (Light::Amber, Timing::OnTime, Some(Reason::TooEarly { from: date }), "剂次请先核对", "5月9日 周日 起才够"),
        ] {
            let verdict = Verdict::of(&look_up(light, timing, reason.clone()), None, Lang::Zh);
            assert_eq!((verdict.light, &*verdict.title), (light, title), "{reason:?}");
            assert!(verdict.advice.contains(advice), "{reason:?}: {}", verdict.advice);
            let english = Verdict::of(&look_up(light, timing, reason), None, Lang::En);
            assert!(!has_chinese(&english.title), "{}", english.title);
        }
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for (reason, light, title) in [
            (Reason::PassShape, Light::Red, "这不是预约二维码"),
            (Reason::CodeShape, Light::Red, "预约码不对"),
            (Reason::NotFound, Light::Red, "查不到这个预约"),
            (Reason::Network, Light::Amber, "网络不通，还没有查到"),
            (Reason::TooMany { wait_s: 30 }, Light::Red, "操作太频繁，请 30 秒后再试"),
        ] {
            let verdict = Verdict::refused(&Error::new(reason.clone()), Lang::Zh);
            assert_eq!((verdict.light, &*verdict.title), (light, title));
            assert!(!verdict.advice.is_empty());
            let english = Verdict::refused(&Error::new(reason), Lang::En);
            assert!(!has_chinese(&english.title) && !has_chinese(&english.advice), "{english:?}");
        }
    }

    #[test]
    fn each_light_has_its_own_word() {
        let word = |light| Verdict::new(light, "", "").word(Lang::Zh);
        assert_eq!(Light::ALL.iter().map(|light| word(*light)).collect::<Vec<_>>(), ["可以接种", "请看这里", "停"]);
    }
}
