//! What every page does: its title in the document, its heading in focus, and words that are run again with the language.

use std::cell::{Cell, RefCell};

use leptos::prelude::*;

use super::{dom, t};

/// The id of a page's heading.
pub const TITLE: &str = "title";

thread_local! {
    /// Whether a page was shown before: only then does the heading take focus, since a first page is the browser's to announce.
    static TURNED: Cell<bool> = const { Cell::new(false) };
    static NAMED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A page: `name` is its title, `body` what it shows. Both are run again when the language changes.
pub fn titled(name: impl Fn() -> String + Send + Sync + 'static, body: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    Effect::new(move |_| {
        let title = format!("{} · {}", name(), t("一针", "Yizhen"));
        dom::title(&title);
        NAMED.with(|named| *named.borrow_mut() = title);
    });
    if TURNED.with(|turned| turned.replace(true)) {
        dom::focus_soon(TITLE);
    }
    view! { <div class="page">{body}</div> }.into_any()
}

/// The heading of a page.
pub fn heading(words: impl Into<String>) -> AnyView {
    view! { <h1 id=TITLE tabindex="-1">{words.into()}</h1> }.into_any()
}

/// Says in the title whether something on the page is wrong.
pub fn title_with_errors(wrong: bool) {
    NAMED.with(|named| {
        let named = named.borrow();
        if !named.is_empty() {
            dom::title(&if wrong { format!("{}{named}", t("出错了：", "Error: ")) } else { named.clone() });
        }
    });
}
