//! Clocks that jump under running processes, all at once, as those of a laptop that slept or of a machine that was set right:
//! past the end of tokens and reservations, past the end of every certificate, and back.

use std::path::{Path, PathBuf};

use haat_tests::crowd::Crowd;
use haat_tests::platform::{new_folder, signal_process};
use haat_tests::{Options, Platform, Surroundings};
use rustix::process::Signal;

use crate::machine;

/// A platform whose wall clock is off by what a file says; its monotonic clock goes on. None without libfaketime.
async fn platform(fault: &str) -> Option<(Platform, PathBuf)> {
    let library = machine::fake_time(fault)?;
    let folder = new_folder();
    let offset = folder.path().join("clock");
    set(&offset, "+0");
    let environment = [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", offset.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("NO_FAKE_STAT", "1".to_owned()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
    let surroundings = Surroundings { environment, ..Surroundings::default() };
    Some((Platform::start_in(folder, Options { demo: Some(2) }, surroundings).await, offset))
}

fn set(file: &Path, offset: &str) {
    std::fs::write(file, offset).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_may_jump() {
    let Some((platform, clock)) = platform("clock-jumps").await else { return };
    let crowd = Crowd::of(&platform).await.of_guests();
    // New connections are needed, with certificates that are good at that time.
    let shake = || signal_process(platform.process("payments").pid, Signal::KILL);
    let mut bought = Vec::new();
    for offset in ["+1200", "+1180", "+10800", "+10780"] {
        let jump = async || {
            set(&clock, offset);
            shake();
        };
        bought.extend(crowd.buy_while(jump).await);
    }
    crowd.assert_sound(&bought).await;
    // By hours, and all certificates are from the future. What waited for its time would wait for these hours: so not now.
    set(&clock, "+0");
    bought.extend(crowd.buy_while(async || shake()).await);
    crowd.assert_sound(&bought).await;
    crowd.assert_polite();
}
