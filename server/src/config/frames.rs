//! Setting: whose pages may show the citizens' pages in a frame.

/// Origins that may frame the citizens' pages; nobody else may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameHosts(Vec<String>);

impl FrameHosts {
    /// Reads a list such as `https://www.city.example, https://*.city.example:8443`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(|entry| origin(entry).ok_or_else(|| wrong(entry))).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a content security policy lists them: `frame-ancestors …`.
    pub fn ancestors(&self) -> String {
        if self.is_empty() { "'none'".into() } else { self.0.join(" ") }
    }
}

fn wrong(entry: &str) -> String {
    format!("{entry} is no page's host; write https://www.city.example or https://*.city.example")
}

/// `https://`, a name, perhaps a port, and nothing that could end the policy or begin another.
fn origin(entry: &str) -> Option<String> {
    let entry = entry.to_ascii_lowercase();
    let host = entry.strip_prefix("https://")?;
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let below = name.strip_prefix("*.").unwrap_or(name);
    let label = |label: &str| {
        let ends = label.starts_with('-') || label.ends_with('-');
        !label.is_empty() && !ends && label.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'-')
    };
    // a star before a name without a dot would be half the net
    let good =
        below.contains('.') && below.split('.').all(label) && port.is_none_or(|port| port.parse().is_ok_and(|port: u16| port > 0));
    good.then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_listed_as_a_policy_does_and_nobody_is_none() {
        let hosts = FrameHosts::parse("https://WWW.city.example, https://*.city.example:8443").expect("a list");
        assert_eq!(hosts.ancestors(), "https://www.city.example https://*.city.example:8443");
        assert_eq!(FrameHosts::parse("").expect("nobody").ancestors(), "'none'");
    }

    #[test]
    fn what_would_let_anybody_in_or_end_the_policy_is_refused() {
        for wrong in [
            "*",
            "https://*",
            "https://*.example",
            "https:",
            "http://www.city.example",
            "www.city.example",
            "https://www.city.example/page",
            "https://www.city.example;script-src *",
            "https://www.city.example *",
            "https://www.city.example:0",
            "https://www.city.example:http",
            "https://www..example",
            "'self'",
        ] {
            assert!(FrameHosts::parse(wrong).is_err(), "{wrong}");
        }
    }
}
