//! Folders that hold the database and the keys: their owner's alone.

use std::path::Path;

/// Makes a folder and those above it where they are missing; the new ones can be entered by their owner only.
///
/// # Errors
/// What the system says.
pub(crate) fn make(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_new_folder_is_its_owners_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("above/data");
        super::make(&path).expect("made");
        super::make(&path).expect("there already");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o700);
    }
}
