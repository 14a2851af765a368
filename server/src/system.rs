//! What the operating system gives this process: open files, and memory.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open besides connections: the database, the log, the runtime's own.
const OWN_FILES: usize = 128;

/// Takes all the open files that the system allows, and gives the number of connections that they are enough for; at most `wanted`.
/// Each connection is a file, and what a process may have at first is usually 1,024.
pub fn connections(wanted: usize) -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    let Some(files) = getrlimit(Resource::Nofile).current else { return wanted };
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let enough_for = files.saturating_sub(OWN_FILES).max(files / 2);
    if enough_for < wanted {
        tracing::warn!(
            "only {files} files may be open at once, so at most {enough_for} connections instead of {wanted}; raise it with ulimit -Hn, \
             or LimitNOFILE of systemd"
        );
    }
    enough_for.min(wanted)
}

/// Bytes of memory that the process has in RAM, where the system tells.
pub fn resident_bytes() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_connections_than_wanted_or_than_files() {
        assert_eq!(connections(1), 1);
        let all = connections(usize::MAX);
        let files = getrlimit(Resource::Nofile);
        assert_eq!(files.current, files.maximum);
        assert!(files.current.is_none_or(|files| u64::try_from(all).is_ok_and(|all| 0 < all && all < files)), "{all} of {files:?}");
    }

    #[test]
    fn a_process_knows_its_memory() {
        assert!(resident_bytes().is_none_or(|bytes| (1 << 20..1 << 40).contains(&bytes)));
    }
}
