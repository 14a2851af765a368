//! A body that is ready to be sent.

use std::sync::OnceLock;

use bytes::Bytes;

/// How hard brotli tries: made several times a second in a rush, and read by everybody.
const QUALITY: i32 = 5;

/// A body that is ready to be sent.
#[derive(Debug)]
pub struct Ready {
    /// As in `domain::availability::Availability::version`.
    pub version: u64,
    /// JSON.
    pub body: Bytes,
    /// Strong entity tag, with its quotes.
    pub etag: Bytes,
    brotli: OnceLock<Bytes>,
}

impl Ready {
    /// `body` as JSON.
    ///
    /// # Panics
    /// Never: the types of the contract serialise.
    pub(super) fn new(body: &impl serde::Serialize, version: u64) -> Self {
        let body = serde_json::to_vec(body).expect("the types of the contract serialise");
        Self { version, body: body.into(), etag: format!("\"{version}\"").into(), brotli: OnceLock::new() }
    }

    /// The same, in brotli; made by the first who asks.
    pub fn brotli(&self) -> &Bytes {
        self.brotli.get_or_init(|| {
            let mut small = Vec::with_capacity(self.body.len() / 4);
            let settings =
                brotli::enc::BrotliEncoderParams { quality: QUALITY, lgwin: 18, size_hint: self.body.len(), ..Default::default() };
            brotli::BrotliCompress(&mut &self.body[..], &mut small, &settings).expect("writing to memory does not fail");
            small.into()
        })
    }
}
