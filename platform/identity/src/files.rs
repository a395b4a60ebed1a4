//! Files that are there whole or not at all, whatever crashes: written aside, synced, renamed into place.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::IdentityError;

/// Only the owner may read it: private keys and join tokens.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), IdentityError> {
    replace(path, content, 0o600).map_err(at(path))
}

/// Everybody may read it: certificates.
pub fn write_public(path: &Path, content: &[u8]) -> Result<(), IdentityError> {
    replace(path, content, 0o644).map_err(at(path))
}

pub fn read(path: &Path) -> Result<String, IdentityError> {
    std::fs::read_to_string(path).map_err(at(path))
}

fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let aside = folder.join(name);
    // A leftover of a crash could have other permissions, which opening it again would keep.
    if let Err(error) = std::fs::remove_file(&aside)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    File::open(folder)?.sync_all()
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> IdentityError + '_ {
    move |source| IdentityError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_replaced_whole_and_stays_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        write_public(&path, b"first, longer").unwrap();
        write_private(&path, b"second").unwrap();
        assert_eq!(read(&path).unwrap(), "second");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left aside");
    }
}
