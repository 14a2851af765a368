//! Handing a text to the browser as a file.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use crate::ui::dom;

/// Hands a text to the browser as a file.
pub(crate) fn download(text: &str, name: &str, kind_of_file: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let kind = BlobPropertyBag::new();
    kind.set_type(kind_of_file);
    let url = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&parts, &kind)?)?;
    let link: HtmlAnchorElement = dom::document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    dom::after(60_000, move || {
        let _ = Url::revoke_object_url(&url);
    });
    Ok(())
}
