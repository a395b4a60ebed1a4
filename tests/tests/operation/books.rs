//! The books are watched while the platform runs: silent through crashes as long as they hold, and loud within seconds when
//! somebody has changed a database behind a service's back. What the alerts ask about is there.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{join, join_all};
use haat_tests::market::{Market, text, unique_email};
use haat_tests::platform::signal_process;
use haat_tests::purchase::{checkout, ready_cart, settled};
use haat_tests::{Client, Options, Platform, until};
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;

const ALERTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/prometheus/alerts.yaml");
/// Each looks through its books every few seconds.
const SEEN_SECONDS: u64 = 90;
const VIOLATIONS: &str = "haat_books_violations";
const KEEPERS: [&str; 5] = ["payments", "inventory", "pricing", "orders", "checkout"];

/// What a service says of its books once it has looked through all of them after `since`.
async fn violations(platform: &Platform, service: &str, since: u64) -> u64 {
    until(SEEN_SECONDS, &format!("the books of {service}"), async || {
        let swept = platform.figure(service, "haat_books_swept_timestamp_seconds").await?;
        (swept > since).then_some(())?;
        platform.figure(service, VIOLATIONS).await
    })
    .await
}

fn now() -> u64 {
    u64::try_from(haat_kernel::Clock::System.now().as_second()).unwrap()
}

/// Changes one state of a kind in a service's database, as no service ever would.
fn tamper(platform: &Platform, service: &str, kind: &str, [from, to]: [&str; 2]) {
    let connection = Connection::open(platform.data().join(service).join("store.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let sql = "UPDATE aggregates SET state = replace(state, ?2, ?3) WHERE rowid =
               (SELECT min(rowid) FROM aggregates WHERE kind = ?1 AND instr(state, ?2))";
    assert_eq!(connection.execute(sql, [kind, from, to]).unwrap(), 1, "{kind} {from}");
}

#[tokio::test]
async fn books_are_watched_through_crashes_and_damage() {
    let platform = Platform::start(Options { demo: Some(4) }).await;
    every_alert_asks_about_something_that_is_there(&platform).await;
    let market = Market::of(&platform);
    let offer = market.seller().await.sell("Watched watch", 10_000, 100).await;
    let carts = join_all((0..6).map(|_| async { ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await })).await;
    let begun = join_all(carts.iter().map(|cart| async { checkout(&market.client, &text(cart, "id"), "tok_ok").await }));
    let crash = async {
        for name in ["inventory", "payments", "orders"] {
            signal_process(platform.process(name).pid, Signal::KILL);
        }
    };
    // What was begun before is finished afterwards; what came too late is refused.
    let (begun, ()) = join(begun, crash).await;
    for started in begun.into_iter().filter(|answer| answer.status == 200) {
        settled(&market.client, &text(&started.json(), "id"), SEEN_SECONDS).await;
    }
    platform.assert_balanced();
    let since = now();
    for name in KEEPERS {
        assert_eq!(violations(&platform, name, since).await, 0, "{name}");
    }
    let (code, said) = platform.check_with(&["--deep"]);
    assert_eq!(code, Some(0), "{said}");

    // A piece that is on hand by the state and by no event: the state in itself is as good as any other.
    tamper(&platform, "inventory", "stock", ["\"on_hand\":100,", "\"on_hand\":101,"]);
    tamper(&platform, "payments", "ledger_transaction", ["\"amount\":-", "\"amount\":-1"]);
    for name in ["inventory", "payments"] {
        until(SEEN_SECONDS, &format!("{name} to see it"), async || {
            platform.figure(name, VIOLATIONS).await.filter(|count| *count > 0)
        })
        .await;
    }
    let told = told(&market.operator().await, "payments").await;
    assert!(told.contains("ledger_transaction") && told.contains("does not sum to zero"), "{told}");
    let (code, said) = platform.check_with(&["--deep"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does not sum to zero") && said.contains("is not what its events add up to"), "{said}");
}

/// What operators read of a service's books.
async fn told(operator: &Client, service: &str) -> String {
    until(SEEN_SECONDS, "operators to be told", async || {
        let services = operator.get("/v1/operations/services").await.expect(200);
        let service = services["services"].as_array()?.iter().find(|one| one["name"] == service)?.clone();
        let lines: &Value = &service["instances"][0]["books"]["lines"];
        lines.as_array().is_some_and(|lines| !lines.is_empty()).then(|| lines.to_string())
    })
    .await
}

async fn every_alert_asks_about_something_that_is_there(platform: &Platform) {
    let rules = std::fs::read_to_string(ALERTS).unwrap();
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let wanted: BTreeSet<&str> = words.filter(|word| word.starts_with("haat_")).collect();
    assert!(wanted.len() > 8, "{wanted:?}");
    until(SEEN_SECONDS, "every metric that an alert asks about", async || {
        let processes = platform.processes();
        let names = processes.as_object()?.keys();
        let texts: Vec<String> = join_all(names.map(|name| platform.metrics(name))).await.into_iter().flatten().collect();
        let is_there = |name: &str| texts.iter().any(|text| text.lines().any(|line| is_of(line, name)));
        wanted.iter().all(|name| is_there(name)).then_some(())
    })
    .await;
}

/// Whether a line of a scrape is a value of this metric.
fn is_of(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
}
