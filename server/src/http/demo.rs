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
use domain::message::{DemoMessage, MessageKind};
use domain::reason::Reason;
use domain::time::{civil, hour_minute};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::page::escape;
use super::{Host, Refusal};

const STYLE: &str = include_str!("demo.css");

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
    let mut list = String::new();
    for message in messages.iter().flatten() {
        let at = civil(message.at);
        let _ = write!(
            list,
            "<li><div class=\"to\"><b>{}</b><span>{} {}</span></div><p>{}</p><small>{}</small></li>",
            escape(&message.to),
            at.date(),
            hour_minute(at.time()),
            escape(&message.text),
            kind(message.kind),
        );
    }
    match messages {
        Ok(messages) if messages.is_empty() => {
            list.push_str("<li class=\"none\">还没有短信。获取验证码或完成预约后，会出现在这里。<br>No messages yet.</li>");
        }
        Ok(_) => {}
        Err(error) => {
            let _ = write!(list, "<li class=\"none\">{}<br>{}</li>", escape(&error.text(Lang::Zh)), escape(&error.text(Lang::En)));
        }
    }
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"refresh\" content=\"10\">\
         <title>演示短信 · 一针</title><style>{STYLE}</style></head><body><main>\
         <h1>演示短信</h1><p class=\"lead\">演示环境不真的发短信，本该发出的都在这里，最新的在最前；每 10 秒刷新。\
         <span lang=\"en\">What would have been sent, newest first.</span></p>\
         <form method=\"get\"><label for=\"phone\">只看这个手机号</label><div class=\"row\">\
         <input id=\"phone\" name=\"phone\" inputmode=\"tel\" autocomplete=\"off\" value=\"{}\"><button>查看</button></div></form>\
         <ul>{list}</ul></main></body></html>",
        escape(phone),
    )
}

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::SignInCode => "登录验证码 · sign-in code",
        MessageKind::OwnDataCode => "数据验证码 · code for your data",
        MessageKind::Booked => "预约成功 · booked",
        MessageKind::Moved => "已改期 · moved",
        MessageKind::Cancelled => "已取消 · cancelled",
        MessageKind::CancelledBySite => "接种点取消 · cancelled by the site",
        MessageKind::NextDose => "下一剂 · next dose",
        MessageKind::Missed => "未接种 · missed",
        MessageKind::Reminder => "前一天提醒 · reminder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_or_a_number_holds_is_text_and_never_markup() {
        let message = DemoMessage {
            to: "13800138000".into(),
            kind: MessageKind::Booked,
            text: "<script>alert(1)</script>".into(),
            at: "2026-11-23T01:30:00Z".parse().expect("an instant"),
        };
        let html = page("\"><img src=x>", &Ok(vec![message]));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"));
        assert!(html.contains("value=\"&quot;&gt;&lt;img src=x&gt;\"") && !html.contains("<img"));
        assert!(html.contains("2026-11-23 09:30"));
    }
}
