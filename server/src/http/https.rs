//! Whether a visitor comes by https, as far as the service knows: it is the proxy in front that brings it.

use axum::http::{HeaderMap, HeaderValue, header};

use super::Host;
use crate::config::SecureCookies;

/// Whether what is answered may count on https: cookies that travel by it only, and browsers that come by it only.
pub(super) fn is_used(host: &Host, headers: &HeaderMap) -> bool {
    match host.0.secure_cookies {
        SecureCookies::On => true,
        SecureCookies::Off => false,
        SecureCookies::Auto => !host.engine().is_demo() && headers.get(header::HOST).is_none_or(is_a_name),
    }
}

/// What tells a browser to come by https only, for so many days; not for none. Names below ours are not ours to decide about.
pub(super) fn strict(days: u32) -> Option<HeaderValue> {
    let seconds = u64::from(days) * 24 * 3600;
    if days == 0 { None } else { HeaderValue::from_str(&format!("max-age={seconds}")).ok() }
}

/// Whether a `Host` is a name of the net, and not an address or this machine.
fn is_a_name(host: &HeaderValue) -> bool {
    let Ok(authority) = host.to_str().unwrap_or_default().parse::<http::uri::Authority>() else { return true };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host != "localhost" && host.parse::<std::net::IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_days_are_told_in_seconds_and_none_are_not_told() {
        assert_eq!(strict(0), None);
        assert_eq!(strict(365), Some(HeaderValue::from_static("max-age=31536000")));
    }

    #[test]
    fn a_host_is_a_name_unless_it_is_an_address_or_this_machine() {
        for (host, name) in [
            ("yizhen.example", true),
            ("yizhen.example:8443", true),
            ("localhost:8080", false),
            ("127.0.0.1:8080", false),
            ("192.168.1.20", false),
            ("[::1]:8080", false),
        ] {
            assert_eq!(is_a_name(&HeaderValue::from_static(host)), name, "{host}");
        }
    }
}
