//! The ticket as a picture to keep: a PNG in an `<img>`, since webviews can save an image but not a canvas.

use domain::booking::Booking;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::parts::{dose_words, window_words};
use crate::ui::qr::Modules;
use crate::ui::{dom, now_lang, t};

const WIDTH: u32 = 720;
const HEIGHT: u32 = 1180;
const FONT: &str =
    "-apple-system, 'PingFang SC', 'HarmonyOS Sans SC', 'Noto Sans SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif";
const SHOWN: &str = "picture";

/// The button that makes the picture, and the picture under it.
pub(crate) fn button(booking: &Booking) -> AnyView {
    let booking = booking.clone();
    let drawn = RwSignal::new(None::<String>);
    let name = format!("yizhen-{}.png", booking.code);
    let draw_it = move |_| {
        drawn.set(draw(&booking).ok());
        dom::focus_soon(SHOWN);
    };
    let shown = move || {
        drawn.get().map(|url| {
            let name = name.clone();
            view! {
                <figure class="picture" id=SHOWN tabindex="-1">
                    <figcaption>
                        {t("长按图片，选“保存图片”；或者 ", "Press and hold the picture to save it, or ")}
                        <a href=url.clone() download=name rel="external">{t("点这里下载", "download it")}</a>
                    </figcaption>
                    <img src=url width=WIDTH height=HEIGHT alt=t("预约凭证图片：预约码、二维码、接种人、地点和时间", "Picture of the booking: code, QR code, name, site and time") />
                </figure>
            }
            .into_any()
        })
    };
    view! {
        <button type="button" class="btn quiet" on:click=draw_it>{t("保存图片", "Save as picture")}</button>
        {shown}
    }
    .into_any()
}

fn draw(booking: &Booking) -> Result<String, JsValue> {
    let lang = now_lang();
    let canvas: HtmlCanvasElement = dom::document().create_element("canvas")?.unchecked_into();
    canvas.set_width(WIDTH);
    canvas.set_height(HEIGHT);
    let pen: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.unchecked_into();
    pen.set_fill_style_str("#fff");
    pen.fill_rect(0.0, 0.0, f64::from(WIDTH), f64::from(HEIGHT));
    pen.set_fill_style_str("#0a6e45");
    pen.fill_rect(0.0, 0.0, f64::from(WIDTH), 96.0);
    let line = |text: &str, size: u32, bold: bool, color: &str, y: f64| -> Result<(), JsValue> {
        let mut size = size;
        let font = |size: u32| format!("{}{size}px {FONT}", if bold { "bold " } else { "" });
        pen.set_font(&font(size));
        while size > 18 && pen.measure_text(text)?.width() > f64::from(WIDTH) - 64.0 {
            size -= 2;
            pen.set_font(&font(size));
        }
        pen.set_fill_style_str(color);
        pen.fill_text(text, f64::from(WIDTH) / 2.0, y)
    };
    pen.set_text_align("center");
    line(lang.pick("一针 · 接种预约凭证", "Yizhen · vaccination booking"), 36, true, "#fff", 62.0)?;
    if let Some(modules) = booking.pass.as_deref().and_then(Modules::of) {
        let module = (660 / modules.whole()).max(1);
        let left = (WIDTH as usize - module * modules.whole()) / 2;
        pen.set_fill_style_str("#000");
        for (x, y, length) in modules.runs() {
            pen.fill_rect((left + x * module) as f64, (112 + y * module) as f64, (length * module) as f64, module as f64);
        }
    }
    line(&booking.code.grouped(), 60, true, "#111", 812.0)?;
    let site = lang.pick(&booking.site.name, &booking.site.name_en);
    let vaccine = lang.pick(&booking.vaccine.name, &booking.vaccine.name_en);
    line(&booking.person.name, 36, true, "#111", 884.0)?;
    line(&window_words(booking.window, lang), 36, true, "#111", 938.0)?;
    line(site, 30, false, "#111", 990.0)?;
    line(&booking.site.address, 26, false, "#444", 1032.0)?;
    line(&format!("{vaccine} · {}", dose_words(booking.dose, booking.vaccine.doses, lang)), 26, false, "#444", 1074.0)?;
    let bring = lang.pick("请带身份证件原件 · 电话", "Bring the identity document · phone");
    line(&format!("{bring} {}", booking.site.phone), 26, false, "#444", 1128.0)?;
    canvas.to_data_url_with_type("image/png")
}
