//! The staff's service worker, written for the pages that are there: which files it keeps, and which version that is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};

/// Where it is asked for.
pub(super) const PATH: &str = "/staff/worker.js";
const SCRIPT: &str = include_str!("worker.js");

/// The script that keeps these files; each with what tells its version. Other files are another version of it.
pub(super) fn script(mut files: Vec<(String, String)>) -> String {
    files.sort();
    let mut digest = Sha256::new();
    for (path, tag) in &files {
        digest.update(format!("{path} {tag}\n"));
    }
    digest.update(SCRIPT);
    let version = BASE64.encode(&digest.finalize()[..12]);
    // paths of ours: letters, digits and signs that need no escape
    let list = files.iter().map(|(path, _)| format!("'{path}'")).collect::<Vec<_>>().join(", ");
    SCRIPT.replace("__VERSION__", &version).replace("'__FILES__'", &list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(tag: &str) -> Vec<(String, String)> {
        vec![("/staff".into(), tag.into()), ("/staff/staff-1.js".into(), "\"a\"".into())]
    }

    #[test]
    fn other_files_are_another_version_and_the_same_are_the_same() {
        let script = script(files("\"a\""));
        assert!(script.contains("['/staff', '/staff/staff-1.js']"), "{script}");
        assert!(!script.contains("__"), "{script}");
        assert_eq!(script, self::script(files("\"a\"").into_iter().rev().collect()));
        assert_ne!(script, self::script(files("\"b\"")));
    }
}
