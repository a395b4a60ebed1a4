//! `kill -9`, of each process in turn, of all at once, and of `haat up` itself, in the middle of checkouts.

use haat_tests::crowd::{CHECKOUTS, Crowd, HEALED};
use haat_tests::platform::{is_running, signal_process};
use haat_tests::{Options, Platform, until};
use rustix::process::Signal;

async fn await_restarted(platform: &Platform, name: &str, old: u32) {
    until(HEALED, name, async || {
        let pid = platform.processes()[name]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok())?;
        (pid != old && is_running(pid)).then_some(())
    })
    .await;
}

async fn platform() -> &'static Platform {
    static PLATFORM: tokio::sync::OnceCell<Platform> = tokio::sync::OnceCell::const_new();
    PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(2) })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_process_may_be_killed_and_all_of_them() {
    let platform = platform().await;
    let crowd = Crowd::of(platform).await;
    let processes = platform.processes();
    let names: Vec<String> = processes.as_object().unwrap().keys().cloned().collect();
    let mut bought = Vec::new();
    for name in &names {
        let old = platform.process(name);
        bought.extend(crowd.buy_while(async || signal_process(old.pid, Signal::KILL)).await);
        await_restarted(platform, name, old.pid).await;
        assert!(platform.process(name).restarts > old.restarts);
    }
    let all: Vec<(&String, u32)> = names.iter().map(|name| (name, platform.process(name).pid)).collect();
    bought.extend(crowd.buy_while(async || all.iter().for_each(|(_, pid)| signal_process(*pid, Signal::KILL))).await);
    for (name, pid) in all {
        await_restarted(platform, name, pid).await;
    }
    assert_eq!(bought.len(), CHECKOUTS * (names.len() + 1));
    crowd.assert_as_promised(&bought).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haat_up_itself_may_be_killed() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    let crowd = Crowd::of(&platform).await;
    let bought = crowd
        .buy_while(async || {
            platform.signal(Signal::KILL);
            platform.ended(10).await;
            // At once, while the services of the first one are still ending.
            platform.start_again().await;
        })
        .await;
    crowd.assert_as_promised(&bought).await;
}
