//! Who somebody is: documents, names, mobile numbers, addresses. Text that came from outside becomes a newtype.

mod address;
mod document;
mod name;
mod phone;

pub use address::Address;
pub use document::{Document, DocumentDraft, DocumentKind, check_character};
pub use name::Name;
pub use phone::Phone;

/// The ASCII form of a full-width sign (U+FF01–U+FF5E, and the ideographic space); any other sign as it is.
pub fn half_width(sign: char) -> char {
    match sign {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(sign as u32 - 0xFEE0).unwrap_or(sign),
        other => other,
    }
}

/// Whether a sign is a Chinese character: the unified ideographs with all their extensions, the compatibility
/// ideographs, 〇 and 々 (Unicode 17, blocks named CJK).
pub(crate) fn is_han(sign: char) -> bool {
    matches!(sign,
        '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{2A6DF}' | '\u{2A700}'..='\u{2EE5D}' | '\u{2F800}'..='\u{2FA1F}' | '\u{30000}'..='\u{33479}')
}
