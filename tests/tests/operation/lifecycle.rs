//! Starting and stopping; every refusal to start says what is wrong and ends with a code that is not 0.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use haat_tests::binary::{haat, run, text as printed};
use haat_tests::market::{Market, text, unique_email};
use haat_tests::platform::{free_address, is_running};
use haat_tests::purchase::{buy, group};
use haat_tests::{Options, Platform, until};
use rustix::process::Signal;

const STOP_SECONDS: u64 = 20;

fn check(data: &Path) -> (Option<i32>, String) {
    let output = run(&["check", "--data", &data.display().to_string()]);
    (output.status.code(), printed(&output))
}

/// Runs a `haat up` that will not stay, and answers with its exit code and what it said.
async fn refused(data: &Path, listen: &str, http: &str) -> (i32, String) {
    let (data, listen, http) = (data.display().to_string(), listen.to_owned(), http.to_owned());
    let ended = haat_kernel::blocking(haat_kernel::Clock::System, move || {
        Command::new("timeout")
            .arg("90")
            .arg(haat())
            .args(["up", "--data", &data, "--listen", &listen, "--http", &http])
            .output()
            .unwrap()
    });
    let output = ended.await.unwrap();
    (output.status.code().unwrap_or(-1), printed(&output))
}

fn pids(platform: &Platform) -> Vec<u32> {
    let processes = platform.processes();
    processes.as_object().unwrap().values().map(|process| u32::try_from(process["pid"].as_u64().unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn a_platform_stops_in_time_keeps_everything_and_starts_again() {
    let platform = Platform::start(Options { demo: Some(3) }).await;
    let (email, done, total) = one_order(&platform).await;
    platform.assert_balanced();
    let pids = pids(&platform);
    assert_eq!(pids.len(), haat::roster::processes().len());

    platform.signal(Signal::TERM);
    let status = platform.ended(STOP_SECONDS).await;
    assert_eq!(status.code(), Some(0), "{}", platform.printed());
    assert!(!pids.iter().any(|pid| is_running(*pid)));
    let (code, said) = check(platform.data());
    assert_eq!(code, Some(0), "{said}");
    let events = run(&["events", "orders", "--data", &platform.data().display().to_string()]);
    assert!(events.status.success());
    assert!(printed(&events).contains(&text(&done, "orderGroupId")), "{}", printed(&events));

    platform.start_again().await;
    let again = group(&platform.client(), &done, &email).await;
    assert_eq!(again["total"], total);
    platform.assert_balanced();
}

async fn one_order(platform: &Platform) -> (String, serde_json::Value, serde_json::Value) {
    let market = Market::of(platform);
    let offer = market.seller().await.sell("Lasting lamp", 15_000, 3).await;
    let email = unique_email();
    let done = buy(&market.client, &[(&offer, 1)], &email, "tok_ok", 20).await;
    let group = group(&market.client, &done, &email).await;
    (email, done, group["total"].clone())
}

#[tokio::test]
async fn what_is_taken_is_named_and_nothing_is_left_running() {
    let platform = Platform::start(Options { demo: None }).await;
    let free = || free_address().to_string();
    let (code, said) = refused(platform.data(), &free(), &free()).await;
    assert!(
        code == 1 && said.contains("Another `haat up`") && said.contains(&platform.data().display().to_string()),
        "{code}: {said}"
    );
    assert_eq!(platform.client().get("/readyz").await.status, 200);

    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = refused(folder.path(), &address, &free()).await;
    assert!(code == 1 && said.contains(&address) && said.contains("--listen"), "{code}: {said}");
    let (code, said) = refused(folder.path(), &free(), &address).await;
    assert!(code == 1 && said.contains(&address) && said.contains("--http"), "{code}: {said}");
    let (code, said) = refused(folder.path(), &free(), "0.0.0.0:18080").await;
    assert!(code == 1 && said.contains("loopback"), "{code}: {said}");
}

#[tokio::test]
async fn a_broken_database_is_named_and_not_overwritten() {
    let platform = Platform::start(Options { demo: None }).await;
    platform.signal(Signal::TERM);
    platform.ended(STOP_SECONDS).await;
    let file = platform.data().join("orders").join("store.db");
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(file.with_file_name(format!("store.db{suffix}")));
    }
    let garbage = "this is no database, and it is long enough to look at ".repeat(200);
    std::fs::write(&file, &garbage).unwrap();
    let (code, said) = refused(platform.data(), &platform.https.to_string(), &platform.http.to_string()).await;
    assert!(code == 1 && said.contains("orders"), "{code}: {said}");
    assert!(said.contains("database"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), garbage);
    let (code, said) = check(platform.data());
    assert!(code.is_some_and(|code| code > 0), "{said}");
}

#[test]
fn tools_need_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    for arguments in
        [&["check", "--data", &data][..], &["events", "orders", "--data", &data], &["run", "orders", "--data", &data]]
    {
        let output = run(arguments);
        assert!(output.status.code().is_some_and(|code| code > 0), "{arguments:?}");
        assert!(printed(&output).contains("haat up"), "{arguments:?}: {}", printed(&output));
    }
}

#[tokio::test]
async fn the_first_operator_is_made_by_hand() {
    let platform = Platform::start(Options { demo: None }).await;
    assert!(!platform.data().join("demo.json").exists());
    let email = unique_email();
    let output = run(&["admin", "create", "--email", &email, "--data", &platform.data().display().to_string()]);
    assert!(output.status.success(), "{}", printed(&output));
    let said = printed(&output);
    let password = said.lines().find_map(|line| line.split_once("once: ")).unwrap().1.trim().to_owned();
    let operator = haat_tests::market::sign_in(&platform.client(), &email, &password).await;
    let me = operator.get("/v1/users/me").await.expect(200);
    assert!(me["roles"].as_array().unwrap().iter().any(|role| role == "operator"), "{me}");
}

#[tokio::test]
async fn readiness_says_when_a_service_is_missing_and_when_it_is_back() {
    let platform = Platform::start(Options { demo: None }).await;
    let client = platform.client();
    let old = platform.process("catalog");
    haat_tests::platform::signal_process(old.pid, Signal::KILL);
    until(30, "the service back", async || (platform.process("catalog").pid != old.pid).then_some(())).await;
    until(30, "answers again", async || (client.get("/v1/products:search").await.status == 200).then_some(())).await;
    assert_eq!(client.get("/readyz").await.status, 200);
    assert_eq!(client.get("/healthz").await.status, 200);
    assert_eq!(platform.process("catalog").restarts, 1);
}
