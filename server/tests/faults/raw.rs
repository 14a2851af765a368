//! HTTP by hand, for what no library would do: to know when a request has left, and to leave one half sent.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::service::HANGS;

/// A connection of its own.
pub(crate) struct Raw(TcpStream);

/// An answer as it came over the line.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether it says "not now", as it should be said.
    pub(crate) fn is_busy(&self) -> bool {
        assert!(self.status != 503 || self.head.contains("retry-after:"), "503 without Retry-After: {self:?}");
        self.status == 503
    }
}

impl Raw {
    /// Connects to `HOST:PORT`.
    pub(crate) async fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Connects as a client whose system keeps little of what it does not read.
    pub(crate) async fn connect_deaf(address: &str) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(2048)?;
        Ok(Self(socket.connect(address.parse().expect("an address")).await?))
    }

    /// Sends as many of the bytes as the system takes at once.
    pub(crate) fn send_what_fits(&mut self, bytes: &[u8]) {
        let _ = self.0.try_write(bytes);
    }

    /// Sends bytes, all of them.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Reads one answer, whole.
    pub(crate) async fn reply(&mut self) -> io::Result<Reply> {
        tokio::time::timeout(HANGS, self.read_reply()).await.expect("an answer within a minute")
    }

    async fn read_reply(&mut self) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        let (head, length) = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.unwrap_or_else(|| panic!("no length: {head}")).trim().parse().expect("a length");
                bytes.drain(..end + 4);
                break (head, length);
            }
            self.read_some(&mut bytes).await?;
        };
        while bytes.len() < length {
            self.read_some(&mut bytes).await?;
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {head}"));
        Ok(Reply { status, head, body: String::from_utf8_lossy(&bytes[..length]).into_owned() })
    }

    async fn read_some(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        match self.0.read_buf(bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Reads until something has been said that holds `part`.
    pub(crate) async fn until(&mut self, part: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        let read = async {
            while !String::from_utf8_lossy(&bytes).contains(part) {
                self.read_some(&mut bytes).await?;
            }
            Ok(())
        };
        tokio::time::timeout(HANGS, read)
            .await
            .expect("it is said within a minute")
            .map(|()| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads to the end of the connection.
    pub(crate) async fn until_the_end(&mut self) -> io::Result<String> {
        let mut bytes = Vec::new();
        let read = self.0.read_to_end(&mut bytes);
        tokio::time::timeout(HANGS, read).await.expect("it ends within a minute")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The bytes of a call of a server function.
pub(crate) fn call(name: &str, cookie: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST /api/{name} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncookie: {cookie}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// The bytes of a `GET`.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").into_bytes()
}

/// How many connections to a port have sent bytes that the service has not read yet, or wait to be accepted.
pub(crate) fn unread(address: &str) -> usize {
    let port = address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).expect("a port");
    let ours = format!(":{port:04X}");
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
    let queued = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // for the listener itself the receive queue is how many wait to be accepted
        fields[1].ends_with(&ours) && !fields[4].ends_with(":00000000")
    };
    sockets.lines().skip(1).filter(queued).count()
}
