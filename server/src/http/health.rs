//! Whether the process lives, whether it takes requests, and what it has done.

use std::time::{Duration, Instant};

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use tokio::sync::Mutex;

use engine::{DeskCounts, GatewayCounts, JobStatus, OutboxCounts, Watched};

use super::Host;
use super::jobs;
use super::metrics::Text;

/// How long the database may take to write a line.
const TO_ANSWER: Duration = Duration::from_secs(2);
/// How long an answer of the database holds: whoever asks more often costs it nothing.
const HOLDS: Duration = Duration::from_millis(500);

/// What the database answered last, and when.
#[derive(Default)]
pub(super) struct LastAnswer(Mutex<Option<(Instant, bool)>>);

/// How the jobs went when they were last asked for, and when that was; nothing where the database did not tell.
#[derive(Default)]
pub(super) struct LastJobs(Mutex<Option<(Instant, Option<Vec<JobStatus>>)>>);

/// `GET /healthz`
pub(super) async fn alive() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// `GET /readyz`, and with `?verbose` a line for each job below the verdict: 503 while stopping, when the database takes nothing (it is away, its disk is full or read-only), and when the ledger was found out of balance. A
/// job that is late, or fails again and again, is told and changes nothing: who asks here decides whether requests come to this process, another
/// process would have the same job before it, and nobody's booking is helped by none being taken.
pub(super) async fn ready(State(host): State<Host>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let (status, verdict) = if host.is_stopping() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if !answers(&host).await {
        (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be written\n")
    } else if host.engine().ledger_is_off() {
        (StatusCode::SERVICE_UNAVAILABLE, "the ledger does not balance: the log names the rows, and so does yizhen ledger check\n")
    } else {
        (StatusCode::OK, "ready\n")
    };
    let mut text = verdict.to_owned();
    if query.is_some_and(|query| query.split('&').any(|part| part.split('=').next() == Some("verbose"))) {
        text += &jobs::lines(all_jobs(&host).await.as_deref(), host.engine().now());
    }
    (status, [(header::CACHE_CONTROL, "no-store")], text)
}

/// `GET /metrics`
pub(super) async fn metrics(State(host): State<Host>) -> impl IntoResponse {
    let ready = !host.is_stopping() && !host.engine().ledger_is_off() && answers(&host).await;
    let mut text = host.metrics().text();
    let readers = u64::try_from(host.engine().board().readers()).unwrap_or(u64::MAX);
    text.number("yizhen_feed_readers", "gauge", "Pages that follow the feed.", readers);
    let turned_away = host.gates().turned_away().map(|(kind, count)| (format!("kind=\"{kind}\""), count.to_string()));
    text.family(
        "yizhen_turned_away_total",
        "counter",
        "Calls refused because too many of their kind were in progress.",
        turned_away,
    );
    desk(&mut text, host.engine().desk_counts());
    watched(&mut text, host.engine().watched());
    messages(&mut text, host.engine().outbox_counts(), &host.engine().gateway_counts());
    let left_out = host.engine().audit_left_out();
    text.number("yizhen_audit_left_out_total", "counter", "Rows of the audit that were counted and not written.", left_out);
    jobs::metrics(&mut text, &all_jobs(&host).await.unwrap_or_default());
    if let Some(bytes) = crate::system::resident_bytes() {
        text.number("yizhen_resident_bytes", "gauge", "Memory that the process has in RAM.", bytes);
    }
    text.number("yizhen_ready", "gauge", "Whether requests are taken.", u64::from(ready));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4"), (header::CACHE_CONTROL, "no-store")], text.done())
}

fn desk(text: &mut Text, counts: DeskCounts) {
    let waiting = u64::try_from(counts.waiting).unwrap_or(u64::MAX);
    text.number("yizhen_desk_waiting", "gauge", "Requests that wait for the writer.", waiting);
    for (name, help, count) in [
        ("yizhen_desk_batches_total", "Batches committed.", counts.batches),
        ("yizhen_desk_requests_total", "Requests in them, granted or refused.", counts.requests),
        ("yizhen_desk_tried_again_total", "Tries of batches that had to be made again.", counts.tried_again),
        ("yizhen_desk_cut_total", "Batches cut in two to find a request that fails.", counts.cut),
        ("yizhen_desk_turned_away_total", "Requests turned away because the queue was full.", counts.turned_away),
        ("yizhen_desk_dropped_total", "Requests dropped because their clients had gone.", counts.dropped),
    ] {
        text.number(name, "counter", help, count);
    }
}

fn watched(text: &mut Text, watched: Watched) {
    for (name, help, count) in [
        ("yizhen_reveals_total", "Masked values shown in full to staff.", watched.reveals),
        ("yizhen_reveals_over_total", "Of those asked for, refused because somebody had asked for too many.", watched.reveals_over),
        (
            "yizhen_look_ups_over_total",
            "Bookings looked up, or refused, beyond what a member of staff may in an hour.",
            watched.look_ups_over,
        ),
    ] {
        text.number(name, "counter", help, count);
    }
}

fn messages(text: &mut Text, counts: OutboxCounts, gateways: &[GatewayCounts]) {
    let states = [("due", counts.due), ("in_doubt", counts.in_doubt), ("failed", counts.failed)];
    let states = states.map(|(state, count)| (format!("state=\"{state}\""), count.to_string()));
    text.family(
        "yizhen_messages",
        "gauge",
        "Messages that wait though they are due, were perhaps sent, or could not be delivered; counted every quarter of a minute.",
        states,
    );
    let of = |gateway: &GatewayCounts| {
        let name = gateway.gateway.clone();
        gateway.outcomes.map(|(outcome, count)| (format!("gateway=\"{name}\",outcome=\"{outcome}\""), count.to_string()))
    };
    text.family(
        "yizhen_gateway_messages_total",
        "counter",
        "What gateways answered to messages that this process handed over, and what they told of them later.",
        gateways.iter().flat_map(of),
    );
    let down = gateways.iter().map(|gateway| (format!("gateway=\"{}\"", gateway.gateway), u64::from(gateway.down).to_string()));
    text.family("yizhen_gateway_down", "gauge", "Whether a gateway is left alone, or being tried again.", down);
}

async fn answers(host: &Host) -> bool {
    // held meanwhile: many who ask at once are one question
    let mut last = host.last_answer().0.lock().await;
    match *last {
        Some((at, answers)) if at.elapsed() < HOLDS => answers,
        _ => {
            let answers = matches!(tokio::time::timeout(TO_ANSWER, host.engine().ready()).await, Ok(Ok(())));
            *last = Some((Instant::now(), answers));
            answers
        }
    }
}

async fn all_jobs(host: &Host) -> Option<Vec<JobStatus>> {
    let mut last = host.last_jobs().0.lock().await;
    match &*last {
        Some((at, jobs)) if at.elapsed() < HOLDS => jobs.clone(),
        _ => {
            let asked = tokio::time::timeout(TO_ANSWER, host.engine().jobs()).await;
            let jobs = asked.ok().and_then(core::result::Result::ok);
            *last = Some((Instant::now(), jobs.clone()));
            jobs
        }
    }
}
