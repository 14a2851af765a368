//! `GET /demo/messages?phone=`: the messages that would have been sent. Only in the demo.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use domain::error::Error;
use domain::lang::Lang;
use domain::message::{DemoMessage, Length, MessageState};
use domain::reason::Reason;
use domain::time::{civil, hour_minute};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::page::escape;
use super::{Host, Refusal};

const STYLE: &str = include_str!("demo.css");
/// How many messages of a number are shown among those of others.
const A_GLANCE: usize = 4;

/// The page's own style, by its hash, and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
});

/// Whose messages.
#[derive(Deserialize)]
pub(super) struct Wanted {
    phone: Option<String>,
}

/// As JSON for those who ask for it, as a page for everybody else.
pub(super) async fn messages(
    State(host): State<Host>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if !host.engine().is_demo() {
        return Err(Error::new(Reason::NotFound).into());
    }
    let Query(wanted) = wanted.map_err(|_| Error::new(Reason::Malformed))?;
    let phone = wanted.phone.as_deref().map(str::trim).filter(|phone| !phone.is_empty());
    let messages = host.engine().demo_messages(phone).await;
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    if accepts.contains("application/json") {
        return Ok((no_store, axum::Json(messages?)).into_response());
    }
    // a number that is none gets the page and its form again, not JSON
    let html = page(phone.unwrap_or_default(), &messages);
    Ok((no_store, [(header::CONTENT_SECURITY_POLICY, POLICY.as_str())], Html(html)).into_response())
}

fn page(phone: &str, messages: &domain::error::Result<Vec<DemoMessage>>) -> String {
    let list = match messages {
        Ok(messages) if messages.is_empty() => {
            "<p class=\"none\">还没有短信。获取验证码或完成预约后，会出现在这里。<br><span lang=\"en\">No messages yet.</span></p>"
                .to_owned()
        }
        Ok(messages) => threads(messages, phone.is_empty()),
        Err(error) => {
            let (zh, en) = (escape(&error.text(Lang::Zh)), escape(&error.text(Lang::En)));
            format!("<p class=\"none\" role=\"alert\">{zh}<br><span lang=\"en\">{en}</span></p>")
        }
    };
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>演示短信 · 一针</title><style>{STYLE}</style></head><body><main>\
         <h1>演示短信</h1><p class=\"lead\">演示环境不真的发短信，本该发出的都在这里，最新的在最前。\
         <span lang=\"en\">What phones would show, newest first. Nothing is really sent.</span></p>\
         <form method=\"get\"><label for=\"phone\">只看这个手机号</label><div class=\"row\">\
         <input id=\"phone\" name=\"phone\" inputmode=\"tel\" autocomplete=\"off\" value=\"{}\"><button>查看</button></div></form>\
         <p class=\"more\"><a href=\"\">刷新 · <span lang=\"en\">Refresh</span></a></p>\
         {list}</main></body></html>",
        escape(phone),
    )
}

/// A phone for each number, the one that rang last first. Among many each shows its last messages only.
fn threads(messages: &[DemoMessage], among_many: bool) -> String {
    let mut numbers: Vec<&str> = vec![];
    for message in messages {
        if !numbers.contains(&message.to.as_str()) {
            numbers.push(&message.to);
        }
    }
    let mut html = String::from("<div class=\"phones\">");
    for number in numbers {
        let of_number = || messages.iter().filter(|message| message.to == number);
        let (all, shown) = (of_number().count(), if among_many { A_GLANCE } else { usize::MAX });
        let id = escape(number);
        let _ = write!(html, "<section class=\"phone\" aria-labelledby=\"n{id}\"><h2 id=\"n{id}\">{id}</h2><ul>");
        for message in of_number().take(shown) {
            bubble(&mut html, message);
        }
        html.push_str("</ul>");
        if all > shown {
            let _ = write!(
                html,
                "<p class=\"more\"><a href=\"/demo/messages?phone={id}\">全部 {all} 条 · <span lang=\"en\">all</span></a></p>"
            );
        }
        html.push_str("</section>");
    }
    html.push_str("</div>");
    html
}

fn bubble(html: &mut String, message: &DemoMessage) {
    let at = civil(message.at);
    let (state, class) = state(message.state);
    let segments = Length::of(&message.text).segments;
    let _ = write!(
        html,
        "<li><p class=\"when\">{} {}</p><p class=\"bubble\">{}</p><p class=\"about\">{} · <span lang=\"en\">{}</span> \
         <span class=\"{class}\">{state}</span> <span>{segments} 条</span></p></li>",
        at.date(),
        hour_minute(at.time()),
        escape(&message.text),
        message.kind.title(Lang::Zh),
        message.kind.title(Lang::En),
    );
}

/// Where a message stands, and how it is marked.
fn state(state: MessageState) -> (&'static str, &'static str) {
    match state {
        MessageState::Queued | MessageState::Sending => ("待发 waiting", "wait"),
        MessageState::InDoubt => ("未确认 in doubt", "look"),
        MessageState::Sent => ("已发出 sent", "sent"),
        MessageState::Delivered => ("已送达 arrived", "sent"),
        MessageState::Failed => ("没有送到 failed", "look"),
        MessageState::Called => ("已电话告知 told by telephone", "sent"),
        MessageState::Dropped => ("已撤回 taken back", "wait"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str, text: &str, state: MessageState) -> DemoMessage {
        let at = "2026-11-23T01:30:00Z".parse().expect("an instant");
        DemoMessage { to: to.into(), kind: domain::message::MessageKind::Booked, text: text.into(), at, state }
    }

    #[test]
    fn each_number_has_a_phone_of_its_own_that_shows_its_last_messages() {
        let mut messages = vec![message("13900000002", "last", MessageState::Delivered)];
        messages.extend((1..=6).map(|n| message("13900000001", &format!("text {n}."), MessageState::Sent)));
        let html = page("", &Ok(messages.clone()));
        let phones: Vec<_> = html.split("<section class=\"phone\"").skip(1).collect();
        assert_eq!(phones.len(), 2);
        assert!(phones[0].contains("13900000002") && phones[0].contains("last") && phones[0].contains("已送达 arrived"));
        assert!(phones[1].contains("text 4.") && !phones[1].contains("text 5.") && phones[1].contains("全部 6 条"));
        let html = page("13900000001", &Ok(messages.split_off(1)));
        assert!(html.contains("text 6.") && !html.contains("全部"), "one's own phone shows all of them");
        assert!(html.contains("1 条"), "segments are counted");
    }

    #[test]
    fn what_a_message_or_a_number_holds_is_text_and_never_markup() {
        let html = page("\"><img src=x>", &Ok(vec![message("13800138000", "<script>alert(1)</script>", MessageState::Queued)]));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"));
        assert!(html.contains("value=\"&quot;&gt;&lt;img src=x&gt;\"") && !html.contains("<img"));
        assert!(html.contains("2026-11-23 09:30"));
    }
}
