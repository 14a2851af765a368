//! The Axum host: settings, HTTP, start and stop. Thin: what it serves is decided in `engine` and `app`.

pub mod commands;
pub mod config;
pub mod http;
pub mod lifecycle;
pub mod system;
pub mod telemetry;
