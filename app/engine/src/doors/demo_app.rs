//! The app of the demo: signs tokens for invented people, with a key that lives as long as the process.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identity::check_character;
use domain::{DateTime, Utc};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::apps::{AppKey, HostApp, Key};
use crate::entropy::Entropy;

const NAME: &str = "demo";
const ISSUER: &str = "https://app.demo.example";
const AUDIENCE: &str = "yizhen-demo";
const KEY_ID: &str = "demo-1";
/// Seconds that its tokens can be used.
const LIFE_S: i64 = 120;

/// The app of the demo.
pub struct DemoApp {
    key: SigningKey,
}

/// Somebody who has the demo's app on their phone. The identity number begins with a division, and the phone with digits, that nobody was given.
#[derive(Clone, Copy, Debug)]
pub struct Invented {
    /// Name.
    pub name: &'static str,
    /// What is said of them.
    pub about: &'static str,
    /// The same in English.
    pub about_en: &'static str,
    /// Phone.
    pub phone: &'static str,
    /// The first 17 digits of their identity number.
    first_17: &'static str,
}

impl Invented {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self {
            name: "蒋玉梅",
            about: "72 岁，第一次来",
            about_en: "72 years old, here for the first time",
            phone: "15400001001",
            first_17: "43119819540312002",
        },
        Self {
            name: "欧阳文博",
            about: "38 岁，会再来",
            about_en: "38 years old",
            phone: "15400001002",
            first_17: "43119819880921003",
        },
        Self {
            name: "李·苏珊",
            about: "29 岁，名字里有间隔号",
            about_en: "29 years old, with a middle dot",
            phone: "15400001003",
            first_17: "43119819970105004",
        },
    ];

    fn number(&self) -> String {
        format!("{}{}", self.first_17, check_character(self.first_17).unwrap_or('0'))
    }
}

impl DemoApp {
    /// With a key of its own.
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self { key: SigningKey::from_bytes(&entropy.bytes()) }
    }

    /// As the service knows it.
    pub fn app(&self) -> HostApp {
        let key = AppKey { id: KEY_ID.to_owned(), key: Key::Ed25519(Box::new(self.key.verifying_key())) };
        HostApp::new(NAME, ISSUER, AUDIENCE, vec![key])
    }

    /// A token for somebody, to be used once, within two minutes of `now`.
    pub fn token(&self, who: &Invented, now: DateTime<Utc>, entropy: &dyn Entropy) -> String {
        let iat = now.timestamp();
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": who.phone, "iat": iat, "exp": iat + LIFE_S, "jti": entropy.token(),
            "phone": who.phone, "name": who.name, "document": { "kind": "resident_id", "number": who.number() },
        });
        sign(&json!({ "alg": "EdDSA", "typ": "JWT", "kid": KEY_ID }), &claims, |signed| self.key.sign(signed).to_bytes().to_vec())
    }
}

/// A token of these parts.
pub(super) fn sign(head: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(head), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}
