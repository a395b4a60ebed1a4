//! The calls on a memory store: what a token is good for, what a request may ask, and what goes on record.

use std::sync::Arc;

use haat_identity::{CertificateInfo, Chain, Identity, KeyPair};
use haat_kernel::{Clock, CorrelationId, Kind, Principal, Timestamp};
use haat_store::{MemoryBackend, Positions};
use pb::authority_server::Authority;
use rcgen::{BasicConstraints, CertificateParams, IsCa, PKCS_ECDSA_P256_SHA256};

use super::*;
use crate::issuer::EdgeNames;
use crate::material::load_or_create;

struct Fixture {
    api: Api,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), Entropy::seeded(1));
    let now = "2026-11-21T10:00:00Z".parse().unwrap();
    let material = Arc::new(load_or_create(folder.path(), now, &entropy).unwrap());
    let store = Store::memory(Clock::System, MemoryBackend::new());
    let api = Api {
        store: store.clone(),
        issuer: Issuer::new(material, EdgeNames::with_public("shop.example"), entropy.clone()),
        audit: Audit::new(store, entropy.clone()),
        folder: folder.path().to_owned(),
        entropy,
    };
    Fixture { api, now, _folder: folder }
}

impl Fixture {
    /// A request as the guard hands it on, `after_s` seconds after the start.
    fn request<T>(&self, caller: &str, after_s: i64, message: T) -> Request<T> {
        let correlation = CorrelationId::parse("correlation").unwrap();
        let mut ctx = Ctx::new(Principal::service(caller), correlation, haat_kernel::time::plus_seconds(self.now, after_s));
        ctx.caller = caller.to_owned();
        let mut request = Request::new(message);
        request.extensions_mut().insert(ctx);
        request
    }

    async fn token_for(&self, service: &str) -> Result<String> {
        let message = pb::CreateJoinTokenRequest { service: service.to_owned() };
        let reply = self.api.create_join_token(self.request("supervisor", 0, message)).await;
        reply.map(|token| token.into_inner().token).map_err(|status| rpc::error(&status))
    }

    async fn enroll(&self, after_s: i64, join_token: &str, csr: Vec<u8>) -> Result<pb::Certificate> {
        let message = pb::EnrollRequest { join_token: join_token.to_owned(), csr };
        let reply = self.api.enroll(self.request("", after_s, message)).await;
        reply.map(Response::into_inner).map_err(|status| rpc::error(&status))
    }

    /// The types of all events, in the order of the aggregates' partitions.
    async fn events(&self) -> Vec<String> {
        let events = self.api.store.read_feed(&Positions::default(), 1_000).await.unwrap();
        let mut types: Vec<String> = events.into_iter().map(|event| event.event_type).collect();
        types.sort();
        types
    }
}

fn csr() -> Vec<u8> {
    KeyPair::generate().unwrap().signing_request().unwrap()
}

fn info(certificate: &pb::Certificate) -> CertificateInfo {
    CertificateInfo::read(&certificate.chain[0]).unwrap()
}

#[tokio::test]
async fn a_token_enrolls_its_own_service_once() {
    let fixture = fixture();
    let token = fixture.token_for("orders").await.unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = fixture.enroll(1, &token, key.signing_request().unwrap()).await.unwrap();
    let identity = Identity::new(Chain::from_der(certificate.chain).unwrap(), key).unwrap();
    assert_eq!(identity.spiffe_id.name(), "orders");
    assert_eq!(certificate.trust_bundle.len(), 1);

    let refused = fixture.enroll(2, &token, csr()).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (Kind::Unauthenticated, "join_token_invalid"));
    let events = ["certificate_issued", "certificate_refused", "join_token_created", "join_token_used"];
    assert_eq!(fixture.events().await, events);
}

