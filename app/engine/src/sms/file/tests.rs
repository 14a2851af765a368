//! Each mistake in a gateways file is named, and no secret is repeated.

use super::*;
use crate::clock::SystemClock;
use crate::entropy::SystemEntropy;

const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";

/// Finds secrets as the tests name them.
fn find(from: SecretFrom) -> Result<Zeroizing<String>, String> {
    let text = match from {
        SecretFrom::Env("SHORT") => "too-short",
        SecretFrom::Env("BLANK") => " \n",
        SecretFrom::Env("SLASH") => "a-token/of-more-than-thirty-two-characters",
        SecretFrom::Env("NONE") => return Err("names a variable that is not set".into()),
        _ => SECRET,
    };
    Ok(Zeroizing::new(text.to_owned()))
}

fn read(text: &str) -> Result<Vec<Arc<dyn Gateway>>, GatewaysFileError> {
    gateways(
        text,
        &GatewayParts {
            secrets: &find,
            lease: std::time::Duration::from_secs(60),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        },
    )
}

/// All templates, each with the first field of its kind.
fn templates() -> String {
    let one = |kind: &MessageKind| format!("[gateway.templates.{kind}]\nid = \"SMS_1\"\nparams = [\"city\", \"code\"]\n");
    MessageKind::ALL.iter().map(one).collect()
}

fn aliyun() -> String {
    format!(
        "[[gateway]]\nkind = \"aliyun\"\nname = \"ali\"\naccess_key_id = \"LTAI\"\naccess_key_secret_file = \"/s\"\nsign_name = \"一针\"\n\
         receipt_token_env = \"T\"\n{}",
        templates()
    )
}

fn tencent() -> String {
    format!(
        "[[gateway]]\nkind = \"tencent\"\nname = \"ten\"\nsecret_id = \"AKID\"\nsecret_key_env = \"K\"\napp_id = \"1400\"\nsign_name = \"一针\"\n\
         receipt_token_env = \"T\"\n{}",
        templates()
    )
}

const WEBHOOK: &str =
    "[[gateway]]\nkind = \"webhook\"\nname = \"city\"\nurl = \"https://sms.city.example/send\"\nsecret_env = \"S\"\n";

#[test]
fn gateways_are_tried_in_the_order_of_the_file_and_take_what_they_have_templates_for() {
    let english = "[gateway.templates.booked.en]\nid = \"SMS_2\"\nparams = { who = \"name\" }\n";
    let gateways = read(&format!("{}{english}{}{WEBHOOK}", aliyun(), tencent())).expect("good");
    assert_eq!(gateways.iter().map(|gateway| gateway.name()).collect::<Vec<_>>(), ["ali", "ten", "city"]);
    for kind in MessageKind::ALL {
        let takes = |lang| gateways.iter().map(|gateway| gateway.takes(*kind, lang)).collect::<Vec<_>>();
        assert_eq!(takes(Lang::Zh), [true, true, true]);
        assert_eq!(takes(Lang::En), [*kind == MessageKind::Booked, false, true]);
    }
    let shown = format!("{gateways:?}");
    assert!(shown.contains("ali") && !shown.contains(SECRET) && !shown.contains("LTAI"), "{shown}");
}

#[test]
fn limits_are_those_that_the_gateway_documents_unless_the_file_has_others() {
    let usual = read(&aliyun()).expect("good")[0].limits().clone();
    assert_eq!(usual, aliyun::limits());
    assert_eq!(usual.of(MessageKind::SignInCode).an_hour, Some(5));
    assert_eq!(usual.of(MessageKind::Reminder).an_hour, None);
    let own = format!("{WEBHOOK}[gateway.limits]\na_second = 7\nat_once = 3\ncodes_a_minute = 0\nnotices_a_day = 20\n");
    let own = read(&own).expect("good")[0].limits().clone();
    assert_eq!((own.a_second, own.at_once, own.codes.a_minute, own.notices.a_day), (7, 3, None, Some(20)));
    let none = aliyun()
        .replace("[gateway.templates.sign_in_code]", "[gateway.limits]\ncodes_an_hour = 0\n[gateway.templates.sign_in_code]");
    assert_eq!(read(&none).expect("good")[0].limits().codes.an_hour, None);
}

