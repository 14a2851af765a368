//! What every page does: its title in the document, its heading in focus, and words that are run again with the language.

use std::cell::Cell;

use leptos::prelude::*;

use super::{dom, t};

/// The id of a page's heading.
pub const TITLE: &str = "title";

thread_local! {
    /// How many pages were shown. The heading of the first does not take focus: that page is the browser's to announce.
    static PAGES: Cell<u32> = const { Cell::new(0) };
    static WRONG: ArcRwSignal<bool> = ArcRwSignal::new(false);
}

/// A page: `name` is its title, `body` what it shows. Both are run again when the language changes.
pub fn titled(name: impl Fn() -> String + Send + Sync + 'static, body: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    title_with_errors(false);
    Effect::new(move |_| {
        let wrong = if WRONG.with(|wrong| wrong.get()) { t("出错了：", "Error: ") } else { "" };
        dom::title(&format!("{wrong}{} · {}", name(), t("一针", "Yizhen")));
    });
    let pages = PAGES.with(|pages| pages.replace(pages.get() + 1));
    if pages > 0 {
        request_animation_frame(|| dom::focus_in_place(TITLE));
    }
    let body = move || {
        let view = body();
        arrived();
        view
    };
    view! { <div class="page">{body}</div> }.into_any()
}

/// What was waited for is drawn: where focus was lost with what stood there before, the heading takes it.
pub fn arrived() {
    if PAGES.with(Cell::get) > 1 {
        request_animation_frame(|| {
            let nowhere = dom::document().active_element().is_none_or(|element| element.tag_name() == "BODY");
            if nowhere {
                dom::focus_in_place(TITLE);
            }
        });
    }
}

/// The heading of a page.
pub fn heading(words: impl Into<String>) -> AnyView {
    view! { <h1 id=TITLE tabindex="-1">{words.into()}</h1> }.into_any()
}

/// Says in the title whether something on the page is wrong.
pub fn title_with_errors(wrong: bool) {
    WRONG.with(|now| now.set(wrong));
}
