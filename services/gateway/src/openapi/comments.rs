//! The comments of the contracts, as documentation: what stands before a declaration describes it.

use prost_reflect::FileDescriptor;

/// The comment before the declaration at `path`, its lines joined; empty without one.
pub fn leading(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    let comment = location.and_then(|location| location.leading_comments.as_deref()).unwrap_or_default();
    comment.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
