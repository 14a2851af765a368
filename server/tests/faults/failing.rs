//! The disk fails while the service runs, and a disk that cannot be written stops its start.

use std::process::Command;

use reqwest::StatusCode;

use crate::books::Books;
use crate::chance::{Chance, say};
use crate::city::MORNING;
use crate::client::until_ready_is;
use crate::crowd::{Crowd, Watch};
use crate::disk::Disk;
use crate::service::{Place, tail};

#[tokio::test]
async fn a_disk_that_fails_is_no_false_success_and_passes_without_a_restart() {
    let mut place = Place::sqlite();
    // a write past the limit fails, as on a broken disk, instead of ending the process
    place.through = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(String::from).into();
    let mut chance = Chance::of("disk failing");
    let mut service = place.start().await;
    let mut crowd = Crowd::gather(&service.base, &mut chance).await;
    let (base, watch) = (service.base.clone(), Watch::new());
    let failing = async {
        for _ in 0..2 {
            watch.acknowledged(1 + chance.below(100)).await;
            // every file is longer than that: from now on no write succeeds, not even to the log
            largest_file(service.process.id(), "1");
            watch.busy(1).await;
            until_ready_is(&base, StatusCode::SERVICE_UNAVAILABLE).await;
            watch.anew();
            watch.busy(30).await;
            assert_eq!(watch.acknowledgements(), 0, "done without being written");
            largest_file(service.process.id(), "unlimited");
            until_ready_is(&base, StatusCode::OK).await;
            watch.anew();
            watch.acknowledged(50).await;
        }
        watch.enough();
    };
    tokio::join!(failing, crowd.live(&base, &watch));
    assert_eq!(crowd.tally().unanswered, 0, "it neither hangs nor ends");
    service.process.kill().await;
    service = place.start().await;
    let books = Books::open(&place.url).await;
    crowd.check(&books).await;
    crowd.check_over_http(&service.base).await;
    books.close().await;
    let tally = crowd.tally();
    say(&format!(
        "disk failing: twice; {} acknowledgements, {} refusals, {} times 503 with Retry-After, 0 times 500; lost 0, double 0",
        tally.acknowledged, tally.refused, tally.busy
    ));
}

/// Sets how large a file a process may write, in bytes.
fn largest_file(process: u32, bytes: &str) {
    let set = Command::new("prlimit").args([format!("--pid={process}"), format!("--fsize={bytes}:")]).status();
    assert!(set.expect("prlimit runs").success());
}

#[tokio::test]
async fn a_disk_that_is_read_only_stops_the_start_with_one_line() {
    let folder = tempfile::Builder::new().prefix("yizhen-fault-").tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let Some(disk) = Disk::new(&data, "48m") else { return };
    let mut place = Place::at(folder, data);
    place.through = disk.through();
    // before there is a database, and with one
    for prepared in [false, true] {
        if prepared {
            place.start().await.process.kill().await;
        }
        disk.mount_again("ro");
        let _ = std::fs::remove_file(place.log());
        let mut starting = place.spawn(MORNING);
        assert_eq!(starting.base().await, None, "it serves from a disk that it cannot write");
        assert!(!starting.process.ended().await.success());
        let said = tail(&place.log());
        let one = said.lines().count() == 1 && said.starts_with("yizhen: ");
        assert!(one && said.contains("data") && said.contains("Read-only file system"), "not one clear line: {said}");
        disk.mount_again("rw");
    }
    let service = place.start().await;
    until_ready_is(&service.base, StatusCode::OK).await;
    say("disk read-only: a start with and without a database says one line and ends; the next start is well");
}
