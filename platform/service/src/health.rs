//! Health and metrics on loopback, in plain HTTP: `/healthz` (the process answers), `/readyz` (it is of use), `/metrics`.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use haat_kernel::{Error, Result};
use haat_telemetry::Metrics;
use haat_transport::{Listener, Network, Security};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;

pub(crate) async fn serve(network: &dyn Network, addr: SocketAddr, metrics: Metrics, ready: watch::Receiver<bool>) -> Result<()> {
    let listener = Listener::bind(network, addr, Security::Plain).await;
    let mut connections = listener.map_err(|e| Error::internal(format!("health at {addr}: {e}")))?.incoming();
    while let Some(connection) = connections.accept().await {
        let (metrics, ready) = (metrics.clone(), ready.clone());
        haat_kernel::spawn("health.connection", async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let response = answer(request.uri().path(), &metrics, *ready.borrow());
                async move { Ok::<_, Infallible>(response) }
            });
            // A client that breaks off concerns nobody else.
            let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(connection), answer).await;
        });
    }
    Ok(())
}

fn answer(path: &str, metrics: &Metrics, is_ready: bool) -> Response<Full<Bytes>> {
    let (status, text) = match path {
        "/healthz" => (StatusCode::OK, "ok\n".to_owned()),
        "/readyz" if is_ready => (StatusCode::OK, "ready\n".to_owned()),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned()),
        "/metrics" => (StatusCode::OK, metrics.text()),
        _ => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
}