#[tokio::test]
async fn every_bad_token_gets_the_same_answer() {
    let fixture = fixture();
    let late = fixture.token_for("orders").await.unwrap();
    let refusals = [
        fixture.enroll(600, &late, csr()).await.unwrap_err(),
        fixture.enroll(0, "join_guess", csr()).await.unwrap_err(),
        fixture.enroll(0, "", csr()).await.unwrap_err(),
    ];
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    for service in ["authority", "", "Orders", "a/b"] {
        assert_eq!(fixture.token_for(service).await.unwrap_err().code, "invalid_argument", "{service}");
    }
}

#[tokio::test]
async fn two_at_once_with_one_token_get_one_certificate() {
    let fixture = fixture();
    let token = fixture.token_for("orders").await.unwrap();
    let both = tokio::join!(fixture.enroll(1, &token, csr()), fixture.enroll(1, &token, csr()));
    assert_eq!([both.0, both.1].iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(fixture.events().await.iter().filter(|event| *event == "certificate_issued").count(), 1);
}

#[tokio::test]
async fn a_request_gets_what_the_authority_decides_and_a_bad_one_costs_no_token() {
    let fixture = fixture();
    let token = fixture.token_for("orders").await.unwrap();
    let mut forged = csr();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(fixture.enroll(1, &token, forged).await.unwrap_err().code, "csr_invalid");

    let mut wishes = CertificateParams::new(vec!["authority.haat.internal".to_owned()]).unwrap();
    wishes.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let wishful = wishes.serialize_request(&key).unwrap().der().to_vec();
    let certificate = fixture.enroll(2, &token, wishful).await.unwrap();
    assert_eq!(info(&certificate).uris, ["spiffe://haat/orders"]);
}

#[tokio::test]
async fn renewal_is_for_the_callers_own_identity() {
    let fixture = fixture();
    let renew = |caller, csr| fixture.api.renew(fixture.request(caller, 0, pb::RenewRequest { csr }));
    let certificate = renew("payments", csr()).await.unwrap().into_inner();
    assert_eq!(info(&certificate).uris, ["spiffe://haat/payments"]);
    assert!(renew("", csr()).await.is_err(), "without a certificate there is nothing to renew");
    assert_eq!(rpc::error(&renew("payments", Vec::new()).await.unwrap_err()).code, "csr_invalid");
    assert_eq!(fixture.events().await, ["certificate_issued", "certificate_refused"]);
}

#[tokio::test]
async fn the_public_listener_gets_only_allowed_names_and_no_identity() {
    let fixture = fixture();
    let edge = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let message = pb::IssueEdgeCertificateRequest { csr: csr(), names };
        fixture.api.issue_edge_certificate(fixture.request("gateway", 0, message))
    };
    let certificate = edge(&["localhost", "127.0.0.1", "shop.example"]).await.unwrap().into_inner();
    assert!(info(&certificate).uris.is_empty());
    assert_eq!(rpc::error(&edge(&["orders.haat.internal"]).await.unwrap_err()).code, "name_not_allowed");
}

#[tokio::test]
async fn the_supervisor_joins_with_the_token_that_it_left_in_a_file() {
    let fixture = fixture();
    let file = fixture.api.folder.join("bootstrap-token");
    let token = bootstrap::write_bootstrap_token(&fixture.api.folder, fixture.now, &fixture.api.entropy).unwrap();
    let left = std::fs::read(&file).unwrap();
    let certificate = fixture.enroll(1, &token, csr()).await.unwrap();
    assert_eq!(info(&certificate).uris, ["spiffe://haat/supervisor"]);
    assert!(!file.exists());

    std::fs::write(&file, left).unwrap();
    assert_eq!(fixture.enroll(2, &token, csr()).await.unwrap_err().code, "join_token_invalid", "it works once");
}

#[tokio::test]
async fn strangers_cannot_fill_the_record() {
    let fixture = fixture();
    for _ in 0..100 {
        fixture.enroll(0, "guess", Vec::new()).await.unwrap_err();
    }
    assert_eq!(fixture.events().await.len(), 60);
    fixture.enroll(61, "guess", Vec::new()).await.unwrap_err();
    assert_eq!(fixture.events().await.len(), 61);
}
