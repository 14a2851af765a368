//! The apps that may send people here, each with its keys. They come from a settings file, and go neither into the database nor into a log.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use serde::Deserialize;
use zeroize::Zeroizing;

/// Bytes that a shared secret has at least: as many as what HMAC-SHA-256 gives (RFC 7518, 3.2).
const SHORTEST_SECRET: usize = 32;
/// What stands before the 32 bytes of an Ed25519 key in the DER of its PEM (RFC 8410).
const PEM_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Names that are ours already.
const TAKEN: [&str; 2] = ["wechat", "demo"];

/// The apps that may send people here.
#[derive(Clone, Debug, Default)]
pub struct HostApps(Vec<HostApp>);

/// An app, such as the city's.
#[derive(Clone, Debug)]
pub struct HostApp {
    /// Its name: what stands in `?host=`.
    pub name: String,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) keys: Vec<AppKey>,
}

/// A key with its id.
#[derive(Clone)]
pub(super) struct AppKey {
    pub id: String,
    pub key: Key,
}

/// A key. What it is decides the algorithm; a token has no say in it.
#[derive(Clone)]
pub(super) enum Key {
    /// `EdDSA`: Ed25519.
    Ed25519(Box<VerifyingKey>),
    /// `HS256`: shared with the app.
    Hs256(Zeroizing<Vec<u8>>),
}

impl core::fmt::Debug for AppKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AppKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// The algorithm's name in a token.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::Hs256(_) => "HS256",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    app: Vec<AppEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppEntry {
    name: String,
    issuer: String,
    audience: String,
    algorithm: String,
    #[serde(default)]
    key: Vec<KeyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    id: String,
    public_key: Option<String>,
    secret: Option<Zeroizing<String>>,
}

impl HostApps {
    /// Reads the settings file's text.
    ///
    /// # Errors
    /// One line for the operator, which repeats nothing that could be a key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text.get(..span.start).map_or(0, |before| before.matches('\n').count()));
            // the words after a quotation mark may be a secret that stands in the wrong place
            let words = error.message().split(['"', '\n']).next().unwrap_or_default().trim();
            format!("line {line}: {words}")
        })?;
        let mut apps = Vec::<HostApp>::new();
        for entry in file.app {
            let app = app(entry)?;
            if apps.iter().any(|other| other.name == app.name) {
                return Err(format!("the app {} stands there twice", app.name));
            }
            if apps.iter().any(|other| other.issuer == app.issuer) {
                return Err(format!("the app {} has another one's issuer", app.name));
            }
            apps.push(app);
        }
        if apps.is_empty() { Err("it names no app: begin with [[app]]".into()) } else { Ok(Self(apps)) }
    }

    /// With one more.
    #[must_use]
    pub fn and(mut self, app: HostApp) -> Self {
        self.0.push(app);
        self
    }

    /// Whether there are none: then nobody comes in by this door.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|app| app.name.as_str())
    }

    /// The app of an issuer.
    pub(super) fn of_issuer(&self, issuer: &str) -> Option<&HostApp> {
        self.0.iter().find(|app| app.issuer == issuer)
    }
}

impl HostApp {
    pub(super) fn new(name: &str, issuer: &str, audience: &str, keys: Vec<AppKey>) -> Self {
        Self { name: name.to_owned(), issuer: issuer.to_owned(), audience: audience.to_owned(), keys }
    }
}

fn app(entry: AppEntry) -> Result<HostApp, String> {
    let AppEntry { name, issuer, audience, algorithm, key } = entry;
    let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
        return Err("an app's name has 1 to 32 small letters, digits and hyphens".into());
    }
    if TAKEN.contains(&name.as_str()) {
        return Err(format!("the name {name} is taken; call the app something else"));
    }
    if issuer.is_empty() || audience.is_empty() {
        return Err(format!("the app {name} needs an issuer and an audience"));
    }
    let mut keys = Vec::<AppKey>::new();
    for entry in key {
        let id = entry.id.clone();
        if id.is_empty() || id.len() > 64 || keys.iter().any(|key| key.id == id) {
            return Err(format!("the app {name} needs for each key an id of its own, of 1 to 64 characters"));
        }
        let key = read_key(&algorithm, &entry).map_err(|why| format!("the key {id} of the app {name}: {why}"))?;
        keys.push(AppKey { id, key });
    }
    if keys.is_empty() {
        return Err(format!("the app {name} has no key: add [[app.key]]"));
    }
    Ok(HostApp { name, issuer, audience, keys })
}

