//! Measures a platform of its own, started from the binary beside this one: what a request costs in CPU, process by
//! process, and how long it takes. Loopback only; every measurement is bounded in time and count. This process is the load
//! generator: it runs on one thread, and its own CPU is shown beside the platform's.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the terminal that it was started from")]

mod budgets;
mod client;
mod flash_sale;
mod load;
mod market;
mod measure;
mod overload;
mod page;
mod pages;
mod platform;
mod reservations;
mod scenarios;
mod schedule;
mod tally;
mod usage;
mod workers;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Errors are a text for a person; nobody tells them apart.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
#[command(about = "Measures the release build of Haat on this machine.")]
struct Arguments {
    /// Measure for a second instead of six
    #[arg(long)]
    quick: bool,
    /// Only this scenario; may be given several times
    #[arg(long, value_name = "NAME", value_parser = scenarios::NAMES)]
    only: Vec<String>,
    /// How many demo products there are
    #[arg(long, default_value_t = 10_000)]
    products: u32,
    /// How long each measurement lasts
    #[arg(long)]
    seconds: Option<u64>,
    /// The page whose measured part a complete run replaces
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

impl Arguments {
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 1 } else { 6 }))
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let conditions = page::Conditions::now(arguments.products, arguments.time())?;
    println!("Starting a platform with {} products …", arguments.products);
    let platform = platform::Platform::start(arguments.products).await?;
    let results = scenarios::run(&platform, arguments.products, arguments.time(), &|name| arguments.wants(name)).await?;
    let text = page::render(&conditions, &results);
    println!("\n{text}");
    match &arguments.page {
        Some(path) if arguments.only.is_empty() => page::replace(path, &text),
        _ => Ok(()),
    }
}
