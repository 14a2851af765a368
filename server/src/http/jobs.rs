//! How the jobs go, in lines for people and in numbers for Prometheus. Nothing of anybody is in them.

use std::fmt::Write;

use domain::time::civil;
use domain::{DateTime, Utc};
use engine::JobStatus;

use super::metrics::Text;

/// A line for each job, and one for each that somebody should look at. Nothing: the database did not tell.
pub(super) fn lines(jobs: Option<&[JobStatus]>, now: DateTime<Utc>) -> String {
    let Some(jobs) = jobs else { return "jobs: the database does not tell\n".to_owned() };
    let mut text = String::new();
    row(&mut text, ["job", "last run", "ended", "took", "next run", "lease"]);
    for status in jobs {
        let ended = status.ended.map_or("-", |(ended, _)| ended.as_str());
        let took = status.took.map_or_else(|| "-".to_owned(), |took| format!("{:.3} s", took.as_secs_f64()));
        let next = if status.next <= now { "due".to_owned() } else { instant(status.next) };
        let lease = if status.held { "held" } else { "free" };
        row(
            &mut text,
            [status.job.as_str(), &status.started_at.map_or_else(|| "never".to_owned(), instant), ended, &took, &next, lease],
        );
    }
    for status in jobs.iter().filter(|status| status.late) {
        let _ = writeln!(text, "late: {} was due at {}", status.job, instant(status.next));
    }
    for status in jobs.iter().filter(|status| status.fails) {
        let since = status.succeeded_at.map_or_else(|| "ever".to_owned(), |at| format!("since {}", instant(at)));
        let _ = writeln!(text, "failing: {} fails again and again, and was not done {since}; the log says why", status.job);
    }
    text
}

/// Six columns, wide enough for what stands in them.
fn row(text: &mut String, [job, last, ended, took, next, lease]: [&str; 6]) {
    let _ = writeln!(text, "{job:<10} {last:<25} {ended:<7} {took:>10}  {next:<25} {lease}");
}

/// As the clock of the city shows it.
fn instant(at: DateTime<Utc>) -> String {
    format!("{}+08:00", civil(at).format("%Y-%m-%dT%H:%M:%S"))
}

/// As Prometheus reads it.
pub(super) fn metrics(text: &mut Text, jobs: &[JobStatus]) {
    let mut family = |name: &str, kind: &str, help: &str, value: fn(&JobStatus) -> Option<String>| {
        let values = jobs.iter().filter_map(|status| Some((format!("job=\"{}\"", status.job), value(status)?)));
        text.family(name, kind, help, values);
    };
    family("yizhen_job_runs_total", "counter", "Times that a job was begun, by any process.", |status| {
        Some(status.runs.to_string())
    });
    family("yizhen_job_failures_total", "counter", "Times that a job failed, or was begun and never ended.", |status| {
        Some(status.failures.to_string())
    });
    family("yizhen_job_last_success_timestamp_seconds", "gauge", "When a job was last done.", |status| {
        status.succeeded_at.map(|at| at.timestamp().to_string())
    });
    family("yizhen_job_next_run_timestamp_seconds", "gauge", "When a job is to be done next; what has passed is due.", |status| {
        Some(status.next.timestamp().to_string())
    });
    family("yizhen_job_last_run_seconds", "gauge", "How long a job's last run took.", |status| {
        status.took.map(|took| format!("{:.3}", took.as_secs_f64()))
    });
    family("yizhen_job_late", "gauge", "Whether a job should have been done long ago.", |status| {
        Some(u8::from(status.late).to_string())
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::jobs::{Ended, Job};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn status(job: Job) -> JobStatus {
        JobStatus {
            job,
            started_at: Some(at("2026-03-01T16:10:00Z")),
            ended: Some((Ended::Done, at("2026-03-01T16:10:01Z"))),
            took: Some(Duration::from_millis(1204)),
            succeeded_at: Some(at("2026-03-01T16:10:01Z")),
            next: at("2026-03-02T16:10:00Z"),
            held: false,
            runs: 3,
            failures: 1,
            fails: false,
            late: false,
        }
    }

    #[test]
    fn a_job_has_a_line_and_what_somebody_should_look_at_another() {
        let never = JobStatus { started_at: None, ended: None, took: None, succeeded_at: None, ..status(Job::Codes) };
        let late = JobStatus { late: true, fails: true, held: true, ..status(Job::Reminders) };
        let now = at("2026-03-02T16:09:59Z");
        let text = lines(Some(&[status(Job::Missed), never, late]), now);
        let found: Vec<_> = text.lines().collect();
        assert_eq!(
            found,
            [
                "job        last run                  ended         took  next run                  lease",
                "missed     2026-03-02T00:10:00+08:00 done       1.204 s  2026-03-03T00:10:00+08:00 free",
                "codes      never                     -                -  2026-03-03T00:10:00+08:00 free",
                "reminders  2026-03-02T00:10:00+08:00 done       1.204 s  2026-03-03T00:10:00+08:00 held",
                "late: reminders was due at 2026-03-03T00:10:00+08:00",
                "failing: reminders fails again and again, and was not done since 2026-03-02T00:10:01+08:00; the log says why",
            ]
        );
        assert!(lines(Some(&[status(Job::Missed)]), now + chrono_second()).contains("  due "), "what has passed is due");
        assert_eq!(lines(None, now), "jobs: the database does not tell\n");
    }

    fn chrono_second() -> domain::chrono::TimeDelta {
        domain::chrono::TimeDelta::seconds(1)
    }

    #[test]
    fn a_job_has_its_numbers() {
        let mut text = Text::default();
        metrics(&mut text, &[status(Job::Missed)]);
        let text = text.done();
        for line in [
            "yizhen_job_runs_total{job=\"missed\"} 3",
            "yizhen_job_failures_total{job=\"missed\"} 1",
            "yizhen_job_last_success_timestamp_seconds{job=\"missed\"} 1772381401",
            "yizhen_job_next_run_timestamp_seconds{job=\"missed\"} 1772467800",
            "yizhen_job_last_run_seconds{job=\"missed\"} 1.204",
            "yizhen_job_late{job=\"missed\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
