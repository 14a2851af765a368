//! Tokens that are not good, one by one: a claim that is missing or wrong, another algorithm, another key, another form.

use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::doors::demo_app::sign;

const NOW: i64 = 1_772_409_600;
const SECRET: &[u8] = b"a secret of the tests, long enough for HS256";

fn keys() -> [SigningKey; 2] {
    [7, 8].map(|seed| SigningKey::from_bytes(&[seed; 32]))
}

/// Two apps with keys of two kinds; the first has two keys.
fn apps() -> HostApps {
    let [first, second] = keys().map(|key| URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()));
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let text = format!(
        "[[app]]\nname = 'city'\nissuer = 'https://app.example'\naudience = 'yizhen'\nalgorithm = 'EdDSA'\n\
         [[app.key]]\nid = 'old'\npublic_key = '{first}'\n[[app.key]]\nid = 'new'\npublic_key = '{second}'\n\
         [[app]]\nname = 'county'\nissuer = 'https://county.example'\naudience = 'yizhen'\nalgorithm = 'HS256'\n\
         [[app.key]]\nid = '1'\nsecret = '{secret}'\n"
    );
    HostApps::parse(&text).expect("settings")
}

fn head() -> Value {
    json!({ "alg": "EdDSA", "typ": "JWT", "kid": "new" })
}

fn claims() -> Value {
    json!({
        "iss": "https://app.example", "aud": "yizhen", "sub": "u1", "iat": NOW, "exp": NOW + 120, "jti": "j1", "phone": "13800138000",
        "name": "张秀兰", "document": { "kind": "resident_id", "number": "11010519491231002X" },
    })
}

/// With some of its entries replaced; `null` takes one away.
fn with(mut value: Value, changes: Value) -> Value {
    let object = value.as_object_mut().expect("an object");
    for (name, change) in changes.as_object().expect("an object").clone() {
        if change.is_null() {
            object.remove(&name)
        } else {
            object.insert(name, change)
        };
    }
    value
}

fn ed25519(head: &Value, claims: &Value) -> String {
    let [_, new] = keys();
    sign(head, claims, |signed| new.sign(signed).to_bytes().to_vec())
}

fn hs256(secret: &[u8], head: &Value, claims: &Value) -> String {
    let mac = |signed: &[u8]| {
        Hmac::<Sha256>::new_from_slice(secret).expect("a key").chain_update(signed).finalize().into_bytes().to_vec()
    };
    sign(head, claims, mac)
}

fn said(token: &str) -> Result<String, Refused> {
    let now = DateTime::from_timestamp(NOW, 0).expect("an instant");
    read(&apps(), token, now).map(|genuine| genuine.app.name.clone())
}

#[test]
fn a_genuine_token_is_taken_with_either_key_and_either_algorithm() {
    let city = Ok("city".to_owned());
    assert_eq!(said(&ed25519(&head(), &claims())), city);
    assert_eq!(said(&ed25519(&json!({ "alg": "EdDSA" }), &claims())), city, "without a key's id all keys are tried");
    let [old, _] = keys();
    let by_old = |head: &Value| sign(head, &claims(), |signed| old.sign(signed).to_bytes().to_vec());
    assert_eq!(said(&by_old(&with(head(), json!({ "kid": "old" })))), city, "keys change while tokens are on their way");
    assert_eq!(said(&by_old(&head())), Err(Refused::Signature), "each key under its own id");
    let county = with(claims(), json!({ "iss": "https://county.example", "aud": ["other", "yizhen"] }));
    assert_eq!(said(&hs256(SECRET, &json!({ "alg": "HS256", "kid": "1" }), &county)), Ok("county".to_owned()));
}

