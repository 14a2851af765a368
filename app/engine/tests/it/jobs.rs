//! Jobs: each once for all processes, whoever dies in the middle and whatever the clock does.

use chrono::Duration;
use domain::jobs::{Ended, Job};
use engine::{Engine, Going, JobStatus};

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    each_job_is_done_once_by_however_many_processes,
    what_a_dead_process_had_begun_another_takes_over_when_its_lease_is_over,
    a_long_job_keeps_its_lease,
    a_clock_that_leaps_leads_to_one_run_and_one_that_is_put_back_to_none,
    what_fails_is_tried_again_later_and_later_and_told,
    a_job_that_is_asked_for_is_done_though_it_is_not_due,
    the_walk_of_retention_shows_as_a_job,
);

async fn status(engine: &Engine, job: Job) -> JobStatus {
    let all = engine.jobs().await.expect("the jobs");
    all.into_iter().find(|status| status.job == job).expect("it was begun")
}

async fn each_job_is_done_once_by_however_many_processes(kind: Kind) {
    let city = TestCity::new(kind).await;
    let engines = [city.engine.clone(), city.another_process().await.expect("opens"), city.another_process().await.expect("opens")];
    let jobs = [Job::Schedule, Job::Reminders, Job::Missed, Job::Codes];
    for day in 0..4 {
        city.clock.set_civil(city.day(u32::from(day > 0)), "17:00");
        for job in jobs {
            let all = engines.iter().cycle().take(9).cloned();
            let runs: Vec<_> = all.map(|engine| tokio::spawn(async move { engine.run_job(job, false).await })).collect();
            let mut done = 0;
            for run in runs {
                if let Some(ended) = run.await.expect("no panic").expect("begun or not") {
                    assert_eq!(ended, Ended::Done, "{job}");
                    done += 1;
                }
            }
            assert_eq!(done, 1, "{job} on day {day}");
            let status = status(&engines[1], job).await;
            assert_eq!((status.runs, status.failures, status.held), (day + 1, 0, false), "{job} on day {day}");
        }
    }
}

async fn what_a_dead_process_had_begun_another_takes_over_when_its_lease_is_over(kind: Kind) {
    let city = TestCity::new(kind).await;
    for _ in 0..2 {
        let guest = city.guest().await;
        city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    }
    city.clock.set_civil(city.day(1), "00:10");
    let other = city.another_process().await.expect("opens");
    let turn = other.begin_job(Job::Missed, false).await.expect("asked").expect("it is due");
    assert_eq!(other.go_on(&turn).await, Ok(Going::On(2)), "it has begun to mark");
    drop(other);

    assert!(status(&city.engine, Job::Missed).await.held);
    assert_eq!(city.engine.run_job(Job::Missed, false).await, Ok(None), "somebody has it");
    city.clock.step(Duration::seconds(119));
    assert_eq!(city.engine.run_job(Job::Missed, false).await, Ok(None), "until the two minutes are over");
    city.clock.step(Duration::seconds(1));
    let late = city.another_process().await.expect("opens");
    let mine = late.begin_job(Job::Missed, false).await.expect("asked").expect("the lease is over");

    // the one that was believed dead was only slow
    assert_eq!(city.engine.go_on(&turn).await, Ok(Going::Lost));
    assert_eq!(city.engine.end_job(turn, Ended::Done).await, Ok(false), "it ends nothing that is another's");
    assert!(status(&city.engine, Job::Missed).await.held);
    assert_eq!(late.go_on(&mine).await, Ok(Going::Done));
    assert_eq!(late.end_job(mine, Ended::Done).await, Ok(true));
    assert_eq!(late.end_job(mine, Ended::Failed).await, Ok(false), "once");
    let status = status(&city.engine, Job::Missed).await;
    assert_eq!(
        (status.runs, status.failures, status.held, status.fails),
        (2, 1, false, false),
        "the run that never ended is counted"
    );
    assert_eq!(city.engine.run_job(Job::Missed, false).await, Ok(None), "the day is done");
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'missed'").await, 2, "nobody is told twice");
    city.assert_balanced().await;
}

async fn a_long_job_keeps_its_lease(kind: Kind) {
    let city = TestCity::new(kind).await;
    let other = city.another_process().await.expect("opens");
    for job in [Job::Missed, Job::Reminders, Job::Codes, Job::Schedule] {
        let turn = city.engine.begin_job(job, true).await.expect("asked").expect("nobody has it");
        for _ in 0..3 {
            city.clock.step(Duration::seconds(90));
            assert_eq!(other.run_job(job, true).await, Ok(None), "{job}");
            assert_eq!(city.engine.go_on(&turn).await, Ok(Going::Done), "{job}");
        }
        assert_eq!(city.engine.end_job(turn, Ended::Done).await, Ok(true), "{job}");
    }
}

