//! Every path that is answered by something else than a page. The router is built from this list and from nothing else, and the tests hold
//! their matrix of callers and answers against it: a path that no line there speaks of is found before it is served.

use axum::Router;
use axum::routing::{MethodRouter, any, get, post};

use super::{Host, api, calendar, demo, doors, feed, health, pages, receipts};

/// What stands in a path for the name of a server function.
const CALL: &str = "{*path}";

/// The paths, and who answers.
fn routes() -> Vec<(&'static str, MethodRouter<Host>)> {
    vec![
        ("/availability", get(feed::overview_again)),
        ("/availability/feed", get(feed::follow)),
        ("/availability/{site_id}", get(feed::site)),
        ("/api", any(api::nowhere)),
        ("/api/", any(api::nowhere)),
        ("/api/{*path}", any(api::call)),
        ("/bookings/{code}/calendar.ics", get(calendar::entry)),
        (pages::MINE, get(pages::mine)),
        ("/demo/messages", get(demo::messages)),
        ("/enter", get(doors::enter).post(doors::enter_by_form)),
        ("/enter/wechat", get(doors::wechat::leave)),
        ("/enter/wechat/back", get(doors::wechat::back)),
        ("/demo/host", get(doors::demo_host::page).post(doors::demo_host::open)),
        ("/demo/wechat", get(doors::demo_wechat::page)),
        ("/demo/wechat/connect/oauth2/authorize", get(doors::demo_wechat::authorize)),
        ("/demo/wechat/sns/oauth2/access_token", get(doors::demo_wechat::access_token)),
        ("/gateways/{name}/receipts", post(receipts::signed)),
        ("/gateways/{name}/receipts/{token}", post(receipts::with_token)),
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(health::metrics)),
    ]
}

/// The paths besides the server functions', whose names `server_fn::axum::server_fn_paths` gives.
pub fn plain_paths() -> impl Iterator<Item = &'static str> {
    routes().into_iter().map(|(path, _)| path).filter(|path| !path.contains(CALL))
}

/// The router of all of them.
pub(super) fn router() -> Router<Host> {
    routes().into_iter().fold(Router::new(), |router, (path, answers)| router.route(path, answers))
}
