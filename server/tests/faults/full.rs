//! The disk fills up under load, and is given room again: no false success, an honest "not now", and no restart needed.

use reqwest::StatusCode;

use crate::books::Books;
use crate::chance::{Chance, say};
use crate::client::until_ready_is;
use crate::crowd::{Crowd, Watch};
use crate::disk::Disk;
use crate::service::Place;

#[tokio::test]
async fn a_full_disk_is_no_false_success_and_passes_without_a_restart() {
    let folder = tempfile::Builder::new().prefix("yizhen-fault-").tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let Some(disk) = Disk::new(&data, "48m") else { return };
    let mut place = Place::at(folder, data);
    place.through = disk.through();

    let mut chance = Chance::of("disk full");
    let mut service = place.start().await;
    let mut crowd = Crowd::gather(&service.base, &mut chance).await;
    let (base, watch) = (service.base.clone(), Watch::new());
    let full = async {
        for _ in 0..2 {
            watch.acknowledged(1 + chance.below(100)).await;
            let mut filled = disk.fill();
            // what is freed inside its own files may be used up first, but then everybody is told
            let mut done = 0;
            loop {
                watch.anew();
                watch.busy(30).await;
                let more = watch.acknowledgements();
                done += more;
                filled += disk.fill();
                if more == 0 {
                    break;
                }
            }
            until_ready_is(&base, StatusCode::SERVICE_UNAVAILABLE).await;
            say(&format!("disk full: {filled} bytes filled it; {done} requests more fitted in"));
            disk.make_room();
            until_ready_is(&base, StatusCode::OK).await;
            watch.anew();
            watch.acknowledged(50).await;
        }
        watch.enough();
    };
    tokio::join!(full, crowd.live(&base, &watch));
    assert_eq!(crowd.tally().unanswered, 0, "it neither hangs nor ends");

    service.process.signal("TERM");
    assert!(service.process.ended().await.success());
    let service = place.start().await;
    crowd.check_over_http(&service.base).await;
    drop(service);
    // SQLite finds its files by name, and from here they have another one
    let copy = place.folder.path().join("copy");
    std::fs::create_dir(&copy).expect("a folder");
    for file in std::fs::read_dir(disk.seen()).expect("the disk").flatten().filter(|file| file.path().is_file()) {
        std::fs::copy(file.path(), copy.join(file.file_name())).expect("copied");
    }
    let books = Books::open(&format!("sqlite://{}/yizhen.db", copy.display())).await;
    crowd.check(&books).await;
    books.close().await;
    let tally = crowd.tally();
    say(&format!(
        "disk full: twice; {} acknowledgements, {} refusals, {} times 503 with Retry-After, 0 times 500; lost 0, double 0",
        tally.acknowledged, tally.refused, tally.busy
    ));
}
