//! Bytes to a port and back, for what no HTTP client would send.

use std::net::SocketAddr;
use std::time::Duration;

use haat_transport::{Network, Tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Enough for the slowest answer; a connection that is kept open is left after it.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Exchange {
    pub status: u16,
    pub text: String,
    /// Whether the server closed the connection.
    pub is_closed: bool,
}

/// Sends bytes and reads until the server closes, or has nothing more to say.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Exchange {
    let mut io = Tcp.connect(&address.ip().to_string(), address.port()).await.unwrap();
    // A server that has heard enough closes while we speak.
    let _ = io.write_all(request).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, io.read_to_end(&mut answer)).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Exchange { status, text, is_closed: read.is_ok() }
}
