//! The crates of the workspace, as cargo knows them.

use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::Result;
use crate::tree::Source;

#[derive(Clone, Debug)]
pub struct Crate {
    pub name: String,
    pub manifest: Source,
    pub dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug)]
pub struct Dependency {
    pub name: String,
    pub is_for_tests: bool,
}

/// All members of the workspace at `root`.
pub fn read(root: &Path) -> Result<Vec<Crate>> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let members = metadata.packages.into_iter().map(|package| {
        let manifest = package.manifest_path.strip_prefix(&metadata.workspace_root)?;
        Ok(Crate {
            name: package.name.to_string(),
            manifest: Source::read(root, manifest)?,
            dependencies: package.dependencies.into_iter().map(Dependency::of).collect(),
        })
    });
    members.collect()
}

impl Dependency {
    fn of(dependency: cargo_metadata::Dependency) -> Self {
        Dependency { is_for_tests: dependency.kind == DependencyKind::Development, name: dependency.name }
    }
}
