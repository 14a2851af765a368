//! What is asked of WeChat: whose code this is. One call, bounded in time and size, that follows nobody elsewhere.
//!
//! Source: the official account's documentation of web page authorisation (网页授权), `sns/oauth2/access_token`. The access token that comes
//! with the openid is not kept: nothing here needs it.

use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

/// How long WeChat may take.
const TO_ANSWER: Duration = Duration::from_secs(5);
/// Bytes of its longest answer that are read.
const LONGEST: usize = 16 * 1024;
/// Characters of the longest code and openid.
const LONGEST_ID: usize = 128;

/// The way to WeChat for one official account.
#[derive(Clone)]
pub struct WechatApi {
    app_id: String,
    secret: Zeroizing<String>,
    authorize: String,
    api: String,
    client: reqwest::Client,
}

impl core::fmt::Debug for WechatApi {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WechatApi").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// A user of an official account. Goes nowhere but through the keyed hash.
pub struct Openid {
    pub(super) app_id: String,
    pub(super) openid: String,
}

impl core::fmt::Debug for Openid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Openid")
    }
}

impl Openid {
    /// For what asks WeChat in another way, and for tests.
    pub fn new(app_id: &str, openid: &str) -> Self {
        Self { app_id: app_id.to_owned(), openid: openid.to_owned() }
    }
}

/// Why WeChat names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WechatError {
    /// The code is none, used, or too old (40029, 40163, 41008, 42003): the person opens the page again.
    Code,
    /// The page is a snapshot, its user a made-up one: the person goes to the full page.
    Snapshot,
    /// WeChat has barred the user for risk (40226).
    Barred,
    /// No answer, no sense in it, or its own fault (-1): later.
    Busy,
    /// It does not know us, or not for this: the settings are wrong. Its number.
    Refused(i64),
}

#[derive(Deserialize)]
struct Reply {
    errcode: Option<i64>,
    openid: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    is_snapshotuser: i64,
}

impl WechatApi {
    /// For an official account. `authorize`: where browsers are sent; `api`: where we ask, without a path.
    ///
    /// # Errors
    /// One line for the operator.
    pub fn new(app_id: &str, secret: Zeroizing<String>, authorize: &str, api: &str) -> Result<Self, String> {
        let url: reqwest::Url = api.parse().map_err(|_| "WECHAT_API_URL is no address".to_owned())?;
        let here = url
            .host_str()
            .is_some_and(|host| host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()));
        if url.scheme() != "https" && !here {
            return Err("WECHAT_API_URL must begin with https://: the secret travels there".into());
        }
        let client = reqwest::Client::builder().timeout(TO_ANSWER).redirect(reqwest::redirect::Policy::none());
        let client = if here { client.no_proxy() } else { client };
        let client = client.build().map_err(|_| "the client for WeChat cannot be made".to_owned())?;
        let (app_id, authorize) = (app_id.to_owned(), authorize.to_owned());
        Ok(Self { app_id, secret, authorize, api: api.trim_end_matches('/').to_owned(), client })
    }

    /// Where a browser is sent, to come back to `redirect_uri` with this state. WeChat wants the parameters in this order.
    pub fn authorize_url(&self, redirect_uri: &str, state: &str) -> String {
        let mut query = form(&[("appid", &self.app_id), ("redirect_uri", redirect_uri), ("response_type", "code")]);
        query += &format!("&{}", form(&[("scope", "snsapi_base"), ("state", state)]));
        format!("{}?{query}#wechat_redirect", self.authorize)
    }

    /// Whose code it is.
    ///
    /// # Errors
    /// Why WeChat does not say.
    pub async fn openid(&self, code: &str) -> Result<Openid, WechatError> {
        let plain = |id: &str| !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(|sign| sign.is_ascii_graphic());
        if !plain(code) {
            return Err(WechatError::Code);
        }
        let query = Zeroizing::new(form(&[
            ("appid", &self.app_id),
            ("secret", &self.secret),
            ("code", code),
            ("grant_type", "authorization_code"),
        ]));
        let url = Zeroizing::new(format!("{}/sns/oauth2/access_token?{}", self.api, *query));
        // what went wrong names the address, and with it the secret: it is not for the log
        let mut answer = self.client.get(url.as_str()).send().await.map_err(|_| WechatError::Busy)?;
        if !answer.status().is_success() {
            return Err(WechatError::Busy);
        }
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(|_| WechatError::Busy)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(WechatError::Busy);
            }
            body.extend_from_slice(&chunk);
        }
        let openid = read(&body)?;
        if plain(&openid) { Ok(Openid { app_id: self.app_id.clone(), openid }) } else { Err(WechatError::Busy) }
    }
}

