//! For the tests of services: every event type has a golden file, so that what was once stored always loads.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::aggregate::Aggregate;

/// Compares the JSON of each event with `<dir>/<kind>.<name>.json`, where the name is the event's type, or the type and a dot
/// and what is special about it. Every other file of the kind in `dir` is an older form, and must still load.
///
/// A file that is missing is written, and the check fails once, saying so: look at it and commit it.
///
/// # Panics
/// When anything differs; that is what a test wants.
pub fn check_events<A: Aggregate>(dir: impl AsRef<Path>, events: &[(&str, A::Event)]) {
    let dir = dir.as_ref();
    let mut written = Vec::new();
    for (name, event) in events {
        let now = to_value::<A>(name, event);
        assert!(name.split('.').next() == now["type"].as_str(), "{}: the event `{name}` has the type {}", A::KIND, now["type"]);
        let path = dir.join(format!("{}.{name}.json", A::KIND));
        if path.exists() {
            assert_eq!(read(&path), now, "{} changed; an event that was stored must stay as it is", path.display());
            assert_eq!(load::<A>(&path), now, "{} loads as something else", path.display());
        } else {
            write(&path, &now);
            written.push(path.display().to_string());
        }
    }
    assert!(written.is_empty(), "new golden files to look at and commit: {}", written.join(", "));
    files_of::<A>(dir).iter().for_each(|path| assert_eq!(load::<A>(path)["type"], read(path)["type"], "{}", path.display()));
}

/// The stored event, loaded and written again.
fn load<A: Aggregate>(path: &Path) -> Value {
    match serde_json::from_value::<A::Event>(read(path)) {
        Ok(event) => to_value::<A>("loaded", &event),
        Err(error) => panic!("{} no longer loads: {error}", path.display()),
    }
}

fn to_value<A: Aggregate>(name: &str, event: &A::Event) -> Value {
    serde_json::to_value(event).unwrap_or_else(|error| panic!("{} {name} cannot be written as JSON: {error}", A::KIND))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, value: &Value) {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, format!("{value:#}\n")));
    assert!(written.is_ok(), "{}: {written:?}", path.display());
}

fn files_of<A: Aggregate>(dir: &Path) -> Vec<PathBuf> {
    let prefix = format!("{}.", A::KIND);
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_golden =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&prefix));
    paths.filter(is_golden).collect()
}
