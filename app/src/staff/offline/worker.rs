//! The service worker: it keeps the page itself on the tablet, so that a reload without a network opens it.

use crate::ui::dom;
use web_sys::RegistrationOptions;

/// Where the server has it.
const SCRIPT: &str = "/staff/worker.js";
/// The staff's page and all below it.
const SCOPE: &str = "/staff";

/// Registers it. Where there is none (an old browser, no https) a reload needs the network, and nothing else is missing.
pub(super) fn start() {
    let workers = js_sys::Reflect::get(&dom::window().navigator(), &"serviceWorker".into());
    if workers.is_ok_and(|workers| !workers.is_undefined()) {
        let options = RegistrationOptions::new();
        options.set_scope(SCOPE);
        let _ = dom::window().navigator().service_worker().register_with_options(SCRIPT, &options);
    }
}
