//! Disks without room, and disks that may only be read: each of four services has a small file system of its own.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use haat_tests::crowd::Crowd;
use haat_tests::platform::{data_in, new_folder, signal_process};
use haat_tests::{Options, Platform, Surroundings, until};
use rustix::process::Signal;

use crate::machine;

pub const SERVICES: [&str; 4] = ["checkout", "payments", "inventory", "orders"];
/// What the store says when a commit fails.
pub const COMMIT_FAILED: &str = "the store could not commit";
const NOT_WRITABLE: &str = "Read-only file system";
const STRUCK_SECONDS: u64 = 60;

/// A platform whose [`SERVICES`] have disks of their own; none where nothing can be mounted.
async fn platform(fault: &str) -> Option<Platform> {
    if !machine::mounts(fault) {
        return None;
    }
    let folder = new_folder();
    for name in SERVICES {
        let disk = data_in(&folder).join(name);
        std::fs::create_dir_all(&disk).unwrap();
        machine::run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(disk));
    }
    Some(Platform::start_in(folder, Options { demo: Some(2) }, Surroundings::default()).await)
}

/// How often a process has logged these words.
pub fn logged(platform: &Platform, name: &str, words: &str) -> usize {
    platform.log(name).matches(words).count()
}

/// Does something to a service until it has logged the words, some times more than before.
pub async fn await_logged(platform: &Platform, name: &str, words: &str, times: usize) {
    let before = logged(platform, name, words);
    until(STRUCK_SECONDS, &format!("{name}: {words}"), async || (logged(platform, name, words) >= before + times).then_some(()))
        .await;
}

/// Takes all the room that is left.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = File::create(&path).unwrap();
    for piece in [1 << 20, 1 << 10, 1] {
        let piece = vec![0; piece];
        while file.write_all(&piece).is_ok() {}
    }
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_goes_on_once_there_is_room() {
    let Some(platform) = platform("a-full-disk").await else { return };
    let crowd = Crowd::of(&platform).await;
    let mut bought = Vec::new();
    for name in SERVICES {
        let full = async || {
            let filler = fill(&platform.data().join(name));
            await_logged(&platform, name, COMMIT_FAILED, 3).await;
            std::fs::remove_file(filler).unwrap();
        };
        bought.extend(crowd.buy_while(full).await);
    }
    crowd.assert_as_promised(&bought).await;
    crowd.assert_polite();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_on_a_read_only_disk_starts_once_it_can_write() {
    let Some(platform) = platform("a-read-only-disk").await else { return };
    let crowd = Crowd::of(&platform).await;
    let mut bought = Vec::new();
    for name in SERVICES {
        let read_only = async || {
            let disk = platform.data().join(name);
            // The same disk in front of itself: whoever has it open goes on, and is ended; whoever comes next cannot write.
            machine::run(Command::new("mount").args(["--bind"]).arg(&disk).arg(&disk));
            machine::run(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&disk));
            signal_process(platform.process(name).pid, Signal::KILL);
            await_logged(&platform, name, NOT_WRITABLE, 2).await;
            machine::run(Command::new("umount").arg("--lazy").arg(&disk));
        };
        bought.extend(crowd.buy_while(read_only).await);
    }
    crowd.assert_as_promised(&bought).await;
    crowd.assert_polite();
}
