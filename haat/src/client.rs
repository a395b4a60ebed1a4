//! The supervisor as a client of the services: its own identity, and the few calls that only it may make.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use haat_contracts::authority::CreateJoinTokenRequest;
use haat_contracts::authority::authority_client::AuthorityClient;
use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::catalog::{LoadDemoRequest, LoadDemoResponse};
use haat_contracts::operations::operations_client::OperationsClient;
use haat_contracts::operations::{AwaitBooksCheckRequest, Books, ReportBooksRequest};
use haat_contracts::pricing::pricing_client::PricingClient;
use haat_contracts::pricing::{Coupon, CreateCouponRequest};
use haat_contracts::users::sellers_client::SellersClient;
use haat_contracts::users::users_client::UsersClient;
use haat_contracts::users::{EnsureSellerRequest, EnsureUserRequest, Seller, User};
use haat_identity::LiveIdentity;
use haat_kernel::{Clock, Ctx, Entropy, Result};
use haat_rpc::Channel;
use haat_service::Environment;
use haat_store::{MemoryBackend, Store};
use haat_telemetry::Metrics;
use haat_transport::Tcp;

use crate::plan::Plan;
use crate::roster::{AUTHORITY, SUPERVISOR};
use crate::terminal::say;

#[derive(Clone)]
pub struct Supervisor {
    environment: Environment,
    authority: Channel,
    users: Channel,
    catalog: Channel,
    pricing: Channel,
    operations: Channel,
}

impl Supervisor {
    pub fn new(plan: &Plan, identity: LiveIdentity) -> Result<Self> {
        let clock = Clock::System;
        let environment = Environment {
            clock,
            entropy: Entropy::system(),
            network: Arc::new(Tcp),
            identity,
            // It keeps nothing of its own.
            store: Store::memory(clock, MemoryBackend::default()),
            metrics: Metrics::default(),
        };
        let endpoints = plan.endpoints();
        let channel = |name| environment.channel(name, &endpoints);
        Ok(Supervisor {
            authority: channel(AUTHORITY)?,
            users: channel("users")?,
            catalog: channel("catalog")?,
            pricing: channel("pricing")?,
            operations: channel("operations")?,
            environment: environment.clone(),
        })
    }

    /// Beside a platform that runs already: with a short-lived certificate straight from the CA's files, which only the
    /// owner of the data folder can read.
    pub fn beside(authority_folder: &Path, plan: &Plan) -> Result<Self> {
        let (clock, entropy) = (Clock::System, Entropy::system());
        Supervisor::new(plan, haat_authority::supervisor_identity(authority_folder, clock, &entropy)?)
    }

    /// Keeps its certificate fresh, for as long as the platform runs. After a clock that jumped it makes itself another from
    /// the CA's files, so that it can hand out join tokens to those who have lost theirs.
    pub async fn renew(self, authority_folder: PathBuf) -> Result<()> {
        let Environment { clock, entropy, identity, .. } = &self.environment;
        loop {
            // It tries for as long as the certificate is good, and a moment longer.
            if let Err(error) = haat_service::renew(SUPERVISOR, self.environment.clone(), self.authority.clone()).await {
                say(format!("The supervisor makes itself a new certificate: {error}"));
            }
            let fresh = haat_authority::supervisor_identity(&authority_folder, *clock, entropy);
            if let Err(error) = fresh.and_then(|fresh| identity.rotate(fresh.identity()).map_err(Into::into)) {
                say(format!("The supervisor has no certificate: {error}. Trying again."));
            }
        }
    }

    pub async fn join_token(&self, service: &str) -> Result<String> {
        let mut client = AuthorityClient::new(self.authority.clone());
        let request = CreateJoinTokenRequest { service: service.to_owned() };
        Ok(haat_rpc::send(&self.ctx(), request, |r| client.create_join_token(r)).await?.token)
    }

    pub async fn ensure_user(&self, request: EnsureUserRequest) -> Result<User> {
        let mut client = UsersClient::new(self.users.clone());
        haat_rpc::send(&self.ctx(), request, |r| client.ensure_user(r)).await
    }

    pub async fn ensure_seller(&self, request: EnsureSellerRequest) -> Result<Seller> {
        let mut client = SellersClient::new(self.users.clone());
        haat_rpc::send(&self.ctx(), request, |r| client.ensure_seller(r)).await
    }

    pub async fn create_coupon(&self, request: CreateCouponRequest) -> Result<Coupon> {
        let mut client = PricingClient::new(self.pricing.clone());
        haat_rpc::send(&self.ctx(), request, |r| client.create_coupon(r)).await
    }

    pub async fn load_demo(&self, request: LoadDemoRequest) -> Result<LoadDemoResponse> {
        let mut client = CatalogClient::new(self.catalog.clone());
        haat_rpc::send(&self.ctx(), request, |r| client.load_demo(r)).await
    }

    /// Waits until the books are to be read, or for a while.
    pub async fn await_books_check(&self, only_when_asked: bool) -> Result<bool> {
        let mut client = OperationsClient::new(self.operations.clone());
        Ok(haat_rpc::send(&self.ctx(), AwaitBooksCheckRequest { only_when_asked }, |r| client.await_books_check(r)).await?.is_due)
    }

    pub async fn report_books(&self, books: Books) -> Result<()> {
        let mut client = OperationsClient::new(self.operations.clone());
        let request = ReportBooksRequest { books: Some(books) };
        haat_rpc::send(&self.ctx(), request, |r| client.report_books(r)).await.map(drop)
    }

    pub fn entropy(&self) -> &Entropy {
        &self.environment.entropy
    }

    fn ctx(&self) -> Ctx {
        Ctx::internal(SUPERVISOR, "supervisor", self.environment.clock.now())
    }
}
