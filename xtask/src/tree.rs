//! The files of this workspace as the checks read them: paths relative to its root, in a fixed order.

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::Result;

/// A text file.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: PathBuf,
    pub text: String,
}

impl Source {
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Source { path: path.into(), text: text.into() }
    }

    pub fn read(root: &Path, path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let full = root.join(&path);
        let text = std::fs::read_to_string(&full).map_err(|error| format!("{}: {error}", full.display()))?;
        Ok(Source::new(path, text))
    }

    /// The lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// The folder of the workspace in which the command was started: clones that share a target folder share this binary.
pub fn root() -> Result<PathBuf> {
    Ok(MetadataCommand::new().no_deps().exec()?.workspace_root.into_std_path_buf())
}

/// Where cargo builds, which may be outside of the workspace.
pub fn target() -> Result<PathBuf> {
    Ok(MetadataCommand::new().no_deps().exec()?.target_directory.into_std_path_buf())
}

/// All Rust files below `root`, without what builds and runs leave there.
pub fn rust_sources(root: &Path) -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    collect(root, Path::new(""), &mut paths)?;
    paths.sort();
    paths.into_iter().map(|path| Source::read(root, path)).collect()
}

fn collect(root: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = folder.join(&name);
        if entry.file_type()?.is_dir() {
            let is_ours = !name.to_string_lossy().starts_with('.') && path != Path::new("target") && path != Path::new("data");
            if is_ours {
                collect(root, &path, paths)?;
            }
        } else if is_rust(&path) {
            paths.push(path);
        }
    }
    Ok(())
}

pub fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}