#[test]
fn a_claim_that_is_missing_or_cannot_be_is_refused() {
    for (changes, why) in [
        (json!({ "iss": null }), Refused::Shape),
        (json!({ "iss": "https://evil.example" }), Refused::Issuer),
        (json!({ "aud": null }), Refused::Claim("aud")),
        (json!({ "aud": "another service" }), Refused::Audience),
        (json!({ "aud": [] }), Refused::Audience),
        (json!({ "aud": "yizhen2" }), Refused::Audience),
        (json!({ "sub": null }), Refused::Claim("sub")),
        (json!({ "sub": "" }), Refused::Claim("sub")),
        (json!({ "jti": null }), Refused::Claim("jti")),
        (json!({ "jti": "" }), Refused::Claim("jti")),
        (json!({ "jti": "x".repeat(257) }), Refused::Claim("jti")),
        (json!({ "jti": 7 }), Refused::Claim("of another type")),
        (json!({ "iat": null }), Refused::Claim("iat")),
        (json!({ "iat": "now" }), Refused::Claim("of another type")),
        (json!({ "iat": NOW + 31, "exp": NOW + 120 }), Refused::Early),
        (json!({ "iat": NOW - 3600 }), Refused::TooLong),
        (json!({ "iat": -1, "exp": 100 }), Refused::Claim("iat")),
        (json!({ "exp": null }), Refused::Claim("exp")),
        (json!({ "exp": NOW }), Refused::Claim("exp")),
        (json!({ "exp": NOW + 301 }), Refused::TooLong),
        (json!({ "exp": i64::MAX }), Refused::Claim("exp")),
        (json!({ "iat": NOW - 300, "exp": NOW - 30 }), Refused::Expired),
        (json!({ "nbf": NOW + 31 }), Refused::Early),
        (json!({ "nbf": i64::MIN }), Refused::Claim("nbf")),
        (json!({ "phone": null }), Refused::Claim("phone")),
        (json!({ "name": null }), Refused::Claim("name")),
        (json!({ "document": null }), Refused::Claim("document")),
        (json!({ "document": "11010519491231002X" }), Refused::Claim("of another type")),
        (json!({ "document": { "kind": "driving_licence", "number": "1" } }), Refused::Claim("of another type")),
    ] {
        assert_eq!(said(&ed25519(&head(), &with(claims(), changes.clone()))), Err(why), "{changes}");
    }
}

#[test]
fn clocks_may_differ_by_half_a_minute() {
    for changes in [
        json!({ "iat": NOW + 30 }),
        json!({ "iat": NOW - 100, "exp": NOW - 29 }),
        json!({ "nbf": NOW + 30 }),
        json!({ "iat": NOW, "exp": NOW + 300 }),
    ] {
        assert!(said(&ed25519(&head(), &with(claims(), changes.clone()))).is_ok(), "{changes}");
    }
}

#[test]
fn the_algorithm_is_that_of_the_key_whatever_the_token_says() {
    let [_, new] = keys();
    let public = new.verifying_key();
    for secret in [public.as_bytes().as_slice(), URL_SAFE_NO_PAD.encode(public.as_bytes()).as_bytes(), b""] {
        for kid in [json!("new"), Value::Null] {
            let head = with(json!({ "alg": "HS256", "typ": "JWT" }), json!({ "kid": kid }));
            assert_eq!(said(&hs256(secret, &head, &claims())), Err(Refused::Algorithm), "the public key is no secret");
        }
        let lies = hs256(secret, &head(), &claims());
        assert_eq!(said(&lies), Err(Refused::Signature));
    }
    for alg in ["none", "None", "NONE", "", "eddsa", "ES256", "RS256", "HS512"] {
        let head = with(head(), json!({ "alg": alg }));
        assert_eq!(said(&ed25519(&head, &claims())), Err(Refused::Algorithm), "{alg}");
        let unsigned = sign(&head, &claims(), |_| vec![]);
        assert_eq!(said(&unsigned), Err(Refused::Algorithm), "{alg}, unsigned");
    }
    assert_eq!(said(&sign(&head(), &claims(), |_| vec![])), Err(Refused::Signature));
    let county = with(claims(), json!({ "iss": "https://county.example" }));
    assert_eq!(said(&ed25519(&json!({ "alg": "EdDSA" }), &county)), Err(Refused::Algorithm));
    assert_eq!(said(&ed25519(&json!({ "alg": "HS256" }), &county)), Err(Refused::Signature), "another app's key");
    for wrong in [SECRET[1..].to_vec(), [SECRET, b"x"].concat(), vec![]] {
        assert_eq!(said(&hs256(&wrong, &json!({ "alg": "HS256" }), &county)), Err(Refused::Signature));
    }
    for more in [json!({ "crit": ["exp"] }), json!({ "b64": false, "crit": ["b64"] }), json!({ "typ": "at+jwt" })] {
        assert_eq!(said(&ed25519(&with(head(), more.clone()), &claims())), Err(Refused::Algorithm), "{more}");
    }
    for kid in ["none", "../new", ""] {
        assert_eq!(said(&ed25519(&with(head(), json!({ "kid": kid })), &claims())), Err(Refused::Key), "{kid}");
    }
}

