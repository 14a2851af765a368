//! Setting: which proxies are believed when they say for whom they ask.

use std::net::IpAddr;

use ipnet::IpNet;

/// Addresses and networks of our own proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Reads a list such as `10.0.0.5, 10.1.0.0/16, fd00::/8`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address is one of theirs.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(entry: &str) -> Result<IpNet, String> {
    let network = match entry.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => entry.parse().map_err(|_| format!("{entry} is no address or network; write 10.0.0.5 or 10.0.0.0/16"))?,
    };
    if network.prefix_len() == 0 {
        return Err(format!("{entry} would believe everybody; name your own proxies"));
    }
    if network != network.trunc() {
        return Err(format!("{entry} is an address within a network; write {} or only the address", network.trunc()));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_trusted_and_no_others() {
        let proxies = TrustedProxies::parse(" 10.0.0.5, 10.1.0.0/16,fd00::/8 ,::1").expect("a list");
        for (address, trusted) in [
            ("10.0.0.5", true),
            ("10.0.0.6", false),
            ("10.1.255.255", true),
            ("10.2.0.0", false),
            ("fdff::1", true),
            ("fe80::1", false),
            ("::1", true),
        ] {
            assert_eq!(proxies.contains(address.parse().expect("an address")), trusted, "{address}");
        }
        assert_eq!(TrustedProxies::parse(" "), Ok(TrustedProxies::default()));
        assert!(!TrustedProxies::default().contains(IpAddr::from([127, 0, 0, 1])), "nobody is trusted unless named");
    }

    #[test]
    fn what_is_no_network_or_all_networks_is_refused() {
        for wrong in ["nginx", "10.0.0", "10.0.0.0/33", "10.0.0.5/16", "0.0.0.0/0", "::/0", "10.0.0.5;10.0.0.6", "10.0.0.5:80"] {
            assert!(TrustedProxies::parse(wrong).is_err(), "{wrong}");
        }
    }
}
