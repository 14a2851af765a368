//! `/demo/host`: plays the city's app. Only in the demo.

use std::fmt::Write;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::Response;
use domain::error::Error;
use domain::reason::Reason;
use engine::doors::Invented;
use engine::entropy::SystemEntropy;
use serde::Deserialize;

use super::super::page::escape;
use super::super::{Host, Refusal};
use super::{Demo, ENTER, lead, page};

/// Who was chosen.
#[derive(Deserialize)]
pub(in crate::http) struct Chosen {
    who: usize,
}

/// Whose phone it is.
pub(in crate::http) async fn page(State(host): State<Host>) -> Result<Response, Refusal> {
    demo(&host)?;
    let mut people = String::new();
    for (at, who) in Invented::ALL.iter().enumerate() {
        let _ = write!(
            people,
            "<li class=\"plain\"><form method=\"post\" action=\"/demo/host\"><button class=\"who\" name=\"who\" value=\"{at}\">\
             <b>{}</b><span>{} · <span class=\"num\">{}</span></span><span lang=\"en\">{}</span></button></form></li>",
            escape(who.name),
            escape(who.about),
            who.phone,
            escape(who.about_en),
        );
    }
    let body = format!(
        "<header class=\"bar\"><div>城市 App（演示）<span lang=\"en\"> · a city's app, played</span></div></header>\
         <main><h1>疫苗预约</h1><p class=\"lead\">这一页扮演城市 App：它已经认识手机的主人，打开预约时交出一个签了名、只能用一次、两分钟内有效的凭证。选一个虚构的人：\
         <span lang=\"en\">This page plays a city's app, which knows whose phone it is. Choose somebody invented: it signs a token for them, \
         good once and for two minutes, and opens the booking pages with it.</span></p><ul>{people}</ul></main>"
    );
    Ok(page::document(StatusCode::OK, "城市 App（演示）", &body))
}

/// Signs a token for them, and opens the door with it.
pub(in crate::http) async fn open(
    State(host): State<Host>,
    chosen: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Refusal> {
    let demo = demo(&host)?;
    let Form(chosen) = chosen.map_err(|_| Error::new(Reason::Malformed))?;
    let who = Invented::ALL.get(chosen.who).ok_or_else(|| Error::new(Reason::NotFound))?;
    let token = demo.app.token(who, host.engine().now(), &SystemEntropy);
    Ok(lead(&format!("{ENTER}?token={token}")))
}

fn demo(host: &Host) -> Result<&Demo, Refusal> {
    host.doors().demo.as_ref().ok_or_else(|| Error::new(Reason::NotFound).into())
}
