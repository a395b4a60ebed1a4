//! The project's own commands: `cargo xtask test` checks everything, `tidy` what the compiler does not know of, `bench`
//! measures, `equip` installs what tests need, and `new-service` lays out a service. Each command is a module with one public function.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the terminal that it was started from")]

mod bench;
mod equip;
mod fuzz;
mod new_service;
mod simulate;
mod skips;
mod test;
mod tidy;
mod tree;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The commands fail with a text for a person; nobody tells their errors apart.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's own commands.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks everything: format, tidiness, lints, and all tests.
    Test,
    /// Checks what the compiler does not know of: arrows between crates, sizes, opening comments, dependencies.
    Tidy {
        /// Writes the generated documents anew instead of comparing them.
        #[arg(long)]
        write: bool,
    },
    /// Builds for release and measures: requests, CPU, memory. `cargo xtask bench -- --help` lists the options.
    Bench {
        /// For the load generator: `--quick`, `--only NAME`, …
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Installs what the tests need beside Rust, unless it is there.
    Equip,
    /// Simulates market days with all that can go wrong, a seed each; or shows that deliberate bugs are found.
    Simulate(simulate::Options),
    /// Looks for bytes that break something: the gateway's translation and edge, calls, imports, stored events.
    Fuzz(fuzz::Options),
    /// Lays out a new service with one aggregate, and says what is left to do.
    NewService {
        /// As in `spiffe://haat/NAME`; usually a plural: `reviews`.
        name: String,
        /// What it keeps, one of it: `review`.
        #[arg(long)]
        aggregate: String,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test => test::run(),
        Command::Tidy { write } => tidy::run(write),
        Command::Bench { arguments } => bench::run(&arguments),
        Command::Equip => equip::run(),
        Command::Simulate(options) => simulate::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::NewService { name, aggregate } => new_service::run(&name, &aggregate),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
