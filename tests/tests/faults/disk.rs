//! Disks that fail: writes refused or cut short, an fsync that fails and takes along what it was for, and power cuts that
//! leave nothing but what an fsync has confirmed, or half of a write. `disk.c` plays the disk.

use std::path::PathBuf;

use haat_tests::crowd::Crowd;
use haat_tests::platform::{is_running, new_folder};
use haat_tests::{Options, Platform, Surroundings, until};

use crate::full::{COMMIT_FAILED, SERVICES, await_logged};
use crate::machine;

/// A platform on such disks, and the folder for orders to them; none without a compiler.
async fn platform(fault: &str) -> Option<(Platform, PathBuf)> {
    let library = machine::compiled(fault, "disk.c", &["-shared", "-fPIC"])?;
    let folder = new_folder();
    let orders = folder.path().join("disk");
    std::fs::create_dir(&orders).unwrap();
    let environment = [("LD_PRELOAD", &library), ("HAAT_DISK", &orders)];
    let environment = environment.map(|(name, path)| (name.to_owned(), path.display().to_string())).into();
    let surroundings = Surroundings { environment, ..Surroundings::default() };
    Some((Platform::start_in(folder, Options { demo: Some(2) }, surroundings).await, orders))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_disk_did_not_take_never_happened() {
    let Some((platform, orders)) = platform("a-failing-disk").await else { return };
    let crowd = Crowd::of(&platform).await;
    let mut bought = Vec::new();
    for (name, order) in [
        ("inventory", "fsync EIO"),
        ("orders", "write SHORT"),
        ("payments", "fsync EIO"),
        ("checkout", "write EIO"),
        ("orders", "fsync EIO"),
        ("inventory", "write EROFS"),
        ("checkout", "fsync EIO"),
        ("payments", "write ENOSPC"),
    ] {
        let failing = async || {
            std::fs::write(orders.join(name), order).unwrap();
            await_logged(&platform, name, COMMIT_FAILED, 3).await;
            std::fs::remove_file(orders.join(name)).unwrap();
        };
        bought.extend(crowd.buy_while(failing).await);
    }
    // What came after a failed fsync must have arrived for good.
    for name in SERVICES {
        bought.extend(crowd.buy_while(async || cut(&platform, &orders.join(name), name, "cut").await).await);
    }
    crowd.assert_as_promised(&bought).await;
    crowd.assert_polite();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_in_the_middle_of_a_write_leaves_what_was_answered() {
    let Some((platform, orders)) = platform("torn-writes").await else { return };
    let crowd = Crowd::of(&platform).await;
    let mut bought = Vec::new();
    for name in SERVICES {
        bought.extend(crowd.buy_while(async || cut(&platform, &orders.join(name), name, "cut torn").await).await);
    }
    crowd.assert_as_promised(&bought).await;
    crowd.assert_polite();
}

/// Cuts the power of a service's disk, and of the service.
async fn cut(platform: &Platform, file: &std::path::Path, name: &str, order: &str) {
    let pid = platform.process(name).pid;
    std::fs::write(file, order).unwrap();
    until(60, "the power cut", async || (!is_running(pid)).then_some(())).await;
    std::fs::remove_file(file).unwrap();
}
