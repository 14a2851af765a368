//! Who may do what with whose: every endpoint of the running router, by every caller, about one's own, somebody else's and the unknown.
//!
//! What is expected stands in `matrix/table.rs`. An endpoint without a line there, or a line without an endpoint, fails.

mod noise;
mod table;
mod world;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use self::table::{CALLERS, Cell, Line, TABLE};
use self::world::{Answer, Object, WHOSE, World, picture, request};

/// The server functions, and the plain routes with their methods as the table has them.
fn endpoints() -> BTreeSet<String> {
    let calls = server_fn::axum::server_fn_paths().map(|(path, method)| {
        assert_eq!(method, Method::POST, "{path}: what changes something is not asked for with {method}");
        path.strip_prefix("/api/").unwrap_or_else(|| panic!("{path} does not lie under /api/")).to_owned()
    });
    calls.chain(server::http::plain_paths().map(str::to_owned)).collect()
}

/// What a line is about, as [`endpoints`] calls it.
fn endpoint(line: &Line) -> &'static str {
    line.name.split_once(' ').map_or(line.name, |(_, path)| path)
}

#[test]
fn every_endpoint_of_the_router_has_a_line_and_every_line_an_endpoint() {
    let (endpoints, lines) = (endpoints(), TABLE.iter().map(|line| endpoint(line).to_owned()).collect::<BTreeSet<_>>());
    assert!(endpoints.len() > 20, "the server functions are not in this test: {endpoints:?}");
    let without: Vec<_> = endpoints.difference(&lines).collect();
    assert!(
        without.is_empty(),
        "no line says who may ask {without:?}, and what is answered: add `line(\"…\", …)` to TABLE in server/tests/it/matrix/table.rs"
    );
    let gone: Vec<_> = lines.difference(&endpoints).collect();
    assert!(gone.is_empty(), "{gone:?} is not answered any more: take its line out of TABLE in server/tests/it/matrix/table.rs");
}

#[test]
fn the_router_is_built_from_the_one_list_of_routes() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if !entry.ends_with("http/routes.rs") {
                let source = std::fs::read_to_string(&entry).expect("a source");
                for way in [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge("] {
                    assert!(!source.contains(way), "{}: `{way}`; put the path into the list of routes.rs", entry.display());
                }
                read += 1;
            }
        }
    }
    assert!(read > 20);
}

#[tokio::test]
async fn every_caller_hears_what_the_table_says_of_their_own_of_others_and_of_the_unknown() {
    let mut world = World::new().await;
    let mut wrong = Vec::new();
    for line in TABLE {
        for (caller, cell) in line.answers.iter().enumerate() {
            wrong.extend(ask(&mut world, line, caller, *cell).await);
        }
    }
    assert!(wrong.is_empty(), "{} answers are not what the table says:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is not as it should be in a cell.
async fn ask(world: &mut World, line: &Line, caller: usize, cell: Cell) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut answers: Vec<(String, Answer)> = Vec::new();
    for (whose, expected) in cell.into_iter().enumerate() {
        let given = world.given(line.about, whose).await;
        let body = (line.body)(&given);
        let answer = Answer::to(request(world.caller(caller), line.name, &given, &body)).await;
        let told = answer.word();
        if told == "ok" {
            world.spent(line.about, caller).await;
        }
        if told != expected {
            wrong.push(format!("  {} · {} · {}: {told}, not {expected}", line.name, CALLERS[caller], WHOSE[whose]));
        }
        // who is told the same must not be able to tell the two apart; nor a number with an account from one without
        let tells_nothing = expected != "ok" || matches!(line.about, Object::Phone | Object::Username);
        if let Some((_, other)) = answers.iter().find(|(word, _)| tells_nothing && *word == told)
            && *other != answer
        {
            wrong.push(format!(
                "  {} · {} · {}: tells itself apart:\n    {other:?}\n    {answer:?}",
                line.name, CALLERS[caller], WHOSE[whose]
            ));
        }
        answers.push((told, answer));
    }
    wrong
}

#[tokio::test]
async fn nothing_under_api_is_answered_but_post_and_nothing_changes() {
    let mut world = World::new().await;
    for line in TABLE.iter().filter(|line| !line.name.contains(' ')) {
        let given = world.given(line.about, 0).await;
        let (body, before) = ((line.body)(&given), picture(&world.service));
        assert!(before.len() > 10 && before["bookings"].len() > 100, "the picture shows nothing");
        // as the owner, and as whoever may do the most
        for caller in ["citizen", "office"].map(|name| CALLERS.iter().position(|caller| *caller == name).expect("a caller")) {
            for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
                let path = format!("/api/{}", line.name);
                let asked = world.caller(caller).request(method.clone(), &path).query(&flat(&body)).json(&body);
                let status = asked.send().await.expect("an answer").status().as_u16();
                assert!(matches!(status, 404 | 405), "{method} {path}: {status}");
            }
        }
        assert_eq!(picture(&world.service), before, "{}", line.name);
    }
}

/// The fields of a body as a query has them.
fn flat(body: &serde_json::Value) -> Vec<(String, String)> {
    let fields = body.as_object().expect("an object").iter();
    fields.map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

#[tokio::test]
async fn what_changes_something_is_refused_to_another_sites_page_whatever_it_is() {
    let mut world = World::new().await;
    // an app's page may post its token, which stands for itself: doors.rs
    for line in TABLE.iter().filter(|line| !line.name.starts_with("GET ") && line.name != "POST /enter") {
        let given = world.given(line.about, 0).await;
        let (body, before) = ((line.body)(&given), picture(&world.service));
        for (caller, who) in CALLERS.iter().enumerate() {
            for (name, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.example"),
                ("origin", "null"),
            ] {
                let answer = Answer::to(request(world.caller(caller), line.name, &given, &body).header(name, value)).await;
                assert_eq!(answer.word(), "forbidden", "{} · {who} · {name}: {value}", line.name);
            }
        }
        assert_eq!(picture(&world.service), before, "{}", line.name);
    }
}

#[tokio::test]
async fn a_plain_route_takes_no_other_method_than_the_table_says() {
    let mut world = World::new().await;
    for line in TABLE.iter().filter(|line| line.name.contains(' ')) {
        let given = world.given(line.about, 0).await;
        let before = picture(&world.service);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let other = format!("{method} {}", endpoint(line));
            if TABLE.iter().any(|line| line.name == other) {
                continue;
            }
            let answer = Answer::to(request(world.caller(6), &other, &given, &json!({}))).await;
            assert!(matches!(answer.status.as_u16(), 404 | 405), "{other}: {}", answer.word());
        }
        assert!(picture(&world.service) == before, "{} changed something", line.name);
    }
}
