//! From where a request comes: the other end of the connection, or whom our own proxies name.
//!
//! Each proxy appends whom it heard to `X-Forwarded-For`, so the list is read from its end, for as long as proxies of ours speak. Whatever
//! stands before the first stranger is that stranger's own word.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::http::{HeaderMap, HeaderName};

use crate::config::TrustedProxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client of a request that came from `peer`.
pub(super) fn address(trusted: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut nearest = peer.to_canonical();
    if !trusted.contains(nearest) {
        if headers.contains_key(FORWARDED_FOR) {
            warn();
        }
        return nearest;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev().map(|line| line.to_str().unwrap_or_default());
    for entry in lines.flat_map(|line| line.rsplit(',')) {
        // what cannot be read hides whoever is behind it: it counts for the proxy that let it through
        let Some(before) = read(entry.trim()) else { break };
        nearest = before;
        if !trusted.contains(before) {
            break;
        }
    }
    nearest
}

/// An address, as proxies write them: some with the port.
fn read(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().or_else(|_| entry.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Once: a proxy that is not named makes one client of all who come through it. Whose address it was is not for the log.
fn warn() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!("X-Forwarded-For came from an address that is not among TRUSTED_PROXIES; it is not believed");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client's address, where 10.0.0.0/8 and ::1 are ours.
    fn client(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().expect("a header"));
        }
        let ours = TrustedProxies::parse("10.0.0.0/8,::1").expect("a list");
        address(&ours, peer.parse().expect("an address"), &headers).to_string()
    }

    #[test]
    fn a_strangers_word_is_not_believed() {
        assert_eq!(client("198.51.100.7", &[]), "198.51.100.7");
        assert_eq!(client("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(client("::ffff:198.51.100.7", &["10.0.0.1"]), "198.51.100.7");
    }

    #[test]
    fn the_client_is_the_last_that_is_no_proxy_of_ours() {
        for (peer, lines, expected) in [
            ("10.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("::1", &["2001:db8::9"], "2001:db8::9"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            // whoever asks may have written something there already
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1,10.0.0.3 ,203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9", "10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9"),
            ("10.0.0.1", &["[2001:db8::9]"], "2001:db8::9"),
            // nobody but ourselves
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
            // what nobody can read
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, , 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["203.0.113.9", "\u{20}"], "10.0.0.1"),
        ] {
            assert_eq!(client(peer, lines), expected, "{peer} {lines:?}");
        }
    }
}
