//! Consent that is given on its own, beside no other: to the processing of sensitive personal data.
//!
//! Source: 个人信息保护法 art. 14 (a change asks again), 15 (it can be taken back), 29 and 30 (separate, specific, with necessity and effect told).

use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// What is agreed to.
    ConsentKind {
        /// That documents, health and the place and time of a vaccination are processed.
        Sensitive = "sensitive",
    }
}

/// The text that is agreed to on its own. Its wording is the city's; its version is what consent is recorded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeparateNotice {
    /// `2026-11-23.1`
    pub version: String,
    /// In Chinese.
    pub zh: SeparateText,
    /// In English.
    pub en: SeparateText,
}

/// The text in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeparateText {
    /// Its title.
    pub title: String,
    /// What is processed, why it must be, and what follows from it for whoever agrees.
    pub paragraphs: Vec<String>,
    /// What one agrees to.
    pub consent: String,
    /// The same, for whoever acts for somebody else, with their agreement.
    pub consent_for_other: String,
}
