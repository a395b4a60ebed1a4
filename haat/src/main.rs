//! The one binary of Haat. `haat up` runs the whole platform on this machine; `haat run` runs one service of it; the other
//! commands look at what is there.

mod admin;
mod certs;
mod check;
mod cli;
mod client;
mod demo;
mod events;
mod layout;
mod plan;
mod roster;
mod run;
mod terminal;
mod up;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let command = cli::Cli::parse().command;
    let ended = match command {
        cli::Command::Up(arguments) => up::up(arguments).await.map(|()| ExitCode::SUCCESS),
        cli::Command::Run(arguments) => run::run(arguments).await.map(|()| ExitCode::SUCCESS),
        cli::Command::Check(arguments) => check::check(&arguments.data).await,
        cli::Command::Events(arguments) => events::events(&arguments).await.map(|()| ExitCode::SUCCESS),
        cli::Command::Admin(cli::Admin::Create(arguments)) => admin::create(arguments).await.map(|()| ExitCode::SUCCESS),
        cli::Command::Certs(cli::Certs::Issue(arguments)) => certs::issue(&arguments).map(|()| ExitCode::SUCCESS),
    };
    ended.unwrap_or_else(|error| {
        terminal::complain(&error);
        ExitCode::FAILURE
    })
}
