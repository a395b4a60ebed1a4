//! Photographs on disk, within a bound: those that nobody has asked for longest go first. A cache and nothing more: what is
//! lost is fetched again.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

pub struct Shelf {
    folder: PathBuf,
    bytes_max: u64,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    by_name: BTreeMap<String, Place>,
    bytes: u64,
    /// How often anything was asked for.
    turns: u64,
}

#[derive(Clone, Copy)]
struct Place {
    bytes: u64,
    /// The turn at which it was asked for last.
    used: u64,
}

impl Shelf {
    /// With what is in the folder already.
    pub fn open(folder: &Path, bytes_max: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut places = Places::default();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                places.put(name, entry.metadata()?.len());
            }
        }
        Ok(Shelf { folder: folder.to_owned(), bytes_max, places: Mutex::new(places) })
    }

    /// None where it is not there, or can no longer be read.
    pub async fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.places.lock().touch(name)?;
        match tokio::fs::read(self.folder.join(name)).await {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                tracing::debug!(name, %error, "a photograph is gone from the disk");
                self.places.lock().take(name);
                None
            }
        }
    }

    /// `name` is a plain file name.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Renamed whole, so that nobody reads a half.
        let (unfinished, path) = (self.folder.join(format!("{name}.new")), self.folder.join(name));
        tokio::fs::write(&unfinished, bytes).await?;
        tokio::fs::rename(&unfinished, &path).await?;
        let old = self.places.lock().make_room(name, bytes.len() as u64, self.bytes_max);
        for name in old {
            tokio::fs::remove_file(self.folder.join(name)).await?;
        }
        Ok(())
    }
}

impl Places {
    fn touch(&mut self, name: &str) -> Option<()> {
        self.turns += 1;
        self.by_name.get_mut(name)?.used = self.turns;
        Some(())
    }

    fn put(&mut self, name: String, bytes: u64) {
        self.turns += 1;
        self.take(&name);
        self.by_name.insert(name, Place { bytes, used: self.turns });
        self.bytes += bytes;
    }

    fn take(&mut self, name: &str) {
        if let Some(place) = self.by_name.remove(name) {
            self.bytes -= place.bytes;
        }
    }

    /// Puts a file down, and answers which others have to go for it.
    fn make_room(&mut self, name: &str, bytes: u64, bytes_max: u64) -> Vec<String> {
        self.put(name.to_owned(), bytes);
        let mut gone = Vec::new();
        while self.bytes > bytes_max && self.by_name.len() > 1 {
            let oldest = self.by_name.iter().min_by_key(|(_, place)| place.used).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { break };
            self.take(&oldest);
            gone.push(oldest);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_asked_for_goes_first_and_what_is_there_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path(), 25).unwrap();
        for name in ["a", "b"] {
            shelf.write(name, &[7; 10]).await.unwrap();
        }
        assert_eq!(shelf.read("a").await.unwrap(), [7; 10]);
        shelf.write("c", &[8; 10]).await.unwrap();
        assert!(shelf.read("b").await.is_none() && shelf.read("a").await.is_some());
        let again = Shelf::open(folder.path(), 25).unwrap();
        assert!(again.read("a").await.is_some() && again.read("c").await.is_some());
        std::fs::remove_file(folder.path().join("a")).unwrap();
        assert!(again.read("a").await.is_none());
    }
}
