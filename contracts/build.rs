//! Compiles the contracts: the generated types and clients, and the descriptor set with comments and annotations.
//! The annotated bytes come from protox itself, because `prost_types` drops extensions on a round trip.

use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let root = PathBuf::from("proto");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    std::fs::write(out.join("haat.bin"), compiler.encode_file_descriptor_set())?;

    let mut config = prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(false)
        .btree_map(".")
        .include_file("contracts.rs")
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    // Last, because the generator prints rules of its own: everything below `proto` counts, new files too.
    println!("cargo::rerun-if-changed=proto");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
