//! The public listeners: HTTP/1.1 and HTTP/2 over connections of the platform's transport, each connection in a task of
//! its own, with limits on what it may send, hold open, and keep waiting. On stop, what runs is finished.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use haat_transport::{Connection, Listener};
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::admission::{AmbiguousFraming, HEADER_BYTES_MAX, PATH_BYTES_MAX};
use crate::answer::Answer;
use crate::framing::Framed;
use crate::gateway::{Client, Gateway};
use crate::refusal::{Refusals, Refusing};

/// Without any request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// After the wish to close, for the client to agree.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
const STREAMS_MAX: u32 = 256;
/// Up to here the client gets a 431 in words; beyond, the connection ends.
const HEADER_LIST_BYTES_MAX: u32 = 256 << 10;
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until `stopping` says so, and then until every connection has finished what it does. On a plain listener
/// (`is_plain`) loopback clients are exempt from limits per address.
pub async fn serve(gateway: Arc<Gateway>, listener: Listener, is_plain: bool, mut stopping: watch::Receiver<bool>) {
    let builder = Arc::new(builder());
    let refusals = Arc::new(Refusals { clock: gateway.clock, entropy: gateway.entropy.clone() });
    let (alive, mut all_gone) = mpsc::channel::<Infallible>(1);
    let mut incoming = listener.incoming();
    gateway.readiness.opened();
    loop {
        let connection = tokio::select! {
            connection = incoming.accept() => connection,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => None,
        };
        let Some(connection) = connection else { break };
        let addr = connection.peer().addr.ip();
        let client = Client { addr, is_exempt: is_plain && addr.is_loopback(), is_secure: !is_plain };
        let connection = Refusing::new(connection, refusals.clone());
        let serving = serve_connection(gateway.clone(), builder.clone(), connection, client, stopping.clone());
        let alive = alive.clone();
        haat_kernel::spawn("edge.connection", async move {
            serving.await;
            drop(alive);
        });
    }
    gateway.readiness.set(false);
    drop((incoming, alive));
    let _ = all_gone.recv().await;
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // `Framed` watches the time, and says so when it is over.
        .header_read_timeout(None)
        .max_buf_size(HEADER_BYTES_MAX + PATH_BYTES_MAX)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    builder
}

async fn serve_connection(
    gateway: Arc<Gateway>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    connection: Refusing<Connection>,
    client: Client,
    mut stopping: watch::Receiver<bool>,
) {
    let is_ambiguous = Arc::new(AtomicBool::new(false));
    let activity = Arc::new(Activity::default());
    let io = TokioIo::new(Framed::new(connection, is_ambiguous.clone()));
    let stopped = stopping.clone();
    let service = service_fn(|mut request: Request<Incoming>| {
        let running = activity.begin();
        if is_ambiguous.load(Ordering::Acquire) {
            request.extensions_mut().insert(AmbiguousFraming);
        }
        let (gateway, stopping) = (gateway.clone(), stopped.clone());
        async move {
            let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
            let answer = until_stop(gateway.handle(request, client).await, stopping);
            // The request is under way for as long as its answer is.
            Ok::<_, Infallible>(answer.map(|body| {
                body.map_frame(move |frame| {
                    let _ = &running;
                    frame
                })
            }))
        }
    });
    let mut serving = pin!(builder.serve_connection(io, service));
    let is_over = tokio::select! {
        // A client that breaks off concerns nobody else.
        _ = serving.as_mut() => true,
        () = activity.idle() => false,
        _ = stopping.wait_for(|is_stopping| *is_stopping) => false,
    };
    if !is_over {
        serving.as_mut().graceful_shutdown();
        tokio::select! {
            _ = serving => {}
            () = activity.quiet(CLOSE_TIMEOUT) => {}
        }
    }
}

/// An answer that follows what happens goes on as long as its visitor stays, but not beyond the gateway.
fn until_stop(answer: Answer, mut stopping: watch::Receiver<bool>) -> Answer {
    let is_live = answer.headers().get(CONTENT_TYPE).is_some_and(|value| value == "text/event-stream");
    if !is_live {
        return answer;
    }
    let stopped = async move {
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    };
    answer.map(|body| StreamBody::new(BodyStream::new(body).take_until(Box::pin(stopped))).boxed_unsync())
}

/// How busy a connection is.
struct Activity {
    running: AtomicUsize,
    /// When a request last began or ended.
    last: Mutex<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Activity { running: AtomicUsize::new(0), last: Mutex::new(Instant::now()) }
    }
}

impl Activity {
    fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::AcqRel);
        Running(self.clone())
    }

    fn idle(&self) -> impl Future<Output = ()> + '_ {
        self.quiet(IDLE_TIMEOUT)
    }

    /// Resolves once nothing has run for so long.
    async fn quiet(&self, time: Duration) {
        loop {
            let rested = if self.running.load(Ordering::Acquire) > 0 { Duration::ZERO } else { self.last.lock().elapsed() };
            if rested >= time {
                return;
            }
            sleep(time - rested).await;
        }
    }
}

/// A request under way.
struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.last.lock() = Instant::now();
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