fn read_key(algorithm: &str, entry: &KeyEntry) -> Result<Key, &'static str> {
    match (algorithm, &entry.public_key, &entry.secret) {
        ("EdDSA", Some(text), None) => {
            ed25519(text).ok_or("public_key must be an Ed25519 public key, as PEM or as 32 bytes in base64")
        }
        ("HS256", None, Some(text)) => {
            let secret = Zeroizing::new(from_base64(text.trim()).ok_or("secret must be base64")?);
            if secret.len() < SHORTEST_SECRET {
                return Err("secret must have at least 32 bytes; make one with: openssl rand -base64 32");
            }
            Ok(Key::Hs256(secret))
        }
        ("EdDSA", ..) => Err("with the algorithm EdDSA it has a public_key and no secret"),
        ("HS256", ..) => Err("with the algorithm HS256 it has a secret and no public_key"),
        _ => Err("the app's algorithm is EdDSA or HS256"),
    }
}

fn ed25519(text: &str) -> Option<Key> {
    let body: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let bytes = from_base64(&body)?;
    let bytes = bytes.strip_prefix(&PEM_HEAD).unwrap_or(&bytes);
    let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
    // of a weak key a signature can be made that fits any text
    (!key.is_weak()).then(|| Key::Ed25519(Box::new(key)))
}

/// Base64 of either alphabet: openssl writes one, JSON Web Keys the other.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQ";
    const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn file(algorithm: &str, key: &str) -> String {
        format!(
            "[[app]]\nname = \"city\"\nissuer = \"app\"\naudience = \"us\"\nalgorithm = \"{algorithm}\"\n[[app.key]]\nid = \"1\"\n{key}\n"
        )
    }

    #[test]
    fn keys_of_both_kinds_are_read_as_tools_write_them() {
        let pem = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        for text in [
            file("EdDSA", &format!("public_key = \"{PUBLIC}\"")),
            file("EdDSA", &format!("public_key = '''\n-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n'''")),
            file("HS256", &format!("secret = \"{SECRET}\"")),
        ] {
            let apps = HostApps::parse(&text).expect(&text);
            assert_eq!(apps.names().collect::<Vec<_>>(), ["city"]);
        }
    }

    #[test]
    fn what_would_let_a_forger_in_is_refused_and_no_key_is_repeated() {
        let short = STANDARD.encode([7; 31]);
        let weak = URL_SAFE_NO_PAD.encode([[1].as_slice(), &[0; 31]].concat());
        let twice = format!("{}[[app.key]]\nid = \"1\"\nsecret = \"{SECRET}\"\n", file("HS256", &format!("secret = \"{SECRET}\"")));
        for (text, why) in [
            (file("HS256", &format!("secret = \"{short}\"")), "at least 32 bytes"),
            (file("HS256", &format!("public_key = \"{SECRET}\"")), "a secret and no public_key"),
            (file("EdDSA", &format!("secret = \"{SECRET}\"")), "a public_key and no secret"),
            (file("EdDSA", &format!("public_key = \"{weak}\"")), "Ed25519 public key"),
            (file("EdDSA", "public_key = \"AAAA\""), "Ed25519 public key"),
            (file("none", &format!("secret = \"{SECRET}\"")), "EdDSA or HS256"),
            (file("RS256", &format!("public_key = \"{PUBLIC}\"")), "EdDSA or HS256"),
            (file("HS256", &format!("secret = [\"{SECRET}\"]")), "line "),
            (file("HS256", &format!("secrets = \"{SECRET}\"")), "unknown field"),
            (twice, "an id of its own"),
            (file("HS256", &format!("secret = \"{SECRET}\"")).replace("city", "wechat"), "taken"),
            (file("HS256", &format!("secret = \"{SECRET}\"")).replace("city", "The City"), "small letters"),
            (String::new(), "names no app"),
            (format!("app = \"{SECRET}\""), "line 1"),
        ] {
            let refused = HostApps::parse(&text).expect_err(why);
            assert!(refused.contains(why), "{refused} for {why}");
            assert!(!refused.contains(SECRET) && !refused.contains(&short), "{refused}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let apps = HostApps::parse(&file("HS256", &format!("secret = \"{SECRET}\""))).expect("good");
        let shown = format!("{apps:?}");
        assert!(shown.contains("city") && !shown.contains(SECRET) && !shown.contains("115"), "{shown}");
    }
}
