//! Identity documents: the six kinds that people in the city hold.
//!
//! Sources: GB 11643-1999 (citizen identity numbers: 17 digits and an ISO 7064 MOD 11-2 check character, date of birth in
//! digits 7–14); State Council decree on residence permits for residents of Hong Kong, Macau and Taiwan, 2018 (same shape,
//! prefixes 810000, 820000, 830000); National Immigration Administration, 2023 (foreign permanent residents: same shape,
//! first digit 9). Division codes inside a number are those of the year it was given in and say nothing about today, so
//! the first six digits are never judged.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::identity::half_width;
use crate::lang::Lang;
use crate::reason::Reason;
use crate::words::words;

words! {
    /// The kinds of identity document of the contract.
    DocumentKind {
        /// 居民身份证
        ResidentId = "resident_id",
        /// 港澳台居民居住证
        HmtResidence = "hmt_residence",
        /// 港澳居民来往内地通行证（回乡证）
        HmPermit = "hm_permit",
        /// 台湾居民来往大陆通行证（台胞证）
        TwPermit = "tw_permit",
        /// 外国人永久居留身份证
        ForeignPr = "foreign_pr",
        /// 护照
        Passport = "passport",
    }
}

impl DocumentKind {
    /// The name of the kind, as people say it.
    pub fn title(self, lang: Lang) -> &'static str {
        match self {
            Self::ResidentId => lang.pick("居民身份证", "Resident identity card"),
            Self::HmtResidence => lang.pick("港澳台居民居住证", "Residence permit (HK, Macau, Taiwan)"),
            Self::HmPermit => lang.pick("回乡证", "Home return permit (HK, Macau)"),
            Self::TwPermit => lang.pick("台胞证", "Mainland travel permit (Taiwan)"),
            Self::ForeignPr => lang.pick("外国人永久居留身份证", "Foreign permanent resident card"),
            Self::Passport => lang.pick("护照", "Passport"),
        }
    }

    /// Whether every number of this kind holds the date of birth, so that it need not be asked.
    pub fn tells_birth(self) -> bool {
        matches!(self, Self::ResidentId | Self::HmtResidence)
    }
}

/// A document as somebody typed it; [`Document::parse`] judges it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentDraft {
    /// Its kind.
    pub kind: DocumentKind,
    /// Its number, in any writing.
    pub number: String,
}

/// A document that can exist: right length, right characters, right check character, a date of birth that was a day.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Document {
    kind: DocumentKind,
    number: String,
}

impl Document {
    /// Reads a document; full-width digits, spaces and a lower-case x are normalised.
    ///
    /// A number of 18 digits tells its own kind (see the module's sources), and that kind is kept whatever was chosen, so
    /// that one person never counts as two.
    ///
    /// # Errors
    /// `invalid` on `document.number`.
    pub fn parse(kind: DocumentKind, typed: &str) -> Result<Self> {
        let number: String = typed
            .chars()
            .map(half_width)
            .filter(|sign| !sign.is_whitespace() && !matches!(sign, '-' | '(' | ')' | '\u{2010}'..='\u{2015}'))
            .map(|sign| sign.to_ascii_uppercase())
            .take(40)
            .collect();
        let read = match kind {
            DocumentKind::ResidentId | DocumentKind::HmtResidence => eighteen(&number),
            DocumentKind::ForeignPr if number.starts_with('9') => eighteen(&number),
            DocumentKind::ForeignPr => old_foreign_pr(&number).map(|()| kind),
            DocumentKind::HmPermit => permit(&number, &['H', 'M'], &[8, 10]).map(|()| kind),
            DocumentKind::TwPermit => permit(&number, &[], &[8, 10]).map(|()| kind),
            DocumentKind::Passport => passport(&number).map(|()| kind),
        };
        match read {
            Ok(kind) => Ok(Self { kind, number }),
            Err(reason) => Err(Error::field("document.number", reason)),
        }
    }

    /// The kind that the number is of.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The number, normalised. Personal data: it goes to the vault and nowhere else.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The date of birth, where the number holds it.
    pub fn born_on(&self) -> Option<NaiveDate> {
        birth_date(&self.number)
    }

    /// `431**********4222`: the first three and the last four, at least four signs hidden.
    pub fn masked(&self) -> String {
        let length = self.number.len();
        let tail = 4.min(length.saturating_sub(4));
        let head = 3.min(length.saturating_sub(4 + tail));
        format!("{}{}{}", &self.number[..head], "*".repeat(length - head - tail), &self.number[length - tail..])
    }

    /// The last four signs: what staff compare with the paper.
    pub fn last_four(&self) -> &str {
        &self.number[self.number.len() - 4..]
    }
}

impl core::fmt::Debug for Document {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.kind, self.masked())
    }
}

