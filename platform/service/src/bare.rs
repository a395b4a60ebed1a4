//! A service's handlers without the runtime around them: no listener, no guard, no feeds, timers or tasks. For tests that
//! hand a service bytes of their own; whoever calls says what the guard would have found out.

use haat_kernel::{Ctx, Error, Result};
use http::{Request, Response};
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt;

use crate::definition::Definition;
use crate::platform::Platform;

#[derive(Clone)]
pub struct Bare(Routes);

impl Bare {
    pub fn new(definition: Definition, platform: &Platform) -> Result<Self> {
        Ok(Bare((definition.wire)(platform)?.routes.routes()))
    }

    /// `request` as it comes over the wire: a gRPC path and a framed message.
    pub async fn call(&self, ctx: Ctx, mut request: Request<Body>) -> Result<Response<Body>> {
        request.extensions_mut().insert(ctx);
        let routes = self.0.clone().prepare();
        routes.oneshot(request).await.map_err(Error::internal)
    }
}
