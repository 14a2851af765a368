//! How long somebody stays signed in: until nobody has used the session for a while, and never longer than its whole time.

use chrono::{DateTime, TimeDelta, Utc};

/// A cookie that says nothing but that somebody has just come in by an app or by WeChat: the pages read it once, and greet them.
pub const ARRIVED_COOKIE: &str = "yizhen_arrived";

/// How old the last note of a use must be before the next one is worth writing: with a note a use, every look would be a write.
pub const NOTED_EVERY: TimeDelta = TimeDelta::minutes(5);
/// The same for staff: their screens lock after minutes, and there are few of them.
pub const STAFF_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasts {
    /// Without being used, give or take [`NOTED_EVERY`].
    pub idle: TimeDelta,
    /// At most, however much it is used.
    pub whole: TimeDelta,
}

impl Lasts {
    /// When a session ends that began at `began` and was last used at `seen`, unless it is used again.
    pub fn until(&self, began: DateTime<Utc>, seen: DateTime<Utc>) -> DateTime<Utc> {
        (seen + self.idle).min(began + self.whole)
    }

    /// Whether a use at `now` is worth a note, after the last one at `seen`, where one is written `every` so often.
    pub fn is_news(seen: DateTime<Utc>, now: DateTime<Utc>, every: TimeDelta) -> bool {
        now - seen >= every
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_idle_and_at_the_latest_after_its_whole_time() {
        let began: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().expect("an instant");
        let lasts = Lasts { idle: TimeDelta::days(7), whole: TimeDelta::days(30) };
        for (seen, until) in [(0, 7), (1, 8), (22, 29), (23, 30), (24, 30), (29, 30)] {
            assert_eq!(lasts.until(began, began + TimeDelta::days(seen)), began + TimeDelta::days(until), "seen on day {seen}");
        }
    }

    #[test]
    fn a_use_is_noted_once_in_five_minutes() {
        let seen: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().expect("an instant");
        for (seconds, news) in [(0, false), (299, false), (300, true), (86_400, true), (-10, false)] {
            assert_eq!(Lasts::is_news(seen, seen + TimeDelta::seconds(seconds), NOTED_EVERY), news, "{seconds} s later");
        }
    }
}