/// The check character of the first 17 digits (GB 11643, ISO 7064 MOD 11-2); `None` when they are not 17 digits.
pub fn check_character(first_17: &str) -> Option<char> {
    if first_17.len() != 17 {
        return None;
    }
    let mut remainder = 0;
    for sign in first_17.chars() {
        remainder = (remainder + sign.to_digit(10)?) * 2 % 11;
    }
    char::from_digit((12 - remainder) % 11, 11)
        .map(|sign| sign.to_ascii_uppercase())
        .map(|sign| if sign == 'A' { 'X' } else { sign })
}

fn birth_date(number: &str) -> Option<NaiveDate> {
    if number.len() != 18 {
        return None;
    }
    let digits = number.get(6..14)?;
    let part = |range: core::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    NaiveDate::from_ymd_opt(i32::try_from(part(0..4)?).ok()?, part(4..6)?, part(6..8)?)
}

/// GB 11643 numbers: which of the three kinds it is, or what is wrong.
fn eighteen(number: &str) -> core::result::Result<DocumentKind, Reason> {
    let digits = number.bytes().all(|sign| sign.is_ascii_digit());
    if number.len() == 15 && digits {
        return Err(Reason::DocumentOld);
    }
    if number.chars().count() != 18 {
        return Err(Reason::DocumentLength);
    }
    if !number.is_ascii() {
        return Err(Reason::DocumentCharacter);
    }
    let (first_17, check) = number.split_at(17);
    if !first_17.bytes().all(|sign| sign.is_ascii_digit()) || !(digits || check == "X") {
        return Err(Reason::DocumentCharacter);
    }
    if birth_date(number).is_none() {
        return Err(Reason::DocumentDate);
    }
    if check_character(first_17) != check.chars().next() {
        return Err(Reason::DocumentCheck);
    }
    Ok(match number.get(..6) {
        Some("810000" | "820000" | "830000") => DocumentKind::HmtResidence,
        _ if number.starts_with('9') => DocumentKind::ForeignPr,
        _ => DocumentKind::ResidentId,
    })
}

/// Cards given before 2023: three letters of the country, twelve digits. Their last digit's rule was never published, so it is
/// not judged.
fn old_foreign_pr(number: &str) -> core::result::Result<(), Reason> {
    if number.chars().count() != 15 {
        return Err(Reason::DocumentLength);
    }
    let fits = number.bytes().enumerate().all(|(at, sign)| if at < 3 { sign.is_ascii_uppercase() } else { sign.is_ascii_digit() });
    if fits { Ok(()) } else { Err(Reason::DocumentCharacter) }
}

/// Permits: one of `letters` (if any), then a number of digits out of `lengths` (the longer form ends in the count of renewals).
fn permit(number: &str, letters: &[char], lengths: &[usize]) -> core::result::Result<(), Reason> {
    let digits = if letters.is_empty() { number } else { number.strip_prefix(letters).ok_or(Reason::DocumentCharacter)? };
    if !digits.bytes().all(|sign| sign.is_ascii_digit()) {
        return Err(Reason::DocumentCharacter);
    }
    if lengths.contains(&digits.len()) { Ok(()) } else { Err(Reason::DocumentLength) }
}

