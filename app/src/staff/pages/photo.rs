//! A scan from a photo: of a screen, of a printed page, or a screenshot that somebody sent.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, HtmlInputElement, ImageBitmap};

use super::counter::Counter;
use super::eye::{Paper, Part};
use crate::staff::qr::decode;
use crate::ui::{dom, t};

/// A photo is looked at in several sizes: what is too fine in one is clear in another.
const LOOKS: [(Part, u32); 5] =
    [(Part::WHOLE, 1_000), (Part::WHOLE, 1_800), (Part::MIDDLE, 1_200), (Part::WHOLE, 600), (Part::MIDDLE, 2_400)];

/// The button that takes or chooses a photo.
pub(super) fn photo(counter: Counter) -> AnyView {
    let busy = RwSignal::new(false);
    let chosen = move |event: Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let file = input.files().and_then(|files| files.get(0));
        // the same photo can be chosen again
        input.set_value("");
        let Some(file) = file else { return };
        busy.set(true);
        spawn_local(async move {
            let text = read(&file).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match text {
                Some(text) => drop(counter.scanned(&text)),
                None => counter.no_code(),
            }
        });
    };
    let words = move || if busy.get() { t("正在识别……", "Reading …") } else { t("从照片识别", "From a photo") };
    view! {
        <label class="pill photo">
            <input class="sr" type="file" accept="image/*" on:change=chosen />
            <span>{words}</span>
        </label>
    }
    .into_any()
}

async fn read(file: &web_sys::File) -> Option<String> {
    let made = dom::window().create_image_bitmap_with_blob(file).ok()?;
    let photo: ImageBitmap = JsFuture::from(made).await.ok()?.dyn_into().ok()?;
    let paper = Paper::new()?;
    let text = LOOKS.iter().find_map(|(part, longest)| {
        let grey = paper.of_photo(&photo, *part, *longest)?;
        decode(&grey).or_else(|| decode(&grey.inverted()))
    });
    photo.close();
    text
}
