//! PostgreSQL goes away under load, as in a crash and as for an update, and comes back: the service goes on by itself.

use std::time::Instant;

use reqwest::StatusCode;

use crate::books::Books;
use crate::chance::{Chance, say};
use crate::client::until_ready_is;
use crate::crowd::{Crowd, Watch};
use crate::postgres::Cluster;
use crate::service::Place;

/// Acknowledgements that are waited for before each stop, at most.
const BEFORE: u64 = 150;
/// Acknowledgements that must come after each.
const AFTER: u64 = 50;

#[tokio::test]
async fn a_database_that_crashes_or_is_restarted_loses_nothing_and_the_service_goes_on() {
    let mut chance = Chance::of("PostgreSQL restarted");
    let mut cluster = Cluster::start();
    let place = Place::postgres(cluster.database().await);
    let mut service = place.start().await;
    let mut crowd = Crowd::gather(&service.base, &mut chance).await;
    let (base, watch) = (service.base.clone(), Watch::new());
    let mut away = vec![];
    let restarts = async {
        for how in ["immediate", "fast", "immediate", "immediate"] {
            watch.acknowledged(1 + chance.below(BEFORE)).await;
            let began = Instant::now();
            cluster = off_the_runtime(cluster, move |cluster| cluster.stop(how)).await;
            until_ready_is(&base, StatusCode::SERVICE_UNAVAILABLE).await;
            // somebody is told so, and nobody is left to wait for ever
            watch.anew();
            watch.busy(1).await;
            away.push(began.elapsed().as_secs_f32());
            cluster = off_the_runtime(cluster, Cluster::start_again).await;
            until_ready_is(&base, StatusCode::OK).await;
            watch.anew();
            watch.acknowledged(AFTER).await;
        }
        watch.enough();
        cluster
    };
    // kept: what was put off is asked again until it is answered
    let (_cluster, ()) = tokio::join!(restarts, crowd.live(&base, &watch));
    assert_eq!(crowd.tally().unanswered, 0, "the service was there all the time");
    let books = Books::open(&place.url).await;
    crowd.check(&books).await;
    books.close().await;
    service.process.signal("TERM");
    assert!(service.process.ended().await.success());
    let tally = crowd.tally();
    say(&format!(
        "PostgreSQL restarted: 3 crashes, 1 restart; {} acknowledgements, {} refusals, {} times 503 with Retry-After (the first after {away:.1?} s), 0 times 500; lost 0, double 0",
        tally.acknowledged, tally.refused, tally.busy
    ));
}

/// What waits for PostgreSQL must not hold up the clients.
async fn off_the_runtime(mut cluster: Cluster, deed: impl FnOnce(&mut Cluster) + Send + 'static) -> Cluster {
    let doing = tokio::task::spawn_blocking(move || {
        deed(&mut cluster);
        cluster
    });
    doing.await.expect("PostgreSQL does as it is told")
}
