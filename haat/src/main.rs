//! The one binary of Haat. `haat up` runs the whole platform on this machine; `haat run` runs one service of it; the other
//! commands look at what is there.

use std::process::ExitCode;

use clap::Parser;
use haat::cli::{Admin, Certs, Cli, Command};
use haat::{admin, certs, check, events, run, terminal, up};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Up(arguments) => up::up(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Run(arguments) => run::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Check(arguments) => check::check(&arguments.data).await,
        Command::Events(arguments) => events::events(&arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Admin(Admin::Create(arguments)) => admin::create(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Certs(Certs::Issue(arguments)) => certs::issue(&arguments).map(|()| ExitCode::SUCCESS),
    };
    ended.unwrap_or_else(|error| {
        terminal::complain(&error);
        ExitCode::FAILURE
    })
}
