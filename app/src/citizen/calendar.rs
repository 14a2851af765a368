//! The appointment as a calendar file (iCalendar, RFC 5545), with an alarm the day before.

use domain::DateTime;
use domain::Utc;
use domain::booking::Booking;
use domain::chrono::{Datelike, Timelike};
use domain::time::instant;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use crate::ui::{dom, lang, now_lang, t};

/// The button that hands the file to the phone.
pub(crate) fn button(booking: &Booking) -> AnyView {
    let booking = booking.clone();
    let _ = lang();
    let save = move |_| {
        let name = format!("yizhen-{}.ics", booking.code);
        // A browser that refuses has said so by itself; the date stays on the page.
        let _ = download(&file(&booking), &name, "text/calendar;charset=utf-8");
    };
    view! { <button type="button" class="btn quiet" on:click=save>{t("加到日历", "Add to calendar")}</button> }.into_any()
}

/// Hands a text to the browser as a file.
pub(crate) fn download(text: &str, name: &str, kind_of_file: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let kind = BlobPropertyBag::new();
    kind.set_type(kind_of_file);
    let url = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&parts, &kind)?)?;
    let link: HtmlAnchorElement = dom::document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    dom::after(60_000, move || {
        let _ = Url::revoke_object_url(&url);
    });
    Ok(())
}

fn file(booking: &Booking) -> String {
    let lang = now_lang();
    let site = lang.pick(&booking.site.name, &booking.site.name_en);
    let vaccine = lang.pick(&booking.vaccine.name, &booking.vaccine.name_en);
    let code = booking.code.grouped();
    let summary = lang.pick(format!("接种疫苗：{}", booking.person.name), format!("Vaccination: {}", booking.person.name));
    let told = lang.pick(
        format!("{vaccine} 第 {} 剂。预约码 {code}。请带身份证件原件。电话 {}", booking.dose, booking.site.phone),
        format!("{vaccine}, dose {}. Booking code {code}. Bring the identity document. Phone {}", booking.dose, booking.site.phone),
    );
    let (start, end) = (instant(booking.window.date, booking.window.start), instant(booking.window.date, booking.window.end));
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Yizhen//Yizhen//ZH".to_owned(),
        "METHOD:PUBLISH".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@yizhen", booking.code),
        format!("DTSTAMP:{}", stamp(start)),
        format!("DTSTART:{}", stamp(start)),
        format!("DTEND:{}", stamp(end)),
        format!("SUMMARY:{}", escaped(&summary)),
        format!("LOCATION:{}", escaped(&format!("{site} {}", booking.site.address))),
        format!("DESCRIPTION:{}", escaped(&told)),
        "BEGIN:VALARM".to_owned(),
        "ACTION:DISPLAY".to_owned(),
        format!("DESCRIPTION:{}", escaped(&summary)),
        "TRIGGER:-P1D".to_owned(),
        "END:VALARM".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| folded(line)).collect()
}

/// `20261123T013000Z`
fn stamp(at: DateTime<Utc>) -> String {
    format!("{:04}{:02}{:02}T{:02}{:02}00Z", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// Lines of at most 75 octets, never through a character.
fn folded(line: &str) -> String {
    let mut text = String::with_capacity(line.len() + 2);
    let mut octets = 0;
    for sign in line.chars() {
        if octets + sign.len_utf8() > 73 {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(sign);
        octets += sign.len_utf8();
    }
    text.push_str("\r\n");
    text
}
