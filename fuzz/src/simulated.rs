//! Where targets run what is asynchronous: one thread, time that jumps whenever nothing else is to be done, and a network
//! on which nobody is there. So a minute of waiting costs nothing, and the same bytes do the same each time.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use haat_kernel::Clock;
use haat_transport::{Acceptor, Io, Network};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// To be made within `block_on`, once for all inputs.
pub fn clock() -> Clock {
    Clock::simulated("2026-01-31T09:30:00Z".parse().expect("a time"), 0)
}

/// Refuses every connection.
pub struct Nobody;

#[async_trait]
impl Network for Nobody {
    async fn bind(&self, _: SocketAddr) -> io::Result<Box<dyn Acceptor>> {
        Err(io::ErrorKind::AddrNotAvailable.into())
    }

    async fn connect(&self, _: &str, _: u16) -> io::Result<Box<dyn Io>> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    fn is_simulated(&self) -> bool {
        true
    }
}
