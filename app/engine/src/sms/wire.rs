//! The way to a gateway: bounded in time and size, nobody is followed elsewhere, nothing is sent twice by itself; and each failure says
//! whether the request can have been read.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url, header};

/// Bytes of the longest answer that is read.
const LONGEST: usize = 256 * 1024;
/// How long a connection that nobody uses is kept. Those that the other end closes meanwhile would leave messages in doubt.
const KEPT: Duration = Duration::from_secs(15);
/// How long connecting may take at most.
const TO_CONNECT: Duration = Duration::from_secs(5);
/// The longest wait that a gateway may ask for.
const LONGEST_WAIT_S: u64 = 24 * 3600;

/// The way to one gateway. What goes over it is in no error: addresses hold numbers.
#[derive(Clone)]
pub(super) struct Wire {
    pub client: Client,
    base: Url,
}

impl core::fmt::Debug for Wire {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Wire").field("host", &self.host()).finish_non_exhaustive()
    }
}

/// An answer, whole.
pub(super) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// How long the other end asks to be left alone.
    pub after: Option<Duration>,
}

impl Reply {
    /// What became of a message whose answer cannot be read.
    pub fn without_sense(&self) -> super::Handed {
        let why = if self.status == 200 { "unreadable".into() } else { format!("http-{}", self.status) };
        match self.status {
            // what stands before the gateway turns away what it does not pass on
            429 => super::Handed::NotNow { why, after: self.after, down: true },
            _ => super::Handed::InDoubt { why },
        }
    }
}

/// There is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nothing was written.
    NotSent,
    /// The request was, or may have been, written. Why there is no answer: `timeout`, `broken`, `unreadable`.
    Lost(&'static str),
}

impl Wire {
    /// The way to `url`: by https, or to this machine. Each call takes `within` at most.
    ///
    /// # Errors
    /// What is wrong with the address, for after its key.
    pub fn new(url: &str, within: Duration) -> Result<Self, &'static str> {
        let base: Url = url.parse().map_err(|_| "is no address; write it as https://name")?;
        let bare = base.username().is_empty() && base.password().is_none() && base.query().is_none() && base.fragment().is_none();
        if !bare || base.cannot_be_a_base() {
            return Err("must be a plain address such as https://name/path");
        }
        let here = base.host_str().is_some_and(|host| {
            let ip = host.trim_start_matches('[').trim_end_matches(']').parse();
            host == "localhost" || ip.is_ok_and(|ip: IpAddr| ip.is_loopback())
        });
        match base.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err("must begin with https://: numbers and texts travel there (http:// is for this machine only)"),
        }
        // by itself it would send again what it believes was not read; that is for the outbox to know
        let client = Client::builder()
            .timeout(within)
            .connect_timeout(TO_CONNECT.min(within / 2))
            .pool_idle_timeout(KEPT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        let client = if here { client.no_proxy() } else { client };
        let client = client.build().map_err(|_| "cannot be used: the client for it cannot be made")?;
        Ok(Self { client, base })
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// The value of the header `Host`.
    pub fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Asks.
    pub async fn call(&self, request: RequestBuilder) -> Result<Reply, Failed> {
        let mut answer = request.send().await.map_err(|error| if error.is_connect() { Failed::NotSent } else { lost(&error) })?;
        let status = answer.status().as_u16();
        let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        let after = seconds.map(|seconds| Duration::from_secs(seconds.min(LONGEST_WAIT_S)));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| lost(&error))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Failed::Lost("unreadable"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body, after })
    }
}

fn lost(error: &reqwest::Error) -> Failed {
    Failed::Lost(if error.is_timeout() { "timeout" } else { "broken" })
}

impl Failed {
    /// As what became of a message.
    pub fn handed(self) -> super::Handed {
        match self {
            Self::NotSent => super::Handed::NotNow { why: "connect".into(), after: None, down: true },
            Self::Lost(why) => super::Handed::InDoubt { why: why.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_travel_by_https_or_not_at_all() {
        for (url, good) in [
            ("https://dysmsapi.aliyuncs.com", true),
            ("https://sms.city.example/send", true),
            ("http://127.0.0.1:4711", true),
            ("http://[::1]:4711", true),
            ("http://localhost:4711/sms", true),
            ("http://sms.city.example", false),
            ("http://127.0.0.1.example", false),
            ("ftp://sms.city.example", false),
            ("https://user:secret@sms.city.example", false),
            ("https://sms.city.example/?key=1", false),
            ("sms.city.example", false),
            ("mailto:sms@city.example", false),
            ("", false),
        ] {
            assert_eq!(Wire::new(url, Duration::from_secs(10)).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn the_host_has_its_port_where_it_is_not_the_usual_one() {
        let host = |url: &str| Wire::new(url, Duration::from_secs(10)).expect("an address").host();
        assert_eq!(host("https://sms.tencentcloudapi.com"), "sms.tencentcloudapi.com");
        assert_eq!(host("https://sms.city.example:443/send"), "sms.city.example");
        assert_eq!(host("http://127.0.0.1:4711/"), "127.0.0.1:4711");
    }
}