async fn a_clock_that_leaps_leads_to_one_run_and_one_that_is_put_back_to_none(kind: Kind) {
    let city = TestCity::new(kind).await;
    let run = async |job| city.engine.run_job(job, false).await.expect("begun or not").is_some();
    assert!(run(Job::Missed).await, "what was never done is due");
    assert!(!run(Job::Missed).await);
    // over midnight
    city.clock.set_civil(city.today(), "23:59");
    assert!(!run(Job::Missed).await);
    city.clock.step(Duration::minutes(10));
    assert!(!run(Job::Missed).await);
    city.clock.step(Duration::minutes(1));
    assert!(run(Job::Missed).await);
    // five days at once, into a leap year's last of February
    city.clock.set_civil("2028-02-29".parse().expect("a date"), "12:00");
    assert!(run(Job::Missed).await);
    assert!(!run(Job::Missed).await, "one run, not one for each day");
    // and back
    city.clock.set_civil("2028-02-27".parse().expect("a date"), "12:00");
    assert!(!run(Job::Missed).await, "that day is done");
    // what is done every minute goes on at once
    assert!(run(Job::Codes).await);
    city.clock.step(Duration::days(-3));
    assert!(run(Job::Codes).await);
    assert!(!run(Job::Codes).await);
    city.clock.set_civil("2028-03-01".parse().expect("a date"), "00:10");
    assert!(run(Job::Missed).await);
}

async fn what_fails_is_tried_again_later_and_later_and_told(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.try_execute("ALTER TABLE spent RENAME TO spent_away").await.expect("renamed");
    for (failed, minutes) in [(1, 1), (2, 2), (3, 4)] {
        assert_eq!(city.engine.run_job(Job::Codes, false).await, Ok(Some(Ended::Failed)));
        let status = status(&city.engine, Job::Codes).await;
        assert_eq!((status.failures, status.fails, status.held), (failed, failed == 3, false));
        city.clock.step(Duration::minutes(minutes) - Duration::seconds(1));
        assert_eq!(city.engine.run_job(Job::Codes, false).await, Ok(None), "after {failed}");
        city.clock.step(Duration::seconds(1));
    }
    city.try_execute("ALTER TABLE spent_away RENAME TO spent").await.expect("renamed");
    assert_eq!(city.engine.run_job(Job::Codes, false).await, Ok(Some(Ended::Done)));
    let status = status(&city.engine, Job::Codes).await;
    assert_eq!((status.failures, status.fails, status.runs), (3, false, 4));
    assert_eq!(status.succeeded_at, Some(city.engine.now()));
}

async fn a_job_that_is_asked_for_is_done_though_it_is_not_due(kind: Kind) {
    let city = TestCity::new(kind).await;
    assert_eq!(city.engine.run_job(Job::Schedule, false).await, Ok(Some(Ended::Done)));
    assert_eq!(city.engine.run_job(Job::Schedule, false).await, Ok(None));
    assert_eq!(city.engine.run_job(Job::Schedule, true).await, Ok(Some(Ended::Done)), "another city file, perhaps");
    let turn = city.engine.begin_job(Job::Schedule, true).await.expect("asked").expect("nobody has it");
    let other = city.another_process().await.expect("opens");
    assert_eq!(other.run_job(Job::Schedule, true).await, Ok(None), "not while another is at it");
    assert_eq!(city.engine.end_job(turn, Ended::Done).await, Ok(true));
}

async fn the_walk_of_retention_shows_as_a_job(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.guest().await;
    assert_eq!(city.engine.jobs().await, Ok(vec![]));
    // a step ends where it finds something: the code of forty days ago
    city.clock.step(Duration::days(40));
    city.engine.retain_some(1).await.expect("a step");
    let begun = status(&city.engine, Job::Retention).await;
    assert_eq!((begun.runs, begun.ended, begun.started_at), (1, None, Some(city.engine.now())));
    city.clock.step(Duration::minutes(3));
    while city.engine.retain_some(64).await.expect("a step") != engine::Retained::Nothing {}
    let done = status(&city.engine, Job::Retention).await;
    assert_eq!((done.runs, done.ended), (1, Some((Ended::Done, city.engine.now()))));
    assert_eq!(done.took, Some(std::time::Duration::from_secs(180)));
    assert_eq!(done.next, domain::time::instant(city.day(1), chrono::NaiveTime::MIN), "the next day's walk");
    assert!(!done.late);
}
