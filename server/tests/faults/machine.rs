//! What the machine lets a test do.

use std::process::Command;

/// Whether the test runs as root.
pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("`id` runs");
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}