/// Passports: 6–15 letters and digits (ICAO 9303 prints nine; some countries' numbers are longer).
fn passport(number: &str) -> core::result::Result<(), Reason> {
    if !number.bytes().all(|sign| sign.is_ascii_alphanumeric()) {
        return Err(Reason::DocumentCharacter);
    }
    if (6..=15).contains(&number.len()) { Ok(()) } else { Err(Reason::DocumentLength) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DocumentKind::*;
    use proptest::prelude::*;

    /// A full number from its first 17 digits.
    fn number(first_17: &str) -> String {
        format!("{first_17}{}", check_character(first_17).expect("17 digits"))
    }

    #[test]
    fn the_check_character_is_that_of_the_standard() {
        // the two examples of GB 11643-1999, annex
        assert_eq!(check_character("11010519491231002"), Some('X'));
        assert_eq!(check_character("44052418800101001"), Some('4'));
    }

    #[test]
    fn every_kind_is_read_and_normalised() {
        let old_yongzhou = number("43292119600215002");
        for (kind, typed, kept_kind, kept) in [
            (ResidentId, "11010519491231002X", ResidentId, "11010519491231002X"),
            (ResidentId, "11010519491231002x", ResidentId, "11010519491231002X"),
            (ResidentId, "１１０１０５１９４９１２３１００２ｘ", ResidentId, "11010519491231002X"),
            (ResidentId, " 110105 19491231 002X ", ResidentId, "11010519491231002X"),
            (ResidentId, old_yongzhou.as_str(), ResidentId, old_yongzhou.as_str()),
            (HmPermit, "h12345678", HmPermit, "H12345678"),
            (HmPermit, "M1234567801", HmPermit, "M1234567801"),
            (TwPermit, "12345678", TwPermit, "12345678"),
            (TwPermit, "1234567801", TwPermit, "1234567801"),
            (ForeignPr, "gbr430000800101", ForeignPr, "GBR430000800101"),
            (Passport, "e12345678", Passport, "E12345678"),
        ] {
            let document = Document::parse(kind, typed).expect(typed);
            assert_eq!((document.kind(), document.number()), (kept_kind, kept));
        }
    }

    #[test]
    fn a_number_of_18_digits_tells_its_own_kind() {
        for (first_17, kind) in [
            ("81000019800101001", HmtResidence),
            ("82000019800101001", HmtResidence),
            ("83000019800101001", HmtResidence),
            ("91184019800101001", ForeignPr),
            ("43110319800101001", ResidentId),
            ("00000019800101001", ResidentId),
        ] {
            assert_eq!(Document::parse(ResidentId, &number(first_17)).expect(first_17).kind(), kind);
        }
    }

    #[test]
    fn what_cannot_be_a_document_is_refused_with_what_to_do() {
        for (kind, typed, reason) in [
            (ResidentId, "110105194912310021", Reason::DocumentCheck),
            (ResidentId, "11010519491331002X", Reason::DocumentDate),
            (ResidentId, "11010519490229002X", Reason::DocumentDate),
            (ResidentId, "110105491231002", Reason::DocumentOld),
            (ResidentId, "1101051949123100", Reason::DocumentLength),
            (ResidentId, "", Reason::DocumentLength),
            (ResidentId, "1101051949123100AX", Reason::DocumentCharacter),
            (ResidentId, "一一〇一〇五一九四九一二三一〇〇二", Reason::DocumentLength),
            (ResidentId, "一一〇一〇五一九四九一二三一〇〇二X", Reason::DocumentCharacter),
            (HmtResidence, "11010519491231002😀", Reason::DocumentCharacter),
            (HmPermit, "A12345678", Reason::DocumentCharacter),
            (HmPermit, "H1234567", Reason::DocumentLength),
            (TwPermit, "1234567", Reason::DocumentLength),
            (ForeignPr, "GB1430000800101", Reason::DocumentCharacter),
            (ForeignPr, "GBR43000080010", Reason::DocumentLength),
            (Passport, "E1234", Reason::DocumentLength),
            (Passport, "E12345678'--", Reason::DocumentCharacter),
        ] {
            assert_eq!(Document::parse(kind, typed).expect_err(typed), Error::field("document.number", reason), "{typed}");
        }
    }

    #[test]
    fn the_middle_is_hidden() {
        for (kind, typed, masked, last) in [
            (ResidentId, "11010519491231002X", "110***********002X", "002X"),
            (TwPermit, "12345678", "****5678", "5678"),
            (Passport, "E12345", "****45", "2345"),
        ] {
            let document = Document::parse(kind, typed).expect(typed);
            assert_eq!((document.masked().as_str(), document.last_four()), (masked, last));
            assert!(!format!("{document:?}").contains(typed));
        }
    }

    #[test]
    fn the_date_of_birth_is_read_where_it_stands() {
        let born = |kind, typed: &str| Document::parse(kind, typed).expect("legal").born_on();
        assert_eq!(born(ResidentId, "11010519491231002X"), NaiveDate::from_ymd_opt(1949, 12, 31));
        assert_eq!(born(ForeignPr, &number("91184020000229001")), NaiveDate::from_ymd_opt(2000, 2, 29));
        assert_eq!(born(Passport, "E12345678"), None);
    }

    proptest! {
        #[test]
        fn every_well_formed_number_is_kept(prefix in "[0-9]{6}", days in 0u32..40_000, order in 0u32..1000) {
            let born = crate::time::plus_days(NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day"), days);
            let text = number(&format!("{prefix}{}{order:03}", born.format("%Y%m%d")));
            let document = Document::parse(ResidentId, &text).expect("well formed");
            prop_assert_eq!(document.born_on(), Some(born));
        }

        #[test]
        fn one_wrong_digit_is_noticed(order in 0u32..1000, at in 0usize..17, by in 1u32..10) {
            let text = number(&format!("43110319800101{order:03}"));
            let wrong: String = text.chars().enumerate()
                .map(|(n, sign)| if n == at { char::from_digit((sign.to_digit(10).expect("a digit") + by) % 10, 10).expect("a digit") } else { sign })
                .collect();
            prop_assert!(Document::parse(ResidentId, &wrong).is_err());
        }

        #[test]
        fn anything_may_be_typed_without_a_panic(typed in any::<String>(), kind in proptest::sample::select(DocumentKind::ALL)) {
            if let Ok(document) = Document::parse(kind, &typed) {
                let _ = (document.masked(), document.last_four(), document.born_on());
                prop_assert_eq!(Document::parse(document.kind(), document.number()), Ok(document));
            }
        }
    }
}
