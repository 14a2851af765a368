//! Where the keys come from, and whether there may be new ones. None of it is ever told to anybody: not in an error, not in the log.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::file::{self, LONGEST};
use super::{Keys, decode};
use crate::config::OpenError;

/// How long a command may take.
const WITHIN: Duration = Duration::from_secs(20);

/// Where the keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// A key file.
    File(PathBuf),
    /// The text of a key file, as it is or in base64.
    Text(Arc<Zeroizing<String>>),
    /// A command that writes such a text to its standard output, for a key manager. A shell runs it.
    Command(String),
}

/// What changes whenever a file is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    changed: Option<SystemTime>,
    length: u64,
    number: u64,
}

impl KeySource {
    /// The keys.
    ///
    /// # Errors
    /// When they cannot be had, or are of no use.
    pub async fn load(&self) -> Result<Keys, OpenError> {
        match self {
            Self::File(path) => Keys::read(path),
            Self::Text(text) => self.parse(text),
            Self::Command(line) => {
                let said = tokio::time::timeout(WITHIN, run(line)).await;
                let said = said.unwrap_or_else(|_| Err(format!("it did not end within {} s", WITHIN.as_secs())));
                self.parse(&said.map_err(|why| self.wrong(&why))?)
            }
        }
    }

    fn parse(&self, text: &str) -> Result<Keys, OpenError> {
        let plain = out_of_base64(text);
        Keys::parse(plain.as_ref().map_or(text, |plain| plain.as_str())).map_err(|why| self.wrong(why))
    }

    fn wrong(&self, why: &str) -> OpenError {
        OpenError::Keys(format!("{}: {why}", self.named()))
    }

    /// How often there may be something new. A process is given its environment once.
    pub(crate) fn look_every(&self) -> Option<Duration> {
        match self {
            Self::File(_) => Some(Duration::from_secs(5)),
            Self::Text(_) => None,
            Self::Command(_) => Some(Duration::from_secs(60)),
        }
    }

    /// What tells, at little cost, whether there is anything new. `None`: only reading does.
    pub(crate) fn mark(&self) -> Option<Mark> {
        let Self::File(path) = self else { return None };
        let metadata = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let number = 0;
        Some(Mark { changed: metadata.modified().ok(), length: metadata.len(), number })
    }

    /// How it is called where it is spoken of.
    pub fn named(&self) -> String {
        match self {
            Self::File(path) => format!("the key file {}", path.display()),
            Self::Text(_) => "what VAULT_KEYS holds".to_owned(),
            Self::Command(_) => "what KEYS_COMMAND gives".to_owned(),
        }
    }
}

/// What a command writes. What it complains of is not heard: a secret may be in it.
async fn run(line: &str) -> Result<Zeroizing<String>, String> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("no shell can be started: {error}"))?;
    let out = child.stdout.take().ok_or("it has no output")?;
    // as large as it can become: a vector that grows leaves copies behind
    let mut said = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
    out.take(LONGEST as u64 + 1).read_to_end(&mut said).await.map_err(|error| error.to_string())?;
    if said.len() > LONGEST {
        return Err("it does not stop writing".to_owned());
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("it failed ({status}); run it by hand to see why"));
    }
    let mut text = Zeroizing::new(String::with_capacity(said.len()));
    text.push_str(core::str::from_utf8(&said).map_err(|_| file::NO_KEYS)?);
    Ok(text)
}

fn out_of_base64(text: &str) -> Option<Zeroizing<String>> {
    let mut packed = Zeroizing::new(String::with_capacity(text.len()));
    packed.extend(text.chars().filter(|sign| !sign.is_ascii_whitespace()));
    let bytes = decode(&packed)?;
    let mut plain = Zeroizing::new(String::with_capacity(bytes.len()));
    plain.push_str(core::str::from_utf8(&bytes).ok()?);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::suite::Suite;

    fn made() -> (tempfile::TempDir, PathBuf, String) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(super::super::FILE_NAME);
        Keys::create(&path, Suite::Aes, &SystemEntropy).expect("made");
        let text = std::fs::read_to_string(&path).expect("read");
        (dir, path, text)
    }

    fn text(text: &str) -> KeySource {
        KeySource::Text(Arc::new(Zeroizing::new(text.to_owned())))
    }

    #[tokio::test]
    async fn the_same_keys_come_from_a_file_a_text_and_a_command() {
        let (_dir, path, plain) = made();
        let keys = KeySource::File(path.clone()).load().await.expect("a file");
        let packed = BASE64.encode(&plain);
        let (first, second) = packed.split_at(76);
        for source in [
            text(&plain),
            text(&packed),
            text(&format!("{first}\n{second}\n")),
            KeySource::Command(format!("cat {}", path.display())),
            KeySource::Command(format!("base64 < {}", path.display())),
        ] {
            assert!(source.load().await.expect("read").same_as(&keys));
        }
    }

    #[tokio::test]
    async fn a_command_that_gives_no_keys_is_told_without_its_words() {
        let (_dir, path, _) = made();
        let cat = format!("cat {}", path.display());
        for (line, says) in [
            ("echo top-secret".to_owned(), "not a key file"),
            ("echo top-secret >&2; exit 3".to_owned(), "exit status: 3"),
            (format!("{cat}; echo top-secret >&2; exit 1"), "exit status: 1"),
            ("yes top-secret".to_owned(), "does not stop"),
            (String::new(), "not a key file"),
        ] {
            let words = KeySource::Command(line.clone()).load().await.err().unwrap_or_else(|| panic!("{line}: taken")).to_string();
            assert!(words.contains("KEYS_COMMAND") && words.contains(says) && !words.contains("top-secret"), "{line}: {words}");
        }
        let words = text("top-secret").load().await.err().expect("refused").to_string();
        assert!(words.contains("VAULT_KEYS") && !words.contains("top-secret"), "{words}");
    }
}
