//! Asks a process over plain HTTP whether it is ready.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use haat_kernel::{Error, Result};
use haat_transport::{Network, Tcp};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, sleep, timeout};

const EVERY: Duration = Duration::from_millis(15);
const ONE_TRY: Duration = Duration::from_secs(2);

/// Asks until the answer is 200.
pub async fn await_ok(address: SocketAddr, path: &str, limit: Duration) -> Result<()> {
    let until = Instant::now() + limit;
    loop {
        let asked = timeout(ONE_TRY, ask(address, path)).await.unwrap_or_else(|_| Err(Error::unavailable("no answer")));
        let problem = match asked {
            Ok(StatusCode::OK) => return Ok(()),
            Ok(status) => format!("it answers {status}"),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= until {
            return Err(Error::unavailable(format!("not ready within {} s: {problem}", limit.as_secs())));
        }
        sleep(EVERY).await;
    }
}

async fn ask(address: SocketAddr, path: &str) -> Result<StatusCode> {
    let io = Tcp.connect(&address.ip().to_string(), address.port()).await.map_err(Error::unavailable)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io)).await.map_err(Error::unavailable)?;
    haat_kernel::spawn("probe", async move {
        // What goes wrong here shows in the answer that does not come.
        let _ = connection.await;
    });
    let request = Request::get(path).header("host", address.to_string()).body(Empty::<Bytes>::new()).map_err(Error::internal)?;
    Ok(sender.send_request(request).await.map_err(Error::unavailable)?.status())
}
