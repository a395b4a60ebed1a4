//! Measures durable commits on this machine: `cargo run --release -p haat-store --example commit_rate [folder]`.
//! Each commit is one event on an order of its client, with a secondary key that moves.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use haat_kernel::{Clock, CorrelationId, Ctx, Error, Principal, spawn};
use haat_store::{Aggregate, Key, Store};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

const MEASURED: Duration = Duration::from_secs(3);
/// Commits to one order before the client begins the next.
const COMMITS_PER_ORDER: u64 = 8;

#[derive(Clone, Serialize, Deserialize)]
struct Order {
    buyer: String,
    lines: Vec<Line>,
    moves: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Line {
    offer: String,
    title: String,
    quantity: u32,
    amount: i64,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OrderEvent {
    Placed { buyer: String, lines: Vec<Line> },
    Moved { reason: String },
}

impl Aggregate for Order {
    const KIND: &'static str = "order";
    const SCHEMA: u32 = 1;
    type Event = OrderEvent;

    fn create(event: &OrderEvent) -> Option<Self> {
        let OrderEvent::Placed { buyer, lines } = event else { return None };
        Some(Order { buyer: buyer.clone(), lines: lines.clone(), moves: 0 })
    }

    fn apply(&mut self, event: &OrderEvent) {
        self.moves += u64::from(matches!(event, OrderEvent::Moved { .. }));
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key::plain("buyer", &self.buyer, format!("{:06}", self.moves / 4))]
    }
}

fn decide(order: Option<&Order>) -> Result<Vec<OrderEvent>, Error> {
    let line = |number| Line {
        offer: format!("offer_{number:026}"),
        title: "Blue kurta, hand-woven cotton, size M, three-quarter sleeves, mandarin collar".into(),
        quantity: 1,
        amount: 129_900,
    };
    Ok(vec![match order {
        None => OrderEvent::Placed { buyer: "user_01h455vb4pex5vsknk084sn02q".into(), lines: (0..6).map(line).collect() },
        Some(_) => OrderEvent::Moved { reason: "the parcel was handed to the carrier".into() },
    }])
}

async fn client(store: Store, number: usize, until: Instant, commits: Arc<AtomicU64>) -> Result<(), Error> {
    let correlation = CorrelationId::parse("commit-rate").ok_or_else(|| Error::internal("correlation id"))?;
    let ctx = Ctx::new(Principal::user("user_01h455vb4pex5vsknk084sn02q", &[]), correlation, Clock::System.now());
    for turn in 0.. {
        if Instant::now() >= until {
            break;
        }
        let id = format!("order_{:020}{number:06}", turn / COMMITS_PER_ORDER);
        store.update(&ctx, &id, decide).await?;
        commits.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn measure(folder: &std::path::Path, clients: usize) -> Result<String, Error> {
    let path = folder.join(format!("commit_rate_{clients}.db"));
    let store = Store::open_sqlite(&path, Clock::System)?;
    let commits = Arc::new(AtomicU64::new(0));
    let until = Instant::now() + MEASURED;
    let tasks: Vec<_> =
        (0..clients).map(|number| spawn("client", client(store.clone(), number, until, Arc::clone(&commits)))).collect();
    for task in tasks {
        task.await.map_err(Error::internal)??;
    }
    let stats = store.stats();
    let groups = stats.batches_total.load(Ordering::Relaxed).max(1);
    let micros = stats.commit_micros_total.load(Ordering::Relaxed) / groups;
    let total = commits.load(Ordering::Relaxed);
    let rate = total / MEASURED.as_secs();
    drop(store);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        // Some of them are not there.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
    Ok(format!("{rate:>6} commits/s, {:.1} to a group, {micros} µs a group", total as f64 / groups as f64))
}

#[tokio::main(worker_threads = 2)]
async fn main() -> std::process::ExitCode {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    for clients in [1, 16, 64] {
        let line = match measure(&folder, clients).await {
            Ok(outcome) => format!("{clients:>3} clients: {outcome}"),
            Err(error) => format!("{clients:>3} clients: {error}"),
        };
        if writeln!(std::io::stdout(), "{line}").is_err() {
            return std::process::ExitCode::FAILURE;
        }
    }
    std::process::ExitCode::SUCCESS
}
