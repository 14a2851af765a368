//! What both browser hosts do: take the place of the words that arrived with the document.

use leptos::prelude::*;

/// Mounts an application in `<body>`, in place of the readable words that the document came with (`#words`).
pub fn mount<F, N>(application: F)
where
    F: FnOnce() -> N + 'static,
    N: IntoView,
{
    console_error_panic_hook::set_once();
    if let Some(words) = document().get_element_by_id("words") {
        words.remove();
    }
    leptos::mount::mount_to_body(application);
}
