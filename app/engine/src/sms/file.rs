//! The gateways file (`GATEWAYS_FILE`): which gateways there are, in the order in which they are tried. Each mistake in it is named with its
//! key, and no value of it is ever repeated: one may be a secret in the wrong place.
//!
//! ```toml
//! [[gateway]]
//! kind = "aliyun"                                  # or "tencent", "webhook"
//! name = "aliyun"                                  # in messages, log, metrics and the address of its receipts
//! access_key_id = "LTAI…"
//! access_key_secret_file = "/etc/yizhen/aliyun"    # or …_env = "NAME"; a secret never stands in this file
//! sign_name = "永州疾控"
//! receipt_token_file = "/etc/yizhen/aliyun-token"  # 32 characters or more; the console is told https://…/gateways/aliyun/receipts/<token>
//! # url = "https://dysmsapi.aliyuncs.com", timeout_s = 10
//! [gateway.limits]                                 # each may be left out: what the gateway documents; 0: none
//! codes_a_day = 10
//! [gateway.templates.sign_in_code]
//! id = "SMS_154950909"
//! params = ["code", "minutes"]                     # or { their_name = "code" }
//! [gateway.templates.sign_in_code.en]              # for those who read English
//! id = "SMS_154950910"
//! params = ["code"]
//!
//! [[gateway]]
//! kind = "tencent"
//! name = "tencent"
//! secret_id = "AKID…"
//! secret_key_env = "TENCENT_KEY"
//! app_id = "1400006666"
//! # region = "ap-guangzhou"
//! sign_name = "永州疾控"
//! receipt_token_env = "TENCENT_TOKEN"
//! [gateway.templates.sign_in_code]
//! id = "449739"
//! params = ["code", "minutes"]                     # in the order of {1}, {2}
//!
//! [[gateway]]
//! kind = "webhook"
//! name = "city"
//! url = "https://sms.city.example/yizhen"
//! secret_file = "/etc/yizhen/city"                 # 32 characters or more
//! ```

mod section;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::lang::Lang;
use domain::message::{MessageKind, fields_of};
use domain::time::Clock;
use toml::Value;
use zeroize::Zeroizing;

use self::section::{Section, Wrong};
use super::aliyun::{self, Aliyun};
use super::secret::Secret;
use super::template::{Template, Templates};
use super::tencent::{self, Tencent};
use super::webhook::{self, Webhook};
use super::wire::Wire;
use super::{Gateway, GatewayLimits};
use crate::entropy::Entropy;

/// Characters that a secret which we share with somebody has at least.
const SHORTEST: usize = 32;
/// Seconds that a gateway is given to answer, unless the file says otherwise.
const TIMEOUT_S: u64 = 10;

/// Where a secret is.
#[derive(Clone, Copy, Debug)]
pub enum SecretFrom<'a> {
    /// In a file.
    File(&'a Path),
    /// In a variable of the environment.
    Env(&'a str),
}

/// What gateways are made with.
pub struct GatewayParts<'a> {
    /// Finds a secret, or says in a few words why there is none.
    pub secrets: &'a dyn Fn(SecretFrom) -> Result<Zeroizing<String>, String>,
    /// How long a message is in hand: each gateway must have answered twice by then.
    pub lease: Duration,
    /// By which requests are dated.
    pub clock: Arc<dyn Clock>,
    /// For nonces.
    pub entropy: Arc<dyn Entropy>,
}

/// Why a gateways file is refused. One line for the operator, for after the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewaysFileError {
    /// It is no TOML.
    #[error("line {line}: {what}")]
    Syntax {
        /// Where, from 1.
        line: usize,
        /// What the reader says.
        what: String,
    },
    /// A value cannot be right.
    #[error("`{key}` {what}")]
    Wrong {
        /// The path of the key: `gateway[0].templates.booked.params[2]`.
        key: String,
        /// What is wrong and what to do.
        what: String,
    },
}

impl From<Wrong> for GatewaysFileError {
    fn from(Wrong { key, what }: Wrong) -> Self {
        Self::Wrong { key, what }
    }
}

/// Reads the text of a gateways file.
///
/// # Errors
/// See [`GatewaysFileError`].
pub fn gateways(text: &str, parts: &GatewayParts) -> Result<Vec<Arc<dyn Gateway>>, GatewaysFileError> {
    let file: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        // the words after a quotation mark may be a secret that stands in the wrong place
        let what = error
            .message()
            .split(['"', '`', '\n'])
            .next()
            .unwrap_or_default()
            .trim()
            .trim_end_matches("expected")
            .trim_end_matches([',', ' '])
            .to_owned();
        GatewaysFileError::Syntax { line: before.matches('\n').count() + 1, what }
    })?;
    let top = Section::top(&file);
    let mut gateways = Vec::<Arc<dyn Gateway>>::new();
    for entry in top.sections("gateway")? {
        let gateway = gateway(&entry, parts)?;
        if gateways.iter().any(|other| other.name() == gateway.name()) {
            return Err(entry.wrong("name", "is another gateway's already").into());
        }
        gateways.push(gateway);
    }
    top.nothing_else()?;
    if gateways.is_empty() {
        return Err(top.wrong("gateway", "is missing: name a gateway, beginning with [[gateway]]").into());
    }
    for kind in MessageKind::ALL {
        if !gateways.iter().any(|gateway| gateway.takes(*kind, Lang::Zh)) {
            let what = "is in no gateway: such messages could not be sent; add the template, or a webhook";
            return Err(Wrong { key: format!("gateway.templates.{kind}"), what: what.into() }.into());
        }
    }
    Ok(gateways)
}

