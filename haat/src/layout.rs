//! Where everything is in a data folder. Folders are for their owner only, and so are files that hold secrets.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use haat_kernel::Result;

use crate::terminal::failure;

#[derive(Clone, Debug)]
pub struct Layout(PathBuf);

impl Layout {
    /// The layout of `data`, which need not exist yet.
    pub fn new(data: &Path) -> Result<Self> {
        let absolute = std::path::absolute(data).map_err(|e| failure(format!("{}: {e}", data.display())))?;
        Ok(Layout(absolute))
    }

    /// The layout of a folder that `haat up` has used before.
    pub fn existing(data: &Path) -> Result<Self> {
        let layout = Layout::new(data)?;
        if layout.plan().exists() {
            return Ok(layout);
        }
        Err(failure(format!("{} is not a data folder of `haat up`: {} is missing.", data.display(), layout.plan().display())))
    }

    pub fn root(&self) -> &Path {
        &self.0
    }
    /// A service's own folder.
    pub fn service(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
    pub fn database(&self, name: &str) -> PathBuf {
        self.service(name).join("store.db")
    }
    pub fn root_certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }
    pub fn mail(&self) -> PathBuf {
        self.0.join("mail")
    }
    pub fn demo(&self) -> PathBuf {
        self.0.join("demo.json")
    }
    pub fn log(&self, name: &str) -> PathBuf {
        self.0.join("logs").join(format!("{name}.log"))
    }
    pub fn secret(&self, name: &str) -> PathBuf {
        self.0.join("secrets").join(name)
    }
    pub fn plan(&self) -> PathBuf {
        self.0.join("run").join("platform.json")
    }
    pub fn processes(&self) -> PathBuf {
        self.0.join("run").join("processes.json")
    }
    pub fn lock(&self) -> PathBuf {
        self.0.join("run").join("lock")
    }
    /// Held by every process of the platform, so that the next `haat up` knows when those of the last have ended.
    pub fn alive(&self) -> PathBuf {
        self.0.join("run").join("alive")
    }
    pub fn join_token(&self, name: &str) -> PathBuf {
        self.0.join("run").join("join").join(format!("{name}.token"))
    }

    /// Makes the folders that are missing.
    pub fn create(&self, services: &[&str]) -> Result<()> {
        let shared = ["run/join", "logs", "mail", "secrets"].map(|name| self.0.join(name));
        for folder in shared.into_iter().chain(services.iter().map(|name| self.service(name))) {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|e| failure(format!("The folder {} cannot be made: {e}.", folder.display())))?;
        }
        Ok(())
    }
}

/// Replaces a file whole or not at all; readable by its owner only.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let problem = |e: std::io::Error| failure(format!("{} cannot be written: {e}.", path.display()));
    let fresh = path.with_extension("tmp");
    let mut file = File::options().create(true).write(true).truncate(true).mode(0o600).open(&fresh).map_err(problem)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(problem)?;
    fs::rename(&fresh, path).map_err(problem)
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| failure(format!("{} cannot be read: {e}.", path.display())))
}

/// The secret of this name, made by `make` when there is none yet.
pub fn secret(path: &Path, make: impl FnOnce() -> String) -> Result<String> {
    if !path.exists() {
        write_private(path, make().as_bytes())?;
    }
    read(path).map(|text| text.trim().to_owned())
}
