//! P9: passes, as a tablet and the service verify them: out of many different ones, by the public key of their id, on one core.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use domain::code::Code;
use domain::pass::Pass;
use domain::slot::Window;
use domain::{NaiveDate, NaiveTime, Uuid};
use ed25519_dalek::SigningKey;

use crate::report::{Goal, Report};

/// Different passes: more than any cache keeps of them.
const PASSES: u64 = 20_000;
/// For how long each is measured.
const LENGTH: Duration = Duration::from_secs(3);
/// The goal, a second and core.
const VERIFIED: f64 = 10_000.0;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    report.part("P9");
    let keys = [1u8, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let public = keys.each_ref().map(SigningKey::verifying_key);
    let key = |id: u8| public.get(usize::from(id).checked_sub(1)?).copied();
    let passes: Vec<Pass> = (0..PASSES).filter_map(pass).collect();
    let sign = |pass: &Pass| pass.sign(&keys[usize::from(pass.key_id - 1)]);
    let texts: Vec<String> = passes.iter().map(sign).collect();
    // whatever is wrong costs no more than what is right
    let spoilt: Vec<String> = texts.iter().map(|text| slipped(text)).collect();
    ensure!(texts.iter().zip(&passes).all(|(text, pass)| Pass::verify(text, key).as_ref() == Ok(pass)), "a pass is not read");
    ensure!(spoilt.iter().all(|text| Pass::verify(text, key).is_err()), "a spoilt pass is read");
    report.note(format!("{} different passes of {} characters, two keys, one thread", texts.len(), texts[0].len()));
    let verify = |text: &String| drop(black_box(Pass::verify(black_box(text), key)));
    report.value("pass_verified", a_second(&texts, verify), "passes/s", Some(Goal::AtLeast(VERIFIED)));
    report.value("pass_refused", a_second(&spoilt, verify), "passes/s", Some(Goal::AtLeast(VERIFIED)));
    report.value("pass_signed", a_second(&passes, |pass| drop(black_box(sign(black_box(pass))))), "passes/s", None);
    Ok(())
}

/// How often a second it is done, one after the other.
fn a_second<T>(all: &[T], work: impl Fn(&T)) -> f64 {
    let (began, mut done) = (Instant::now(), 0u32);
    while began.elapsed() < LENGTH {
        for one in all.iter().cycle().skip(done as usize % all.len()).take(200) {
            work(one);
        }
        done += 200;
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}

fn pass(number: u64) -> Option<Pass> {
    let day = NaiveDate::from_ymd_opt(2027, 3, 1)?;
    let start = NaiveTime::from_hms_opt(8 + u32::try_from(number % 8).ok()?, 30, 0)?;
    Some(Pass {
        key_id: if number.is_multiple_of(2) { 1 } else { 2 },
        // numbers that have a code, all over their range
        code: Code::from_random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 19)?,
        site_id: Uuid::from_u128(u128::from(number % 40) << 64 | 7),
        window: Window { date: day, start, end: start.overflowing_add_signed(domain::chrono::TimeDelta::minutes(30)).0 },
        version: Some(1),
    })
}

/// One character of the signature changed.
fn slipped(text: &str) -> String {
    let (before, after) = text.split_at(100);
    let (sign, rest) = after.split_at(1);
    format!("{before}{}{rest}", if sign == "7" { "8" } else { "7" })
}
