//! The program: reads the command line, starts a runtime that fits the command, and ends with its exit code.
//! `main.rs` adds the allocator.

use std::process::ExitCode;

use clap::Parser;
use haat_kernel::{Error, Result};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Admin, Certs, Cli, Command};
use crate::{admin, certs, check, events, run, terminal, up};

pub fn main() -> ExitCode {
    keep_small();
    let command = Cli::parse().command;
    let ended = runtime(&command).and_then(|runtime| runtime.block_on(perform(command)));
    ended.unwrap_or_else(|error| {
        terminal::complain(&error);
        ExitCode::FAILURE
    })
}

async fn perform(command: Command) -> Result<ExitCode> {
    match command {
        Command::Up(arguments) => up::up(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Run(arguments) => run::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Check(arguments) => check::check(&arguments.data, arguments.depth()).await,
        Command::Events(arguments) => events::events(&arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Admin(Admin::Create(arguments)) => admin::create(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Certs(Certs::Issue(arguments)) => certs::issue(&arguments).map(|()| ExitCode::SUCCESS),
    }
}

/// Services run on as many threads as they are told to; everything else on one for each core. A process with one thread takes
/// less memory and never has to wake another.
fn runtime(command: &Command) -> Result<Runtime> {
    let threads = if let Command::Run(arguments) = command { arguments.threads } else { None };
    let mut builder = match threads {
        Some(1) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if let Some(threads) = threads.filter(|threads| *threads > 1) {
        builder.worker_threads(threads);
    }
    builder.enable_all().build().map_err(Error::internal)
}

/// Every service is a process of its own, and most need a few MB: of huge pages the allocator's reserve alone would take 20.
/// Child processes inherit it.
fn keep_small() {
    // A kernel that has no such setting has no such pages.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
