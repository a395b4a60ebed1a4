//! Too few file descriptors for a service, too little memory to start one: what cannot be done is refused, said, and done
//! once it can.

use haat_tests::crowd::Crowd;
use haat_tests::platform::signal_process;
use haat_tests::{Options, Platform, until};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};

use crate::full::{SERVICES, await_logged};

/// Fewer than any service has open: it keeps those, and gets no more.
const FILES: u64 = 8;
/// Less than any process has: it keeps that, and gets no more, not even for a child.
const MEMORY: u64 = 1 << 20;

/// None is no limit.
fn limit(pid: u32, resource: Resource, current: Option<u64>) {
    let limit = Rlimit { current, maximum: getrlimit(resource).maximum };
    // It may have ended this very moment.
    let _ = prlimit(Pid::from_raw(i32::try_from(pid).unwrap()), resource, limit);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_file_descriptors_refuses_and_recovers() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    let crowd = Crowd::of(&platform).await;
    let mut bought = Vec::new();
    for name in SERVICES {
        let starved = async || {
            let pid = platform.process(name).pid;
            limit(pid, Resource::Nofile, Some(FILES));
            // Those who had connections need new ones.
            let caller = if name == "checkout" { "gateway" } else { "checkout" };
            signal_process(platform.process(caller).pid, Signal::KILL);
            await_logged(&platform, name, "could not be accepted", 1).await;
            limit(pid, Resource::Nofile, getrlimit(Resource::Nofile).current);
        };
        bought.extend(crowd.buy_while(starved).await);
    }
    crowd.assert_as_promised(&bought).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_for_which_there_is_no_memory_starts_once_there_is() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    let crowd = Crowd::of(&platform).await;
    let mut bought = Vec::new();
    for name in ["payments", "orders"] {
        let starved = async || {
            limit(platform.pid(), Resource::As, Some(MEMORY));
            signal_process(platform.process(name).pid, Signal::KILL);
            let complaint = format!("{name} could not be started");
            until(60, &complaint, async || platform.printed().contains(&complaint).then_some(())).await;
            limit(platform.pid(), Resource::As, getrlimit(Resource::As).current);
        };
        bought.extend(crowd.buy_while(starved).await);
    }
    crowd.assert_as_promised(&bought).await;
    crowd.assert_polite();
}
