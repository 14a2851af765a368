//! The application, shared by browser and server: server functions, pages, widgets.
//!
//! Built with exactly one of two features: `ssr` (the server: bodies of the server functions) or `csr` (the browser: pages
//! and the calls to those functions).

#[cfg(all(feature = "ssr", feature = "csr"))]
compile_error!(
    "`ssr` and `csr` in one build: features unify and event handlers vanish. Build server and browser in separate cargo calls."
);

pub mod api;

#[cfg(feature = "ssr")]
pub mod caller;

#[cfg(feature = "citizen")]
pub mod citizen;
#[cfg(feature = "csr")]
pub mod live;
#[cfg(any(feature = "staff", test))]
pub mod staff;
#[cfg(feature = "csr")]
pub mod ui;
