//! Counters, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Which room answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Api,
    Availability,
    Feed,
    Pages,
    House,
}

impl Room {
    const ALL: [Self; 5] = [Self::Api, Self::Availability, Self::Feed, Self::Pages, Self::House];

    /// The room of a path.
    pub(super) fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("api") => Self::Api,
            Some("availability") if path == "/availability/feed" => Self::Feed,
            Some("availability") => Self::Availability,
            Some("healthz" | "readyz" | "metrics" | "demo" | "gateways") => Self::House,
            _ => Self::Pages,
        }
    }

    /// Its name in the log and in the metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Availability => "availability",
            Self::Feed => "feed",
            Self::Pages => "pages",
            Self::House => "house",
        }
    }
}

/// Classes of statuses: 1xx to 5xx.
const CLASSES: usize = 5;

#[derive(Default)]
struct Answers {
    by_class: [AtomicU64; CLASSES],
    micros: AtomicU64,
}

/// What was answered since the start.
#[derive(Default)]
pub(super) struct Metrics {
    answers: [Answers; Room::ALL.len()],
}

impl Metrics {
    /// Counts an answer.
    pub(super) fn count(&self, room: Room, status: u16, took: Duration) {
        let answers = &self.answers[room as usize];
        let class = usize::from(status / 100).clamp(1, CLASSES) - 1;
        answers.by_class[class].fetch_add(1, Ordering::Relaxed);
        answers.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// As Prometheus reads it.
    pub(super) fn text(&self) -> Text {
        let mut text = Text::default();
        let rooms = || Room::ALL.into_iter().map(|room| (room.name(), &self.answers[room as usize]));
        let requests = rooms().flat_map(|(room, answers)| {
            (1..).zip(&answers.by_class).map(move |(class, count)| {
                (format!("room=\"{room}\",status=\"{class}xx\""), count.load(Ordering::Relaxed).to_string())
            })
        });
        text.family("yizhen_http_requests_total", "counter", "Requests answered.", requests);
        let seconds = rooms().map(|(room, answers)| {
            let micros = answers.micros.load(Ordering::Relaxed);
            (format!("room=\"{room}\""), format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
        });
        text.family("yizhen_http_seconds_total", "counter", "Seconds until the answers began.", seconds);
        text
    }
}

/// Numbers in the text format of Prometheus.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// One number.
    pub(super) fn number(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.family(name, kind, help, [(String::new(), value.to_string())]);
    }

    /// The numbers of a name, each with its labels.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str, values: impl IntoIterator<Item = (String, String)>) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = match labels.as_str() {
                "" => writeln!(self.0, "{name} {value}"),
                labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
            };
        }
    }

    /// All of it.
    pub(super) fn done(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_in_its_room_and_class() {
        let metrics = Metrics::default();
        metrics.count(Room::of("/api/bookings/reserve"), 409, Duration::from_micros(1_500_000));
        metrics.count(Room::of("/availability/feed"), 200, Duration::ZERO);
        let mut text = metrics.text();
        text.number("yizhen_feed_readers", "gauge", "Pages that follow the feed.", 3);
        let text = text.done();
        for line in [
            "yizhen_http_requests_total{room=\"api\",status=\"4xx\"} 1",
            "yizhen_http_requests_total{room=\"api\",status=\"2xx\"} 0",
            "yizhen_http_requests_total{room=\"feed\",status=\"2xx\"} 1",
            "yizhen_http_seconds_total{room=\"api\"} 1.500000",
            "# TYPE yizhen_feed_readers gauge",
            "yizhen_feed_readers 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
