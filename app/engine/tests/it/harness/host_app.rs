//! A city's app of the tests: signs tokens with a shared secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::doors::HostApps;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::TestCity;

const SECRET: &[u8] = b"a secret of the tests, long enough for HS256";

/// The settings of the service.
pub fn apps() -> HostApps {
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let text = format!(
        "[[app]]\nname = 'city'\nissuer = 'app'\naudience = 'yizhen'\nalgorithm = 'HS256'\n[[app.key]]\nid = '1'\nsecret = '{secret}'\n"
    );
    HostApps::parse(&text).expect("settings")
}

/// A token that is good now for somebody with this phone, name and document, with more claims or other ones.
pub fn token(city: &TestCity, phone: &str, name: &str, number: &str, more: Value) -> String {
    let now = city.engine.now().timestamp();
    let mut claims = json!({
        "iss": "app", "aud": "yizhen", "sub": phone, "iat": now, "exp": now + 60, "jti": city.next().to_string(), "phone": phone,
        "name": name, "document": { "kind": "resident_id", "number": number },
    });
    for (name, value) in more.as_object().expect("an object").clone() {
        claims[name] = value;
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(&claims));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("a key").chain_update(&signed).finalize();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
}