fn gateway(entry: &Section, parts: &GatewayParts) -> Result<Arc<dyn Gateway>, Wrong> {
    let name = name(entry)?;
    let seconds = entry.number("timeout_s", 1..=60)?.unwrap_or(TIMEOUT_S);
    if Duration::from_secs(seconds) * 2 >= parts.lease {
        let most = parts.lease.as_secs();
        let what = format!(
            "is {seconds} s: it must be less than half of MESSAGE_LEASE_S ({most}), or what is still under way would be taken for lost"
        );
        return Err(entry.wrong("timeout_s", &what));
    }
    let wire = |usual: Option<&str>| {
        let url = match usual {
            Some(usual) => entry.text("url")?.unwrap_or(usual),
            None => entry.needed("url")?,
        };
        let wire = Wire::new(url, Duration::from_secs(seconds)).map_err(|what| entry.wrong("url", what))?;
        // what is signed there is the path `/`
        let bare = usual.is_none() || wire.url().path() == "/";
        if bare { Ok(wire) } else { Err(entry.wrong("url", "must have no path: write it as https://name")) }
    };
    let (clock, entropy) = (parts.clock.clone(), parts.entropy.clone());
    let gateway: Arc<dyn Gateway> = match entry.needed("kind")? {
        "aliyun" => Arc::new(Aliyun {
            name,
            limits: limits(entry, aliyun::limits())?,
            wire: wire(Some(aliyun::URL))?,
            access_key_id: plain(entry, "access_key_id")?,
            access_key_secret: secret(entry, "access_key_secret", 1, parts)?,
            sign_name: plain(entry, "sign_name")?,
            templates: templates(entry, named)?,
            receipt_token: token(entry, parts)?,
            clock,
            entropy,
        }),
        "tencent" => Arc::new(Tencent {
            name,
            limits: limits(entry, tencent::limits())?,
            wire: wire(Some(tencent::URL))?,
            secret_id: plain(entry, "secret_id")?,
            secret_key: secret(entry, "secret_key", 1, parts)?,
            app_id: plain(entry, "app_id")?,
            region: entry.text("region")?.unwrap_or(tencent::REGION).to_owned(),
            sign_name: plain(entry, "sign_name")?,
            templates: templates(entry, placed)?,
            receipt_token: token(entry, parts)?,
            clock,
        }),
        "webhook" => Arc::new(Webhook {
            name,
            limits: limits(entry, webhook::limits())?,
            wire: wire(None)?,
            secret: secret(entry, "secret", SHORTEST, parts)?,
            clock,
        }),
        _ => return Err(entry.wrong("kind", "is none that there is: say aliyun, tencent or webhook")),
    };
    entry.nothing_else()?;
    Ok(gateway)
}

fn name(entry: &Section) -> Result<String, Wrong> {
    let name = entry.needed("name")?;
    let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
        return Err(entry.wrong("name", "must have 1 to 32 small letters, digits and hyphens"));
    }
    if name == "demo" {
        Err(entry.wrong("name", "is taken by the demo's inbox; call it something else"))
    } else {
        Ok(name.to_owned())
    }
}

/// A text that travels in a header or a parameter.
fn plain(entry: &Section, key: &'static str) -> Result<String, Wrong> {
    let text = entry.needed(key)?;
    let good =
        !text.is_empty() && text.chars().count() <= 128 && !text.chars().any(|sign| sign.is_control() || sign.is_whitespace());
    if good { Ok(text.to_owned()) } else { Err(entry.wrong(key, "must have 1 to 128 characters and no blanks")) }
}

/// A secret by `…_file` or `…_env`.
fn secret(entry: &Section, key: &'static str, shortest: usize, parts: &GatewayParts) -> Result<Secret, Wrong> {
    let (file_key, env_key) = (format!("{key}_file"), format!("{key}_env"));
    let (file, env) = (entry.text(&file_key)?, entry.text(&env_key)?);
    if entry.has(key) {
        return Err(
            entry.wrong(key, &format!("must not stand in this file; put it into a file of its own and name that in {file_key}"))
        );
    }
    let (from, told) = match (file, env) {
        (Some(path), None) => (SecretFrom::File(Path::new(path)), file_key),
        (None, Some(variable)) => (SecretFrom::Env(variable), env_key),
        (Some(_), Some(_)) => {
            return Err(entry.wrong(&file_key, &format!("and {env_key} are two ways to the same secret; keep one")));
        }
        (None, None) => return Err(entry.wrong(&file_key, &format!("is missing, or {env_key} instead"))),
    };
    let text = (parts.secrets)(from).map_err(|why| entry.wrong(&told, &why))?;
    let text = Zeroizing::new(text.trim().to_owned());
    if text.is_empty() {
        return Err(entry.wrong(&told, "leads to nothing: the secret is empty"));
    }
    if text.chars().count() < shortest {
        let what =
            format!("leads to a secret that is too short: {shortest} characters at least, such as from openssl rand -hex 32");
        return Err(entry.wrong(&told, &what));
    }
    Ok(Secret::new(text))
}

