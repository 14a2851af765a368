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
            Some("healthz" | "readyz" | "metrics" | "demo") => Self::House,
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
    pub(super) fn text(&self, readers: usize, ready: bool) -> String {
        let mut text =
            String::from("# HELP yizhen_http_requests_total Requests answered.\n# TYPE yizhen_http_requests_total counter\n");
        for room in Room::ALL {
            for (class, count) in (1..).zip(&self.answers[room as usize].by_class) {
                let (name, count) = (room.name(), count.load(Ordering::Relaxed));
                let _ = writeln!(text, "yizhen_http_requests_total{{room=\"{name}\",status=\"{class}xx\"}} {count}");
            }
        }
        text.push_str(
            "# HELP yizhen_http_seconds_total Seconds until the answers began.\n# TYPE yizhen_http_seconds_total counter\n",
        );
        for room in Room::ALL {
            let micros = self.answers[room as usize].micros.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                "yizhen_http_seconds_total{{room=\"{}\"}} {}.{:06}",
                room.name(),
                micros / 1_000_000,
                micros % 1_000_000
            );
        }
        let _ = writeln!(
            text,
            "# HELP yizhen_feed_readers Pages that follow the feed.\n# TYPE yizhen_feed_readers gauge\nyizhen_feed_readers {readers}"
        );
        let _ = writeln!(
            text,
            "# HELP yizhen_ready Whether requests are taken.\n# TYPE yizhen_ready gauge\nyizhen_ready {}",
            u8::from(ready)
        );
        text
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
        let text = metrics.text(3, true);
        for line in [
            "yizhen_http_requests_total{room=\"api\",status=\"4xx\"} 1",
            "yizhen_http_requests_total{room=\"api\",status=\"2xx\"} 0",
            "yizhen_http_requests_total{room=\"feed\",status=\"2xx\"} 1",
            "yizhen_http_seconds_total{room=\"api\"} 1.500000",
            "yizhen_feed_readers 3",
            "yizhen_ready 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
