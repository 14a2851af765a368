//! The token that an app sends a person with: a JSON Web Token (RFC 7519) in its compact form, read by one strict way.
//!
//! A library for all of it would bring RSA and two more curves to verify two algorithms whose parts are here already; what is left is this
//! file. The algorithm is that of the key in the settings: the token's own word must agree, and decides nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identity::{DocumentDraft, DocumentKind};
use domain::{DateTime, NaiveDate, Utc};
use ed25519_dalek::Signature;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::Sha256;

use super::apps::{AppKey, HostApp, HostApps, Key};

/// Bytes of the longest token that is looked at; one with a long address has an eighth of it.
pub(super) const LONGEST: usize = 8192;
/// Seconds by which the app's clock and ours may differ.
pub(super) const LEEWAY_S: i64 = 30;
/// Seconds from `iat` to `exp` at most.
const LONGEST_LIFE_S: i64 = 300;
/// Bytes of the longest `jti` and `sub`.
const LONGEST_ID: usize = 256;

/// Why a token was refused: for the log. Whoever sent it hears nothing of it, for it would help a forger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not three parts of base64 with JSON in them, or too long.
    Shape,
    /// Nobody's whom we know.
    Issuer,
    /// Another algorithm than the app's, or an extension that we do not have.
    Algorithm,
    /// No such key.
    Key,
    /// Changed, or signed by somebody else.
    Signature,
    /// A claim that is missing or cannot be.
    Claim(&'static str),
    /// For somebody else.
    Audience,
    /// Over.
    Expired,
    /// Not valid yet, or from the future.
    Early,
    /// Valid for longer than is taken.
    TooLong,
    /// Used before.
    Used,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Shape => f.write_str("shape"),
            Self::Issuer => f.write_str("issuer"),
            Self::Algorithm => f.write_str("algorithm"),
            Self::Key => f.write_str("key"),
            Self::Signature => f.write_str("signature"),
            Self::Claim(name) => write!(f, "claim {name}"),
            Self::Audience => f.write_str("audience"),
            Self::Expired => f.write_str("expired"),
            Self::Early => f.write_str("not yet valid"),
            Self::TooLong => f.write_str("valid for too long"),
            Self::Used => f.write_str("used before"),
        }
    }
}

/// What a genuine token says, and its app. Who the person is has yet to be judged by the rules for people.
#[derive(Debug)]
pub(super) struct Genuine<'a> {
    pub app: &'a HostApp,
    pub claims: Claims,
}

/// The claims.
#[derive(Deserialize)]
pub(super) struct Claims {
    aud: Audience,
    sub: String,
    pub exp: i64,
    iat: i64,
    nbf: Option<i64>,
    pub jti: String,
    pub phone: String,
    pub name: String,
    pub document: DocumentClaim,
    #[serde(default)]
    pub born_on: Option<NaiveDate>,
    #[serde(default)]
    pub county: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
}

impl core::fmt::Debug for Claims {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Claims")
    }
}

/// The document, as an app writes it.
#[derive(Deserialize)]
pub(super) struct DocumentClaim {
    kind: DocumentKind,
    number: String,
}

impl DocumentClaim {
    pub(super) fn draft(&self) -> DocumentDraft {
        DocumentDraft { kind: self.kind, number: self.number.clone() }
    }
}

/// One audience, or several (RFC 7519, 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
}

/// Whose it claims to be: the one thing that is read before the signature, to know whose key it takes.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

/// Reads and judges a token at an instant.
///
/// # Errors
/// Why not.
pub(super) fn read<'a>(apps: &'a HostApps, token: &str, now: DateTime<Utc>) -> Result<Genuine<'a>, Refused> {
    if token.len() > LONGEST {
        return Err(Refused::Shape);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Shape)?;
    let (head, body) = signed.split_once('.').filter(|(_, body)| !body.contains('.')).ok_or(Refused::Shape)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Shape);
    let (head, body, signature) = (decoded(head)?, decoded(body)?, decoded(signature)?);
    let head: Head = serde_json::from_slice(&head).map_err(|_| Refused::Shape)?;
    let Claimed { iss } = serde_json::from_slice(&body).map_err(|_| Refused::Shape)?;
    let app = apps.of_issuer(&iss).ok_or(Refused::Issuer)?;
    let foreign_type = head.typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"));
    if foreign_type || head.crit.is_some() || head.b64.is_some() {
        return Err(Refused::Algorithm);
    }
    let keys = candidates(app, &head.alg, head.kid.as_deref())?;
    if !keys.iter().any(|key| verifies(&key.key, signed.as_bytes(), &signature)) {
        return Err(Refused::Signature);
    }
    let claims: Claims = serde_json::from_slice(&body).map_err(|error| Refused::Claim(named(&error.to_string())))?;
    judge(app, &claims, now)?;
    Ok(Genuine { app, claims })
}

/// The keys that may have signed it: the one that it names, or all where it names none.
fn candidates<'a>(app: &'a HostApp, alg: &str, kid: Option<&str>) -> Result<Vec<&'a AppKey>, Refused> {
    let keys: Vec<_> = app.keys.iter().filter(|key| kid.is_none_or(|kid| key.id == kid)).collect();
    if keys.is_empty() {
        return Err(Refused::Key);
    }
    if keys.iter().all(|key| key.key.algorithm() == alg) { Ok(keys) } else { Err(Refused::Algorithm) }
}

fn verifies(key: &Key, signed: &[u8], signature: &[u8]) -> bool {
    match key {
        Key::Ed25519(key) => Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(signed, &signature).is_ok()),
        // compared in constant time
        Key::Hs256(secret) => {
            Hmac::<Sha256>::new_from_slice(secret).is_ok_and(|mac| mac.chain_update(signed).verify_slice(signature).is_ok())
        }
    }
}

fn judge(app: &HostApp, claims: &Claims, now: DateTime<Utc>) -> Result<(), Refused> {
    if !claims.aud.has(&app.audience) {
        return Err(Refused::Audience);
    }
    for (name, id) in [("sub", &claims.sub), ("jti", &claims.jti)] {
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(Refused::Claim(name));
        }
    }
    let now = now.timestamp();
    // instants that no clock shows would overflow
    let sane = 0..=32_503_680_000;
    for (name, at) in [("exp", claims.exp), ("iat", claims.iat), ("nbf", claims.nbf.unwrap_or(claims.iat))] {
        if !sane.contains(&at) {
            return Err(Refused::Claim(name));
        }
    }
    if claims.exp <= claims.iat {
        return Err(Refused::Claim("exp"));
    }
    if claims.exp - claims.iat > LONGEST_LIFE_S {
        return Err(Refused::TooLong);
    }
    if claims.exp + LEEWAY_S <= now {
        return Err(Refused::Expired);
    }
    if claims.iat.max(claims.nbf.unwrap_or(0)) - LEEWAY_S > now {
        return Err(Refused::Early);
    }
    Ok(())
}

/// The claim that the decoder names, of those that there are: the rest of what it says may be somebody's name.
fn named(said: &str) -> &'static str {
    const KNOWN: [&str; 9] = ["aud", "sub", "exp", "iat", "jti", "phone", "name", "document", "iss"];
    let name = |what: &str| said.split_once(what).and_then(|(_, rest)| rest.split_once('`')).map(|(name, _)| name);
    let name = name("missing field `").or_else(|| name("duplicate field `"));
    KNOWN.into_iter().find(|known| Some(*known) == name).unwrap_or("of another type")
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
