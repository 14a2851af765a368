//! The two languages that every text exists in.

use crate::words::words;

words! {
    /// A language of the pages. Chinese first, English complete.
    Lang {
        /// Simplified Chinese.
        Zh = "zh",
        /// English.
        En = "en",
    }
}

impl Lang {
    /// Picks the text of this language. Both stand side by side where they are used, so that none can be forgotten.
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// The value of `<html lang>` (BCP 47).
    pub fn tag(self) -> &'static str {
        self.pick("zh-CN", "en")
    }
}