#[test]
fn each_mistake_is_named_with_its_key_and_no_secret_is_repeated() {
    let (ali, ten) = (aliyun(), tencent());
    let changed = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    for (text, key, what) in [
        (String::new(), "gateway", "is missing"),
        (format!("gateway = \"{SECRET}\""), "gateway", "two brackets"),
        (format!("{WEBHOOK}[more]\n"), "more", "no key"),
        (changed(WEBHOOK, "webhook", "carrier-pigeon"), "gateway[0].kind", "aliyun, tencent or webhook"),
        (changed(WEBHOOK, "\"city\"", "\"City!\""), "gateway[0].name", "small letters"),
        (changed(WEBHOOK, "\"city\"", "\"demo\""), "gateway[0].name", "taken"),
        (format!("{WEBHOOK}{WEBHOOK}"), "gateway[1].name", "another gateway's"),
        (changed(WEBHOOK, "https", "http"), "gateway[0].url", "https://"),
        (changed(WEBHOOK, "url", "uri"), "gateway[0].url", "is missing"),
        (changed(WEBHOOK, "\"S\"", "\"SHORT\""), "gateway[0].secret_env", "32 characters"),
        (changed(WEBHOOK, "\"S\"", "\"BLANK\""), "gateway[0].secret_env", "empty"),
        (changed(WEBHOOK, "\"S\"", "\"NONE\""), "gateway[0].secret_env", "not set"),
        (changed(WEBHOOK, "secret_env = \"S\"", ""), "gateway[0].secret_file", "is missing"),
        (changed(WEBHOOK, "secret_env", "secret_file = \"/f\"\nsecret_env"), "gateway[0].secret_file", "two ways"),
        (
            changed(WEBHOOK, "secret_env = \"S\"", &format!("secret = \"{SECRET}\"")),
            "gateway[0].secret",
            "must not stand in this file",
        ),
        (changed(WEBHOOK, "secret_env", "timeout_s = 0\nsecret_env"), "gateway[0].timeout_s", "1 to 60"),
        // whoever waits so long for an answer would be taken for gone
        (
            changed(WEBHOOK, "secret_env", "timeout_s = 30\nsecret_env"),
            "gateway[0].timeout_s",
            "less than half of MESSAGE_LEASE_S (60)",
        ),
        (changed(WEBHOOK, "secret_env", "timeout_s = \"10\"\nsecret_env"), "gateway[0].timeout_s", "1 to 60"),
        (changed(WEBHOOK, "secret_env", "sign_name = \"x\"\nsecret_env"), "gateway[0].sign_name", "no key"),
        (format!("{WEBHOOK}[gateway.limits]\na_year = 3\n"), "gateway[0].limits.a_year", "no key"),
        (format!("{WEBHOOK}[gateway.limits]\nat_once = 0\n"), "gateway[0].limits.at_once", "1 to 1024"),
        (changed(&ali, "\"LTAI\"", "\"LTAI X\""), "gateway[0].access_key_id", "no blanks"),
        (changed(&ali, "\"T\"", "\"SLASH\""), "gateway[0].receipt_token", "stands in an address"),
        (changed(&ali, "\"T\"", "\"SHORT\""), "gateway[0].receipt_token_env", "32 characters"),
        (changed(&ali, "sign_name", "url = \"https://a.example/path\"\nsign_name"), "gateway[0].url", "no path"),
        (changed(&ali, "\"code\"]", "\"name\"]"), "gateway[0].templates.sign_in_code.params[1]", "they have city, code, minutes"),
        (changed(&ali, "\"code\"]", "\"id_number\"]"), "gateway[0].templates.sign_in_code.params[1]", "no field"),
        (changed(&ali, "\"code\"]", "7]"), "gateway[0].templates.sign_in_code.params[1]", "a field's name"),
        (changed(&ali, "[\"city\", \"code\"]", "{ who = \"reason\" }"), "gateway[0].templates.sign_in_code.params.who", "no field"),
        (changed(&ten, "[\"city\", \"code\"]", "{ who = \"code\" }"), "gateway[0].templates.sign_in_code.params", "list"),
        (changed(&ten, "params", "parameters"), "gateway[0].templates.sign_in_code.params", "is missing"),
        (changed(&ali, "templates.booked", "templates.boked"), "gateway[0].templates.boked", "no key"),
        (changed(&ali, "templates.booked", "templates.cancelled.de"), "gateway[0].templates.cancelled", "no key"),
        (ali[..ali.find("[gateway.templates.missed]").expect("there")].to_owned(), "gateway.templates.missed", "in no gateway"),
        (ali[..ali.find("[gateway.templates").expect("there")].to_owned(), "gateway[0].templates", "is missing"),
    ] {
        let error = read(&text).expect_err(what);
        let told = error.to_string();
        assert!(matches!(&error, GatewaysFileError::Wrong { key: found, .. } if found.starts_with(key)), "{told}: not {key}");
        assert!(told.contains(what), "{told}: not {what}");
        assert!(!told.contains(SECRET) && !told.contains("/of-more"), "{told}");
    }
    let line = read(&format!("{WEBHOOK}secret = {SECRET}\n")).expect_err("no TOML");
    assert!(matches!(line, GatewaysFileError::Syntax { line: 6, .. }) && !line.to_string().contains(SECRET), "{line}");
}
