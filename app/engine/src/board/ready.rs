//! A body that is ready to be sent.

use std::sync::OnceLock;

use bytes::Bytes;

/// How hard brotli tries where everybody reads: 20 kB become 3.1 kB, at 1 they would be 4.3 kB.
pub(super) const FOR_EVERYBODY: i32 = 5;
/// Where there are many of them, several times a second in a rush: their ids are chance and do not get smaller. 130 kB become 21.9 kB; at 5
/// they would be 21.6 kB, in three times the time (the reference encoder's).
pub(super) const FOR_A_FEW: i32 = 2;

/// A body that is ready to be sent.
#[derive(Debug)]
pub struct Ready {
    /// As in `domain::availability::Availability::version`.
    pub version: u64,
    /// JSON.
    pub body: Bytes,
    /// Strong entity tag, with its quotes.
    pub etag: Bytes,
    quality: i32,
    brotli: OnceLock<Bytes>,
}

impl Ready {
    /// `body` as JSON.
    ///
    /// # Panics
    /// Never: the types of the contract serialise.
    pub(super) fn new(body: &impl serde::Serialize, version: u64, quality: i32) -> Self {
        let body = serde_json::to_vec(body).expect("the types of the contract serialise");
        Self { version, body: body.into(), etag: format!("\"{version}\"").into(), quality, brotli: OnceLock::new() }
    }

    /// The same, in brotli; made by the first who asks.
    pub fn brotli(&self) -> &Bytes {
        self.brotli.get_or_init(|| {
            let mut small = Vec::with_capacity(self.body.len() / 4);
            let settings = brotli::enc::BrotliEncoderParams {
                quality: self.quality,
                lgwin: 16,
                size_hint: self.body.len(),
                ..Default::default()
            };
            brotli::BrotliCompress(&mut &self.body[..], &mut small, &settings).expect("writing to memory does not fail");
            small.into()
        })
    }
}
