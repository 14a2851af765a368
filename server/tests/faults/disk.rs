//! A small disk of a test's own: a file system of some MiB that nobody else sees, held by a shell that waits for the end of its standard
//! input, which the system closes when the test process dies.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::chance::say;

/// `$1` is where the disk is to be, `$2` its size.
const SCRIPT: &str = r#"
set -eu
mount -t tmpfs -o "size=$2,mode=0777" tmpfs "$1"
echo there
cat >/dev/null
"#;

/// The disk.
pub(crate) struct Disk {
    holder: Child,
    mounted: PathBuf,
    as_root: bool,
}

impl Disk {
    /// A disk of `size` at a folder that is there; nothing, said loudly, on a machine that does not allow it.
    pub(crate) fn new(folder: &Path, size: &str) -> Option<Self> {
        let as_root = crate::machine::is_root();
        let mut command = Command::new("unshare");
        command.arg(if as_root { "-m" } else { "-rm" }).args(["sh", "-c", SCRIPT, "sh"]).arg(folder).arg(size);
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut holder = match spawned {
            Ok(holder) => holder,
            Err(error) => return skipped(&format!("unshare does not run: {error}")),
        };
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("piped")).read_line(&mut line).expect("read");
        let disk = Self { holder, mounted: folder.to_owned(), as_root };
        if line.trim() == "there" { Some(disk) } else { skipped(&disk.words()) }
    }

    fn words(mut self) -> String {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
        let words = self.holder.stderr.take().map(|words| std::io::read_to_string(words).unwrap_or_default());
        words.unwrap_or_default().trim().to_owned()
    }

    /// What a program is started through to see the disk.
    pub(crate) fn through(&self) -> Vec<String> {
        let mut through = vec!["nsenter".to_owned(), "-t".into(), self.holder.id().to_string(), "-m".into()];
        if !self.as_root {
            through.extend(["-U".into(), "--preserve-credentials".into()]);
        }
        through
    }

    /// The disk as it is seen from here.
    pub(crate) fn seen(&self) -> PathBuf {
        let inside = self.mounted.strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(inside)
    }

    /// Writes until nothing more fits. Gives how many bytes that took.
    pub(crate) fn fill(&self) -> u64 {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.filler()).expect("a file");
        // down to the last byte
        let (mut piece, mut written) = (vec![b'.'; 64 * 1024], 0);
        while !piece.is_empty() {
            match file.write(&piece) {
                Ok(count) => written += count as u64,
                Err(_) => piece.truncate(piece.len() / 2),
            }
        }
        written
    }

    /// Mounts it again: `ro` or `rw`.
    pub(crate) fn mount_again(&self, how: &str) {
        let through = self.through();
        let mut command = Command::new(&through[0]);
        command.args(&through[1..]).args(["mount", "-o", &format!("remount,{how}")]).arg(&self.mounted);
        assert!(command.status().expect("nsenter runs").success(), "it cannot be mounted again as {how}");
    }

    /// Makes room again.
    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.filler()).expect("removed");
    }

    fn filler(&self) -> PathBuf {
        self.seen().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn skipped(why: &str) -> Option<Disk> {
    say(&format!(
        "SKIPPED: the tests of a full disk need a file system of their own, as root or in a user namespace, and this machine gives none: {why}"
    ));
    None
}
