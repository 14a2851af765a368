//! A lean HTTP/1.1 client: one connection, one request at a time, kept alive. It shares its two cores with the service that it measures,
//! so it does nothing that the figures would pay for.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, as long as the next request is not sent.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

/// A kept connection.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
    /// How often it was opened.
    pub(crate) opened: u32,
}

/// Where the answer lies in what was received.
struct Frame {
    status: u16,
    head: usize,
    end: usize,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, stream: None, received: Vec::with_capacity(4096), opened: 0 }
    }

    /// Sends a whole request and waits for its whole answer. A kept connection that the other side has closed meanwhile is opened again,
    /// as browsers do.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let kept = self.stream.is_some();
        let frame = match self.exchange(request).await {
            Err(_) if kept && self.received.is_empty() => {
                self.stream = None;
                self.exchange(request).await
            }
            done => done,
        };
        if frame.is_err() {
            self.stream = None;
        }
        let frame = frame?;
        let closes = header(&self.received[..frame.head], "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if closes {
            self.stream = None;
        }
        Ok(Answer { status: frame.status, head: &self.received[..frame.head], body: &self.received[frame.head..frame.end] })
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Frame> {
        self.received.clear();
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
            self.opened += 1;
        }
        let stream = self.stream.as_mut().expect("it was opened above");
        stream.write_all(request).await?;
        let mut searched = 0;
        let head = loop {
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(at) = self.received[searched..].windows(4).position(|four| four == b"\r\n\r\n") {
                break searched + at + 4;
            }
            searched = self.received.len().saturating_sub(3);
        };
        let status = self.received.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("this is no HTTP answer"))?;
        let length = match header(&self.received[..head], "content-length") {
            Some(length) => length.parse().map_err(io::Error::other)?,
            None if matches!(status, 204 | 304) => 0,
            None => return Err(io::Error::other("an answer without a length")),
        };
        while self.received.len() < head + length {
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Frame { status, head, end: head + length })
    }
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let (found, rest) = line.split_at_checked(name.len())?;
        let value = rest.strip_prefix(b":").filter(|_| found.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok().map(str::trim)
    })
}

/// Writes a `GET` into `out`.
pub(crate) fn get(out: &mut Vec<u8>, path: &str, headers: &str) {
    out.clear();
    out.extend_from_slice(b"GET ");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    out.extend_from_slice(headers.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes a call of a server function into `out`.
pub(crate) fn call(out: &mut Vec<u8>, name: &str, cookie: &str, body: &str) {
    use std::io::Write;
    out.clear();
    let cookie = if cookie.is_empty() { ("", "", "") } else { ("cookie: ", cookie, "\r\n") };
    write!(
        out,
        "POST /api/{name} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{}{}{}content-length: {}\r\n\r\n{body}",
        cookie.0,
        cookie.1,
        cookie.2,
        body.len()
    )
    .expect("memory takes every byte");
}
