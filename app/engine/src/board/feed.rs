//! The feed: each change is written once, for all its readers, and remembered for those who come back.
//!
//! A reader is a place in what is remembered, and nothing is kept for it alone: one who reads slowly falls behind until what
//! comes next is forgotten, and is then told to start again.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::Uuid;
use tokio::sync::watch;
use tokio_stream::Stream;
use tokio_stream::wrappers::WatchStream;

/// What is remembered for each frame besides its bytes, roughly.
const OVERHEAD: usize = 96;

/// An event of the feed: what changed at one site.
#[derive(Clone)]
pub(super) struct Event {
    /// The board's version after it, and its id.
    pub version: u64,
    /// Where.
    pub site_id: Uuid,
    /// As it is sent.
    pub frame: Bytes,
}

/// A `domain::availability::SiteChange` as a server-sent event.
pub(super) fn frame(change: &domain::availability::SiteChange) -> Bytes {
    let mut frame = format!("id: {}\ndata: ", change.version).into_bytes();
    serde_json::to_writer(&mut frame, change).expect("the types of the contract serialise");
    frame.extend_from_slice(b"\n\n");
    frame.into()
}

/// Tells a reader to fetch everything anew.
fn start_again(version: u64) -> Bytes {
    format!("id: {version}\ndata: {{\"start_again\":true}}\n\n").into()
}

/// The events of one site, or of all.
pub(super) struct Channel {
    log: Mutex<Log>,
    /// The version of the last thing that was said.
    latest: watch::Sender<u64>,
}

struct Log {
    /// What is sent in one piece, oldest first.
    pieces: VecDeque<Piece>,
    /// The last version that is not remembered.
    forgotten: u64,
    latest: u64,
    size: usize,
    most: usize,
    /// Nothing more will be said: the service stops.
    over: bool,
}

/// Events of one moment.
struct Piece {
    /// The versions of its events, and where each begins.
    begins: Vec<(u64, usize)>,
    bytes: Bytes,
}

impl Channel {
    /// A channel that begins at `version` and remembers at most so many bytes.
    pub(super) fn new(most: usize, version: u64) -> Arc<Self> {
        let log = Log { pieces: VecDeque::new(), forgotten: version, latest: version, size: 0, most, over: false };
        Arc::new(Self { log: Mutex::new(log), latest: watch::Sender::new(version) })
    }

    /// Says these events, in one piece.
    pub(super) fn publish(&self, events: &[Event]) {
        let Some(last) = events.last() else { return };
        self.lock().add(events);
        self.latest.send_replace(last.version);
    }

    /// Whoever reads has to start again from `version`.
    pub(super) fn forget(&self, version: u64) {
        {
            let mut log = self.lock();
            log.pieces.clear();
            log.size = 0;
            log.forgotten = version;
            log.latest = version;
        }
        self.latest.send_replace(version);
    }

    /// A reader who knows what was said up to `after`, or who wants only what comes. The board is at `version`: nobody can know more.
    pub(super) fn reader(self: &Arc<Self>, after: Option<u64>, version: u64) -> Reader {
        // first the ear, then the place: what is said between the two is heard, and read once
        let said = WatchStream::from_changes(self.latest.subscribe());
        let at = match after {
            Some(after) if after <= version => after,
            Some(_) => 0,
            None => self.lock().latest,
        };
        Reader { channel: self.clone(), at, said }
    }

    /// Ends the feed for all its readers.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.latest.send_modify(|_| ());
    }

    pub(super) fn readers(&self) -> usize {
        self.latest.receiver_count()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn add(&mut self, events: &[Event]) {
        let mut begins = Vec::with_capacity(events.len());
        let bytes = match events {
            [only] => {
                begins.push((only.version, 0));
                only.frame.clone()
            }
            _ => {
                let mut bytes = Vec::with_capacity(events.iter().map(|event| event.frame.len()).sum());
                for event in events {
                    begins.push((event.version, bytes.len()));
                    bytes.extend_from_slice(&event.frame);
                }
                bytes.into()
            }
        };
        let piece = Piece { begins, bytes };
        self.latest = piece.last();
        self.size += piece.size();
        self.pieces.push_back(piece);
        while self.size > self.most {
            let Some(oldest) = self.pieces.pop_front() else { break };
            self.size -= oldest.size();
            self.forgotten = oldest.last();
        }
    }

    /// The next piece after a version, and the version after it; `None` when there is none yet.
    fn after(&self, at: u64) -> Option<(Bytes, u64)> {
        // versions that bytes have lie between those of events
        if at >= self.latest {
            return None;
        }
        if at < self.forgotten {
            return Some((start_again(self.latest), self.latest));
        }
        let piece = self.pieces.get(self.pieces.partition_point(|piece| piece.last() <= at))?;
        let from = piece.begins.iter().find(|(version, _)| *version > at).map_or(0, |(_, begins)| *begins);
        Some((piece.bytes.slice(from..), piece.last()))
    }
}

impl Piece {
    fn last(&self) -> u64 {
        self.begins.last().map_or(0, |(version, _)| *version)
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.begins.len() * size_of::<(u64, usize)>() + OVERHEAD
    }
}

/// A reader of the feed: a stream of server-sent events as bytes. It ends when the service stops.
pub struct Reader {
    channel: Arc<Channel>,
    /// The version of the last thing that it was given.
    at: u64,
    said: WatchStream<u64>,
}

impl Stream for Reader {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let (next, over) = {
                let log = self.channel.lock();
                (log.after(self.at), log.over)
            };
            match next {
                _ if over => return Poll::Ready(None),
                Some((bytes, at)) => {
                    self.at = at;
                    return Poll::Ready(Some(bytes));
                }
                None => {}
            }
            match Pin::new(&mut self.said).poll_next(context) {
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
