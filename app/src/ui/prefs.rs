//! How somebody wants to read: language, text size, and whether an app around us already shows a title bar.
//!
//! Kept in localStorage (`yizhen.lang`, `yizhen.text`) and, for the host, in sessionStorage; written on `<html>`, so that the
//! style sheets and screen readers know.

use domain::lang::Lang;
use leptos::prelude::*;

use super::dom;

const LANG: &str = "yizhen.lang";
const TEXT: &str = "yizhen.text";
const LAST_ELDER: &str = "yizhen.text.elder";
const HOST: &str = "yizhen.host";

/// How large text is. Everything but `Standard` is the elder mode (长辈版).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSize {
    /// Body text of 17 px.
    Standard,
    /// 20 px.
    Large,
    /// 24 px.
    Larger,
    /// 30 px.
    Largest,
}

impl TextSize {
    /// Every size, from small to large.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Large, Self::Larger, Self::Largest];

    /// The word that is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Large => "large",
            Self::Larger => "larger",
            Self::Largest => "largest",
        }
    }

    /// The word for the reader.
    pub fn title(self) -> &'static str {
        match self {
            Self::Standard => t("标准", "Standard"),
            Self::Large => t("大", "Large"),
            Self::Larger => t("更大", "Larger"),
            Self::Largest => t("最大", "Largest"),
        }
    }

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.as_str() == word)
    }
}

struct Prefs {
    lang: ArcRwSignal<Lang>,
    size: ArcRwSignal<TextSize>,
}

thread_local! {
    static PREFS: Prefs = Prefs {
        lang: ArcRwSignal::new(dom::local(LANG).and_then(|word| word.parse().ok()).unwrap_or(Lang::Zh)),
        size: ArcRwSignal::new(dom::local(TEXT).and_then(|word| TextSize::read(&word)).unwrap_or(TextSize::Standard)),
    };
}

/// Brings `<html>` in line with what was kept. Call once at the start.
pub fn start() {
    // the service knows who may be around us; whoever else is named there has no title bar that could stand in for ours
    if let Some(host) = dom::query("host").filter(|host| known_hosts().split_whitespace().any(|known| known == host)) {
        dom::keep_session(HOST, Some(&host));
    }
    if let Some(lang) = dom::query("lang").and_then(|word| word.parse().ok()) {
        set_lang(lang);
    }
    mark();
}

/// The reader's language; whoever reads it in a view is run again when it changes.
pub fn lang() -> Lang {
    PREFS.with(|prefs| prefs.lang.get())
}

/// The reader's language at this moment, for event handlers.
pub fn now_lang() -> Lang {
    PREFS.with(|prefs| prefs.lang.get_untracked())
}

/// The text of the reader's language.
pub fn t(zh: &'static str, en: &'static str) -> &'static str {
    lang().pick(zh, en)
}

/// Switches the language, in place and for the next visit.
pub fn set_lang(lang: Lang) {
    dom::keep_local(LANG, Some(lang.as_str()));
    PREFS.with(|prefs| prefs.lang.set(lang));
    mark();
}

/// How large text is.
pub fn text_size() -> TextSize {
    PREFS.with(|prefs| prefs.size.get())
}

/// Changes how large text is, in place and for the next visit.
pub fn set_text_size(size: TextSize) {
    dom::keep_local(TEXT, Some(size.as_str()));
    if size != TextSize::Standard {
        dom::keep_local(LAST_ELDER, Some(size.as_str()));
    }
    PREFS.with(|prefs| prefs.size.set(size));
    mark();
}

/// Between the standard size and the elder size that was used last.
pub fn toggle_elder() {
    let now = PREFS.with(|prefs| prefs.size.get_untracked());
    let elder = || dom::local(LAST_ELDER).and_then(|word| TextSize::read(&word)).unwrap_or(TextSize::Large);
    set_text_size(if now == TextSize::Standard { elder() } else { TextSize::Standard });
}

/// The app or account around us, which has a title bar of its own (`?host=`).
pub fn host() -> Option<String> {
    dom::session(HOST).filter(|host| !host.is_empty())
}

/// The names that the service has written into the page.
fn known_hosts() -> String {
    dom::text_of("hosts").unwrap_or_default()
}

fn mark() {
    let Some(html) = dom::document().document_element() else { return };
    let (lang, size) = PREFS.with(|prefs| (prefs.lang.get_untracked(), prefs.size.get_untracked()));
    let classes = match size {
        TextSize::Standard => "",
        TextSize::Large => "elder",
        TextSize::Larger => "elder larger",
        TextSize::Largest => "elder largest",
    };
    let hosted = if host().is_some() { " hosted" } else { "" };
    let _ = html.set_attribute("lang", lang.tag());
    let _ = html.set_attribute("class", format!("{classes}{hosted}").trim());
}
