//! The pages of these doors that need no application: who stays outside, and what to do.

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use domain::city::City;
use domain::error::{Error, ErrorCode};
use sha2::{Digest, Sha256};

use super::super::observe::RequestId;
use super::super::page::escape;

const STYLE: &str = concat!(include_str!("../demo.css"), include_str!("doors.css"));
/// Seconds that whoever comes too early is asked to wait.
const RETRY_AFTER_S: u32 = 10;

/// The pages' own style, by its hash, and nothing else.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
});

/// Why a door stays shut, as far as whoever stands before it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    /// There is none.
    NoDoor,
    /// Nothing was brought along.
    Nothing,
    /// The app's token is not good; it is not said why.
    App,
    /// The way back from WeChat is not the way there, or its code is not good.
    Wechat,
    /// WeChat shows a snapshot of the page.
    Snapshot,
    /// WeChat has barred its user.
    Barred,
    /// WeChat does not answer.
    WechatBusy,
    /// We have too much to do.
    Busy,
    /// Our fault.
    Ours,
}

impl From<Error> for Shut {
    fn from(error: Error) -> Self {
        if error.code == ErrorCode::Busy { Self::Busy } else { Self::Ours }
    }
}

/// What is said: the heading and what to do, in both languages.
struct Words {
    status: StatusCode,
    title: [&'static str; 2],
    todo: [&'static str; 2],
}

impl Shut {
    fn words(self) -> Words {
        let words = |status, title, todo| Words { status, title, todo };
        match self {
            Self::NoDoor => words(
                StatusCode::NOT_FOUND,
                ["这里不能进入", "There is no way in here"],
                ["请用手机号登录。", "Sign in with your phone number."],
            ),
            Self::Nothing => words(
                StatusCode::BAD_REQUEST,
                ["没有登录成功", "You are not signed in"],
                ["请回到 App，从里面重新打开预约页面。", "Go back to the app and open this page again from there."],
            ),
            Self::App => words(
                StatusCode::UNAUTHORIZED,
                ["没有登录成功", "You are not signed in"],
                [
                    "这个链接已经用过，或者过了时间。请回到 App，从里面重新打开预约页面。",
                    "This link was used already, or is too old. Go back to the app and open this page again from there.",
                ],
            ),
            Self::Wechat => words(
                StatusCode::BAD_REQUEST,
                ["没有登录成功", "You are not signed in"],
                [
                    "请回到公众号，从菜单里重新打开预约页面。",
                    "Go back to the official account and open this page again from its menu.",
                ],
            ),
            Self::Snapshot => words(
                StatusCode::FORBIDDEN,
                ["现在看到的是“快照页”", "This is a snapshot of the page"],
                [
                    "请点右下角的“使用完整服务”，然后再预约。",
                    "Tap “使用完整服务” (use the full service) at the bottom right; then you can book.",
                ],
            ),
            Self::Barred => words(
                StatusCode::FORBIDDEN,
                ["微信没有同意登录", "WeChat did not let you in"],
                ["请用手机号登录，一样可以预约。", "Sign in with your phone number; you can book just as well."],
            ),
            Self::WechatBusy => words(
                StatusCode::SERVICE_UNAVAILABLE,
                ["微信暂时没有回应", "WeChat does not answer just now"],
                [
                    "请过一会儿从公众号重新打开，或者直接用手机号登录。",
                    "Open this again from the official account in a moment, or sign in with your phone number.",
                ],
            ),
            Self::Busy => words(
                StatusCode::SERVICE_UNAVAILABLE,
                ["现在人太多", "Very busy just now"],
                ["请过一会儿，再从 App 或公众号里打开。", "Open this again from the app or the official account in a moment."],
            ),
            Self::Ours => words(
                StatusCode::INTERNAL_SERVER_ERROR,
                ["系统出了点问题", "Something went wrong on our side"],
                ["请过一会儿再试，或者用手机号登录。", "Try again later, or sign in with your phone number."],
            ),
        }
    }
}

/// The page of a door that stays shut.
pub(super) fn shut(city: &City, id: RequestId, why: Shut) -> Response {
    let Words { status, title, todo } = why.words();
    let hotline = escape(&city.hotline);
    let body = format!(
        "<main class=\"door\"><h1>{}</h1><p class=\"todo\">{}</p>\
         <div lang=\"en\" class=\"en\"><p><b>{}</b></p><p>{}</p></div>\
         <p><a class=\"btn\" href=\"/sign-in\">用手机号登录<span lang=\"en\">Sign in with your phone</span></a>\
         <a class=\"btn quiet\" href=\"/\">先看哪里有号<span lang=\"en\">See where places are left</span></a></p>\
         <p class=\"small\">需要帮忙？拨打 <a href=\"tel:{}\">{hotline}</a>，说出编号 <span class=\"num\">{id}</span>。\
         <span lang=\"en\">Need a hand? Call us and tell this number.</span></p></main>",
        title[0],
        todo[0],
        title[1],
        todo[1],
        hotline.chars().filter(|sign| sign.is_ascii_digit() || *sign == '+').collect::<String>(),
    );
    let mut response = document(status, title[0], &body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    }
    response
}

/// A page with our style, which nobody keeps.
pub(super) fn document(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1,viewport-fit=cover\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{} · 一针</title><style>{STYLE}</style></head><body>{body}</body></html>",
        escape(title),
    );
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}