/// What an answer says.
fn read(body: &[u8]) -> Result<String, WechatError> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| WechatError::Busy)?;
    match reply.errcode.unwrap_or(0) {
        0 => {}
        40029 | 40163 | 41008 | 42003 => return Err(WechatError::Code),
        40226 => return Err(WechatError::Barred),
        // its own fault, or too many of us at once
        -1 | 45009 | 45011 => return Err(WechatError::Busy),
        other => return Err(WechatError::Refused(other)),
    }
    if reply.is_snapshotuser != 0 {
        return Err(WechatError::Snapshot);
    }
    // it may leave the scope out; another one is not what was asked for
    if reply.scope.is_some_and(|scope| !scope.split([',', ' ']).any(|one| one == "snsapi_base")) {
        return Err(WechatError::Busy);
    }
    reply.openid.ok_or(WechatError::Busy)
}

/// A query, encoded.
fn form(pairs: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://none").expect("an address");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_of_wechat_is_understood() {
        for (body, said) in [
            (r#"{"access_token":"A","expires_in":7200,"refresh_token":"R","openid":"oABC","scope":"snsapi_base"}"#, Ok("oABC")),
            (r#"{"access_token":"A","expires_in":7200,"refresh_token":"R","openid":"oABC"}"#, Ok("oABC")),
            (r#"{"access_token":"A","openid":"oABC","scope":"snsapi_base","is_snapshotuser":1}"#, Err(WechatError::Snapshot)),
            (r#"{"access_token":"A","openid":"oABC","scope":"snsapi_login"}"#, Err(WechatError::Busy)),
            (r#"{"errcode":40029,"errmsg":"invalid code"}"#, Err(WechatError::Code)),
            (r#"{"errcode":40163,"errmsg":"code been used"}"#, Err(WechatError::Code)),
            (r#"{"errcode":42003,"errmsg":"code expired"}"#, Err(WechatError::Code)),
            (r#"{"errcode":40226,"errmsg":"high risk user"}"#, Err(WechatError::Barred)),
            (r#"{"errcode":-1,"errmsg":"system error"}"#, Err(WechatError::Busy)),
            (r#"{"errcode":40125,"errmsg":"invalid appsecret"}"#, Err(WechatError::Refused(40125))),
            (r#"{"errcode":40013,"errmsg":"invalid appid","openid":"oABC"}"#, Err(WechatError::Refused(40013))),
            ("{}", Err(WechatError::Busy)),
            ("<html>502</html>", Err(WechatError::Busy)),
            (r#"{"openid":7}"#, Err(WechatError::Busy)),
        ] {
            assert_eq!(read(body.as_bytes()), said.map(str::to_owned), "{body}");
        }
    }

    #[test]
    fn a_browser_is_sent_with_the_parameters_in_wechats_order() {
        let api = WechatApi::new("wx1", Zeroizing::new("s3cret".into()), "https://open.example/authorize", "https://api.example/");
        let api = api.expect("settings");
        assert_eq!(
            api.authorize_url("https://yizhen.example/enter/wechat/back", "abc"),
            "https://open.example/authorize?appid=wx1&redirect_uri=https%3A%2F%2Fyizhen.example%2Fenter%2Fwechat%2Fback\
             &response_type=code&scope=snsapi_base&state=abc#wechat_redirect"
        );
        assert!(!format!("{api:?}").contains("s3cret"));
    }

    #[test]
    fn the_secret_travels_by_https_or_not_at_all() {
        let make = |api: &str| WechatApi::new("wx1", Zeroizing::new("s".into()), "https://open.example", api);
        for (api, good) in [
            ("https://api.weixin.qq.com", true),
            ("http://127.0.0.1:4711", true),
            ("http://localhost:4711", true),
            ("http://api.weixin.qq.com", false),
            ("ftp://api.weixin.qq.com", false),
            ("api", false),
        ] {
            assert_eq!(make(api).is_ok(), good, "{api}");
        }
    }
}
