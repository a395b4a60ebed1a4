//! What a service tells the runtime of itself.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use haat_kernel::{Ctx, Result};
use haat_store::{Aggregate, DueTimer, Store, StoredEvent};
use http::{Request, Response};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::books::Books;
use crate::events::{FeedEvent, PublicEvent};
use crate::operations::Stuck;
use crate::platform::Platform;

/// A service: its name (as in `spiffe://haat/NAME`) and how it is put together.
#[derive(Clone, Copy)]
pub struct Definition {
    pub name: &'static str,
    pub(crate) wire: fn(&Platform) -> Result<Wiring>,
    books: fn() -> Books,
    pub(crate) accepts_unenrolled: bool,
}

impl Definition {
    pub const fn new(name: &'static str, wire: fn(&Platform) -> Result<Wiring>) -> Self {
        Definition { name, wire, books: Books::new, accepts_unenrolled: false }
    }

    /// What always holds of what the service keeps.
    #[must_use]
    pub const fn keeping(self, books: fn() -> Books) -> Self {
        Definition { books, ..self }
    }

    pub fn books(&self) -> Books {
        (self.books)()
    }

    /// Clients may connect without a certificate: the authority's enrolment. What they may call, the contract says.
    #[must_use]
    pub const fn accepting_unenrolled(self) -> Self {
        Definition { accepts_unenrolled: true, ..self }
    }
}

/// Which private events become public, and what they then say.
#[async_trait]
pub trait Publisher: Send + Sync + 'static {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>>;
}

/// What happens here when another service's event arrives. Makes at most one commit with `ctx`, which carries the
/// feed's cursor, so that the event takes effect once. It may be called again for the same event.
#[async_trait]
pub trait Reaction: Send + Sync + 'static {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()>;
}

/// What happens when a timer of an aggregate is due. Must leave the aggregate in a state that no longer wants this timer,
/// or wants it later; until then it is called again every second or so.
#[async_trait]
pub trait OnTimer: Send + Sync + 'static {
    async fn on_timer(&self, ctx: Ctx, timer: DueTimer) -> Result<()>;
}

/// Work on all aggregates of a kind.
pub(crate) type Upkeep = fn(Store) -> BoxFuture<'static, Result<()>>;
pub(crate) type Task = Pin<Box<dyn Future<Output = Result<()>> + Send>>;
pub(crate) type Listening = Box<dyn FnOnce(watch::Receiver<bool>) -> Task + Send>;

/// A server of calls that no generated server takes.
pub(crate) type Rest = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// A service put together.
#[derive(Default)]
pub struct Wiring {
    pub(crate) routes: RoutesBuilder,
    pub(crate) rest: Option<Rest>,
    pub(crate) publisher: Option<Arc<dyn Publisher>>,
    pub(crate) reactions: Vec<(&'static str, Arc<dyn Reaction>)>,
    pub(crate) timers: BTreeMap<&'static str, Arc<dyn OnTimer>>,
    pub(crate) rebuilds: Vec<Upkeep>,
    pub(crate) retentions: Vec<Upkeep>,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) stuck: Vec<Arc<dyn Stuck>>,
    pub(crate) tasks: Vec<(&'static str, Task)>,
    pub(crate) listeners: Vec<(&'static str, Listening)>,
}

impl Wiring {
    pub fn new() -> Self {
        Wiring::default()
    }

    /// Declares a kind of aggregate, so that its keys and timers are rebuilt when its schema has moved on, and those that are
    /// not kept for ever are forgotten in time.
    #[must_use]
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.kinds.push(A::KIND);
        self.rebuilds.push(|store| Box::pin(async move { store.rebuild::<A>().await.map(|_| ()) }));
        if A::keep_for_s().is_some() {
            self.retentions.push(|store| Box::pin(async move { store.forget_expired::<A>().await.map(|_| ()) }));
        }
        self
    }

    /// Serves a contract: a server that tonic generated, with its handlers.
    #[must_use]
    pub fn serve<S>(mut self, server: S) -> Self
    where
        S: Service<Request<Body>, Error = Infallible, Response = Response<Body>> + NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.routes.add_service(server);
        self
    }

    /// Serves all calls that no other server takes, whatever their contract: the gateway's pass-through.
    #[must_use]
    pub fn serve_rest<S>(mut self, server: S) -> Self
    where
        S: Service<Request<Body>, Error = Infallible, Response = Response<Body>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.rest = Some(BoxCloneSyncService::new(server));
        self
    }

    #[must_use]
    pub fn publish(mut self, publisher: impl Publisher) -> Self {
        self.publisher = Some(Arc::new(publisher));
        self
    }

    #[must_use]
    pub fn react(mut self, source: &'static str, reaction: impl Reaction) -> Self {
        self.reactions.push((source, Arc::new(reaction)));
        self
    }

    #[must_use]
    pub fn on_timer<A: Aggregate>(mut self, handler: impl OnTimer) -> Self {
        self.timers.insert(A::KIND, Arc::new(handler));
        self
    }

    /// Names work of the service's own that may wait for a person, so that operators see it and act on it.
    #[must_use]
    pub fn stuck(mut self, work: impl Stuck) -> Self {
        self.stuck.push(Arc::new(work));
        self
    }

    /// Work that goes on as long as the service runs. When it ends with an error, the service stops.
    #[must_use]
    pub fn task(mut self, name: &'static str, work: impl Future<Output = Result<()>> + Send + 'static) -> Self {
        self.tasks.push((name, Box::pin(work)));
        self
    }

    /// A listener of the service's own, such as the public one: work that ends by itself, with what it has begun, once the
    /// watch says that the service stops. It has as long as the drain.
    #[must_use]
    pub fn listen<F>(mut self, name: &'static str, work: impl FnOnce(watch::Receiver<bool>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.listeners.push((name, Box::new(|stopping| Box::pin(work(stopping)))));
        self
    }
}
