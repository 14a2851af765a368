//! A commit that is carried out while its answer is lost on the way: the desk asks again and finds its own work done.
//!
//! Between the engine and PostgreSQL stands a wire that can be told to swallow the answer to the next `COMMIT` and to break.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::access::Role;
use domain::booking::{BookingState, Move};
use domain::checkin::{Outcome, Redeem};
use engine::{Config, Engine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::harness::{Kind, TestCity};

/// How the driver says it: a simple query of six letters.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// The wire. Breaks at the next `COMMIT` of any connection, as often as it is armed.
struct Wire {
    folder: tempfile::TempDir,
    armed: AtomicU32,
    broken: AtomicU32,
}

impl Wire {
    /// A socket of the same name in another folder; what arrives is passed on to `socket`.
    fn to(socket: PathBuf) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(socket.file_name().expect("a name"))).expect("a socket");
        let wire = Arc::new(Self { folder, armed: AtomicU32::new(0), broken: AtomicU32::new(0) });
        let passing = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (wire, socket) = (passing.clone(), socket.clone());
                tokio::spawn(async move { wire.pass(client, &socket).await });
            }
        });
        wire
    }

    async fn pass(&self, mut client: UnixStream, socket: &Path) -> std::io::Result<()> {
        let mut server = UnixStream::connect(socket).await?;
        let (mut asked, mut said) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let asked = &asked[..read?];
                    if asked.is_empty() {
                        return Ok(());
                    }
                    server.write_all(asked).await?;
                    let arm = |left: u32| left.checked_sub(1);
                    let commits = asked.windows(COMMIT.len()).any(|part| part == COMMIT);
                    if commits && self.armed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, arm).is_ok() {
                        // the server answers when it is done; nobody hears it
                        let _unheard = server.read(&mut said).await?;
                        self.broken.fetch_add(1, Ordering::SeqCst);
                        return Ok(());
                    }
                }
                read = server.read(&mut said) => {
                    let said = &said[..read?];
                    if said.is_empty() {
                        return Ok(());
                    }
                    client.write_all(said).await?;
                }
            }
        }
    }

    fn arm(&self) {
        self.armed.store(1, Ordering::SeqCst);
    }

    fn assert_broken(&self, times: u32) {
        assert_eq!((self.armed.load(Ordering::SeqCst), self.broken.load(Ordering::SeqCst)), (0, times), "the wire did not break");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_answered_as_what_it_did() {
    let city = TestCity::new(Kind::Postgres).await;
    // postgres://yizhen@%2Ftmp%2F…:port/name
    let (before, rest) = city.url.split_once('@').expect("a user");
    let (host, rest) = rest.split_once(':').expect("a port");
    let port = rest.split('/').next().expect("a port");
    let wire = Wire::to(Path::new(&host.replace("%2F", "/")).join(format!(".s.PGSQL.{port}")));
    let through = wire.folder.path().to_string_lossy().replace('/', "%2F");
    let engine =
        Engine::open(Config { database_url: format!("{before}@{through}:{rest}"), ..city.another_config() }).await.expect("opens");
    let guest = city.guest().await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let (slot, other) = (city.slot("one", "vero", 0, "09:00"), city.slot("one", "vero", 0, "09:30"));

    // the desk begins its strand of the audit in a commit of its own, which is not the one that is to be lost
    let first = city.guest().await;
    let its_slot = city.slot("one", "vero", 0, "10:00");
    engine.reserve(&first.citizen, city.request(&first.person, its_slot, 1)).await.expect("booked");

    wire.arm();
    let booking = engine.reserve(&guest.citizen, city.request(&guest.person, slot, 1)).await.expect("booked");
    wire.assert_broken(1);
    assert_eq!(booking.state, BookingState::Booked);

    wire.arm();
    let to = Move { request_id: city.engine_id(), code: booking.code.to_string(), slot_id: other };
    assert_eq!(engine.move_booking(&guest.citizen, to).await.expect("moved").window.text(), "09:30–10:00");
    wire.assert_broken(2);

    wire.arm();
    let redeem = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    assert_eq!(engine.redeem(&manager, redeem).await.expect("recorded").outcome, Outcome::Redeemed);
    wire.assert_broken(3);

    wire.arm();
    let undone = engine.undo(&manager, booking.code.as_str(), "the wrong sleeve").await.expect("undone");
    assert_eq!(undone.outcome, Outcome::Undone);
    wire.assert_broken(4);

    wire.arm();
    assert_eq!(engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled").state, BookingState::Cancelled);
    wire.assert_broken(5);

    assert_eq!((city.taken(slot).await, city.taken(other).await), (0, 0));
    for (action, times) in [("reserve", 2), ("move", 1), ("redeem", 1), ("undo", 1), ("cancel", 1)] {
        assert_eq!(city.count(&format!("SELECT count(*) FROM audit WHERE action = '{action}'")).await, times, "{action}");
    }
    city.assert_balanced().await;
    engine.stop().await;
}
