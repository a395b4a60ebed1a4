//! The two functions that services write: `call` around a handler, `send` around a call to a neighbour.

use std::future::Future;

use haat_kernel::{Ctx, Error, Result};
use tonic::{Request, Response, Status};

use crate::metadata;

/// Runs a handler: hands it the context that the guard established and the message, and turns its outcome into gRPC's.
pub async fn call<Req, Rep, F>(
    request: Request<Req>,
    handler: impl FnOnce(Ctx, Req) -> F,
) -> std::result::Result<Response<Rep>, Status>
where
    F: Future<Output = Result<Rep>>,
{
    let (_, mut extensions, message) = request.into_parts();
    let Some(ctx) = extensions.remove::<Ctx>() else {
        return Err(crate::status(&Error::internal("a call reached its handler past the guard")));
    };
    handler(ctx, message).await.map(Response::new).map_err(|error| crate::status(&error))
}

/// Calls a neighbour on behalf of `ctx`: its principal, correlation, trace, deadline and idempotency key go along.
pub async fn send<Req, Rep, F>(ctx: &Ctx, message: Req, call: impl FnOnce(Request<Req>) -> F) -> Result<Rep>
where
    F: Future<Output = std::result::Result<Response<Rep>, Status>>,
{
    let response = call(metadata::request_with(ctx, message)).await.map_err(|status| crate::error(&status))?;
    Ok(response.into_inner())
}