/// The token in the address of the receipts.
fn token(entry: &Section, parts: &GatewayParts) -> Result<Secret, Wrong> {
    let token = secret(entry, "receipt_token", SHORTEST, parts)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    if token.bytes().iter().all(plain) {
        Ok(token)
    } else {
        Err(entry.wrong("receipt_token", "stands in an address: it may have letters, digits, hyphens and underscores only"))
    }
}

fn limits(entry: &Section, usual: GatewayLimits) -> Result<GatewayLimits, Wrong> {
    let Some(section) = entry.section("limits")? else { return Ok(usual) };
    let number = |key: &'static str, least: u64, most: u64| section.number(key, least..=most);
    let own = |key: &'static str, usual: Option<u32>| -> Result<Option<u32>, Wrong> {
        let given = number(key, 0, 1_000_000)?.and_then(|given| u32::try_from(given).ok());
        Ok(given.map_or(usual, |given| (given > 0).then_some(given)))
    };
    let per = |keys: [&'static str; 3], usual: super::PerNumber| -> Result<super::PerNumber, Wrong> {
        let [a_minute, an_hour, a_day] = keys;
        Ok(super::PerNumber {
            a_minute: own(a_minute, usual.a_minute)?,
            an_hour: own(an_hour, usual.an_hour)?,
            a_day: own(a_day, usual.a_day)?,
        })
    };
    let limits = GatewayLimits {
        a_second: number("a_second", 1, 100_000)?.and_then(|given| u32::try_from(given).ok()).unwrap_or(usual.a_second),
        at_once: number("at_once", 1, 1024)?.and_then(|given| usize::try_from(given).ok()).unwrap_or(usual.at_once),
        codes: per(["codes_a_minute", "codes_an_hour", "codes_a_day"], usual.codes)?,
        notices: per(["notices_a_minute", "notices_an_hour", "notices_a_day"], usual.notices)?,
        a_template_a_day: own("a_template_a_day", usual.a_template_a_day)?,
    };
    section.nothing_else()?;
    Ok(limits)
}

/// A template's parameters as they are written: what the gateway calls each, our field's name, and where that stands.
type Written = Vec<(String, String, String)>;

fn templates(entry: &Section, read: fn(&Section) -> Result<Written, Wrong>) -> Result<Templates, Wrong> {
    let mut templates = Templates::default();
    let all = entry
        .section("templates")?
        .ok_or_else(|| entry.wrong("templates", "is missing: begin with [gateway.templates.sign_in_code]"))?;
    for kind in MessageKind::ALL {
        let Some(section) = all.section(kind.as_str())? else { continue };
        let english = section.section("en")?;
        for (lang, section) in [(Lang::Zh, Some(&section)), (Lang::En, english.as_ref())] {
            let Some(section) = section else { continue };
            templates.0.insert((*kind, lang), template(section, *kind, read)?);
        }
        english.map_or(Ok(()), |english| english.nothing_else())?;
        section.nothing_else()?;
    }
    all.nothing_else()?;
    Ok(templates)
}

fn template(section: &Section, kind: MessageKind, read: fn(&Section) -> Result<Written, Wrong>) -> Result<Template, Wrong> {
    let id = plain(section, "id")?;
    let mut params = Vec::new();
    for (theirs, field, at) in read(section)? {
        let known = field.parse().ok().filter(|field| fields_of(kind).contains(field));
        let Some(field) = known else {
            let fields: Vec<_> = fields_of(kind).iter().map(|field| field.as_str()).collect();
            return Err(section.wrong(&at, &format!("is no field of such messages; they have {}", fields.join(", "))));
        };
        params.push((theirs, field));
    }
    Ok(Template { id, params })
}

/// A list of fields, in the order in which they are filled in.
fn placed(section: &Section) -> Result<Written, Wrong> {
    let list =
        section.list("params")?.ok_or_else(|| section.wrong("params", "is missing: the fields in their order, or [] for none"))?;
    let field = |(at, value): (usize, &Value)| {
        let at = format!("params[{at}]");
        let field = value.as_str().ok_or_else(|| section.wrong(&at, "must be a field's name"))?;
        Ok((field.to_owned(), field.to_owned(), at))
    };
    list.iter().enumerate().map(field).collect()
}

/// The same, or a table from the gateway's names to fields.
fn named(section: &Section) -> Result<Written, Wrong> {
    let Some(table) = section.table("params") else { return placed(section) };
    let field = |(theirs, value): (&String, &Value)| {
        let at = format!("params.{theirs}");
        let field = value.as_str().ok_or_else(|| section.wrong(&at, "must be a field's name"))?;
        Ok((theirs.clone(), field.to_owned(), at))
    };
    table.iter().map(field).collect()
}

#[cfg(test)]
mod tests;
