//! The information notice and the consent that is given to it.

use serde::{Deserialize, Serialize};

use crate::consent::SeparateNotice;

/// The notice in force. Its wording is the city's; its version is what consent is recorded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// `2021-05-08.1`
    pub version: String,
    /// In Chinese.
    pub zh: NoticeText,
    /// In English.
    pub en: NoticeText,
    /// What is agreed to on its own: the processing of sensitive personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<SeparateNotice>,
}

/// The notice in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeText {
    /// Its title.
    pub title: String,
    /// Its parts.
    pub sections: Vec<NoticeSection>,
    /// What one agrees to.
    pub consent: String,
}

/// A part of the notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeSection {
    /// Its heading.
    pub heading: String,
    /// Its paragraphs.
    pub paragraphs: Vec<String>,
}