#[test]
fn what_has_not_the_form_of_a_token_is_refused() {
    let good = ed25519(&head(), &claims());
    let parts: Vec<_> = good.split('.').collect();
    let [head_part, body, signature] = parts[..] else { panic!("three parts") };
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for token in [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        format!("{head_part}.{body}"),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!(" {good}"),
        format!("{head_part}.{body}.{signature}\n"),
        format!("{head_part}.{body}.ä"),
        format!("{}.{body}.{signature}", part("[]")),
        format!("{}.{body}.{signature}", part("{\"alg\":\"EdDSA\",\"alg\":\"none\"}")),
        format!("{head_part}.{}.{signature}", part("not json")),
        format!("{head_part}.{}.{signature}", part(&"[".repeat(4000))),
        format!("{head_part}.{}.{signature}", part("{\"iss\":\"https://app.example\",\"iss\":\"https://county.example\"}")),
        "x".repeat(LONGEST + 1),
    ] {
        assert_eq!(said(&token), Err(Refused::Shape), "{token}");
    }
    let huge = ed25519(&head(), &with(claims(), json!({ "address": "路".repeat(3000) })));
    assert_eq!(said(&huge), Err(Refused::Shape), "genuine, and too long");
}

#[test]
fn a_token_with_any_sign_changed_is_refused() {
    let good = ed25519(&head(), &claims());
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert!(said(&changed).is_err(), "sign {at}");
    }
}

#[test]
fn what_is_logged_of_a_refusal_names_nobody() {
    let private = with(claims(), json!({ "exp": "张秀兰" }));
    let refused = said(&ed25519(&head(), &private)).expect_err("no number");
    assert_eq!(refused.to_string(), "claim of another type");
    let now = DateTime::from_timestamp(NOW, 0).expect("an instant");
    let apps = apps();
    let genuine = read(&apps, &ed25519(&head(), &claims()), now).expect("good");
    let shown = format!("{genuine:?}");
    assert!(!shown.contains("张秀兰") && !shown.contains("13800138000") && !shown.contains("1101051949"), "{shown}");
}

proptest! {
    #[test]
    fn anything_may_come_as_a_token_without_a_panic(token in any::<String>()) {
        prop_assert!(said(&token).is_err());
    }

    #[test]
    fn anything_may_stand_in_its_parts(head in any::<Vec<u8>>(), body in any::<Vec<u8>>(), signature in any::<Vec<u8>>()) {
        let token = [head, body, signature].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        prop_assert!(said(&token).is_err());
    }

    #[test]
    fn genuine_signatures_under_any_claims_are_judged_without_a_panic(
        exp in any::<i64>(), iat in any::<i64>(), nbf in any::<Option<i64>>(), jti in ".{0,300}", number in ".{0,40}",
    ) {
        let claims = with(claims(), json!({
            "exp": exp, "iat": iat, "nbf": nbf, "jti": jti, "document": { "kind": "passport", "number": number },
        }));
        let good = said(&ed25519(&head(), &claims)).is_ok();
        let lives = exp > iat && exp - iat.max(exp - 301) <= 300 && exp + 30 > NOW && iat - 30 <= NOW;
        prop_assert!(!good || lives);
    }
}
