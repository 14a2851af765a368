//! Widgets and browser helpers without knowledge of vaccination: what citizen and staff pages share.
//!
//! A page's body is one closure that is run again when the language changes, so that [`t`] can be used in it without a
//! closure around every word; what must survive (what was typed, what was loaded) lives in signals outside of that closure.

pub mod call;
pub mod dom;
pub mod form;
pub mod icon;
#[cfg(feature = "staff")]
pub mod idb;
pub mod nav;
pub mod page;
pub mod prefs;
#[cfg(any(feature = "citizen", feature = "staff"))]
pub mod qr;
pub mod work;

pub use call::{Load, call, load};
pub use form::{Field, error_summary, field_error, select_field, submit_button, text_field, worded_field};
pub use page::{heading, titled};
pub use prefs::{TextSize, lang, now_lang, set_lang, set_text_size, t, text_size};
pub use work::work_out;
