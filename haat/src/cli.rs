//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use haat_service::Depth;

const THREADS_MAX: usize = 1_024;

#[derive(Parser)]
#[command(name = "haat", version, about = "A multi-seller marketplace platform")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the whole platform on this machine: every service a process, with its own database and identity
    Up(Up),
    /// Run one service, or several, of a platform that `haat up` has set up
    Run(Run),
    /// Check the books across all services: money, stock, coupons, checkouts. Exit code 0 balanced, 1 wrong, 2 cannot say yet
    Check(Check),
    /// Print a service's log of events, or that of one aggregate
    Events(Events),
    /// Manage people who run the platform
    #[command(subcommand)]
    Admin(Admin),
    /// Work with certificates
    #[command(subcommand)]
    Certs(Certs),
}

#[derive(Args)]
pub struct Check {
    /// The data folder
    #[arg(long, default_value = "./data")]
    pub data: PathBuf,
    /// Read every event, too: each state must be what its events add up to
    #[arg(long)]
    pub deep: bool,
}

impl Check {
    pub fn depth(&self) -> Depth {
        if self.deep { Depth::Events } else { Depth::States }
    }
}

#[derive(Args)]
pub struct Up {
    /// Where everything is kept
    #[arg(long, default_value = "./data")]
    pub data: PathBuf,
    /// Where the API is served over HTTPS
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
    /// Where the same API is served without TLS; a loopback address
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub http: SocketAddr,
    /// The address of this machine at which services listen for one another, over mutual TLS
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub inside: IpAddr,
    /// A service that is not started here but by `haat run NAME` on this data folder, and listens at this address. May be
    /// repeated
    #[arg(long, value_name = "NAME=IP:PORT", value_parser = elsewhere)]
    pub elsewhere: Vec<(String, SocketAddr)>,
    /// Create demo accounts and a demo catalogue of N products
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "500")]
    pub demo: Option<u32>,
    /// Send mail through this server (`smtp://user:password@host:port`); without it mail is written to DIR/mail. The
    /// address is kept in a file that only you can read
    #[arg(long, value_name = "URL")]
    pub smtp: Option<String>,
    /// Export traces over OTLP/gRPC to this collector (`http://host:4317`) instead of to the operations console
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
}

#[derive(Args)]
pub struct Run {
    /// The services: `orders`, `payments`, …
    #[arg(required = true)]
    pub services: Vec<String>,
    /// The data folder
    #[arg(long, default_value = "./data")]
    pub data: PathBuf,
    /// Log lines for people instead of JSON
    #[arg(long)]
    pub text_logs: bool,
    /// What to log, such as `info` or `haat_store=debug,info`
    #[arg(long, default_value = "info")]
    pub log: String,
    /// On so many threads, from 1 on; without it on one for each core
    #[arg(long, value_parser = threads)]
    pub threads: Option<usize>,
    /// Stop when standard input ends: when the supervisor is gone
    #[arg(long, hide = true)]
    pub supervised: bool,
}

fn threads(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=THREADS_MAX).contains(number));
    number.ok_or_else(|| format!("a number from 1 to {THREADS_MAX}"))
}

fn elsewhere(text: &str) -> Result<(String, SocketAddr), String> {
    let parts = text.split_once('=').and_then(|(name, address)| Some((name.to_owned(), address.parse().ok()?)));
    parts.ok_or_else(|| "a service and its address, such as `orders=10.0.0.2:7000`".to_owned())
}

#[derive(Args)]
pub struct Events {
    /// The service whose log it is
    pub service: String,
    /// Only the events of the aggregate with this id
    pub id: Option<String>,
    /// The data folder
    #[arg(long, default_value = "./data")]
    pub data: PathBuf,
}

#[derive(Subcommand)]
pub enum Admin {
    /// Create an operator, or give an existing person all operator scopes and a new password
    Create(CreateAdmin),
}

#[derive(Args)]
pub struct CreateAdmin {
    #[arg(long)]
    pub email: String,
    #[arg(long, default_value = "Operator")]
    pub display_name: String,
    /// A file with the password in its first line; without it one is made and printed once
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The data folder of a running platform
    #[arg(long, default_value = "./data")]
    pub data: PathBuf,
}

#[derive(Subcommand)]
pub enum Certs {
    /// Issue a certificate from the CA in a data folder of `haat up`, for tests
    Issue(Issue),
}

#[derive(Args)]
pub struct Issue {
    /// The data folder
    #[arg(long, default_value = "./data")]
    pub data: PathBuf,
    /// Who it is for: `spiffe://haat/NAME`
    #[arg(long, value_name = "URI")]
    pub identity: String,
    /// The folder for cert.pem, key.pem and ca.pem
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
}
