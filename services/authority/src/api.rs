//! The calls of the contract. Who may make them, the guard has checked; here each caller gets a certificate for itself, or
//! for what its token says, and nothing else.

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use haat_contracts::authority::{self as pb, authority_server};
use haat_identity::SpiffeId;
use haat_kernel::{Ctx, Entropy, Error, Result};
use haat_rpc as rpc;
use haat_store::{Load, Store};
use tonic::{Request, Response, Status};

use crate::audit::Audit;
use crate::issuance::{Issuance, IssuanceEvent, Occasion, Refusal};
use crate::issuer::{Issued, Issuer, NotIssued};
use crate::join_token::JoinToken;
use crate::token::{Token, TokenHash};
use crate::{bootstrap, wire};

pub struct Api {
    pub store: Store,
    pub issuer: Issuer,
    pub audit: Audit,
    pub folder: PathBuf,
    pub entropy: Entropy,
}

#[tonic::async_trait]
impl authority_server::Authority for Api {
    async fn enroll(&self, request: Request<pb::EnrollRequest>) -> Result<Response<pb::Certificate>, Status> {
        rpc::call(request, |ctx, request| async move {
            bootstrap::import(&self.folder, &self.store, &ctx).await?;
            match self.enroll_once(&ctx, &request).await {
                Ok(issued) => Ok(wire::certificate(issued)),
                Err(why) => Err(self.audit.not_issued(&ctx, Occasion::Enrollment, why).await),
            }
        })
        .await
    }

    async fn renew(&self, request: Request<pb::RenewRequest>) -> Result<Response<pb::Certificate>, Status> {
        rpc::call(request, |ctx, request| async move {
            let caller = SpiffeId::of(&ctx.caller)?;
            self.hand_out(&ctx, Occasion::Renewal, self.issuer.service(&request.csr, &caller, ctx.now)).await
        })
        .await
    }

    async fn create_join_token(&self, request: Request<pb::CreateJoinTokenRequest>) -> Result<Response<pb::JoinToken>, Status> {
        rpc::call(request, |ctx, request| async move {
            let service = wire::joining_service(&request.service)?;
            let token = Token::new(&self.entropy);
            let made = JoinToken::make(&service, ctx.now);
            let decide = move |_: Option<&JoinToken>| Ok::<_, Error>(vec![made]);
            let held = self.store.update(&ctx, token.hash().as_str(), decide).await?;
            Ok(wire::join_token(token, held.expires_at))
        })
        .await
    }

    async fn issue_edge_certificate(
        &self,
        request: Request<pb::IssueEdgeCertificateRequest>,
    ) -> Result<Response<pb::Certificate>, Status> {
        rpc::call(request, |ctx, request| async move {
            self.hand_out(&ctx, Occasion::Edge, self.issuer.edge(&request.csr, &request.names, ctx.now)).await
        })
        .await
    }
}

impl Api {
    /// The certificate is signed before the token is used up, so that a request that cannot be signed costs no token; it is
    /// handed out only if the one commit of token and record went through.
    async fn enroll_once(&self, ctx: &Ctx, request: &pb::EnrollRequest) -> Result<Issued, NotIssued> {
        let hash = TokenHash::of(&request.join_token);
        let held = self.store.load::<JoinToken>(hash.as_str()).await?;
        let service = SpiffeId::of(JoinToken::service_of(held.as_deref(), ctx.now)?)?;
        let issued = self.issuer.service(&request.csr, &service, ctx.now)?;
        let event = IssuanceEvent::CertificateIssued { occasion: Occasion::Enrollment, certificate: issued.certificate.clone() };
        let (record, now) = (self.audit.id(ctx.now), ctx.now);
        let load = Load::new().one::<JoinToken>(hash.as_str()).one::<Issuance>(record.as_str());
        let redeem = move |tx: &mut haat_store::Tx| -> Result<Result<(), Refusal>> {
            let events = match JoinToken::redeem(tx.get::<JoinToken>(hash.as_str()).as_deref(), now) {
                Ok(events) => events,
                Err(refusal) => return Ok(Err(refusal)),
            };
            tx.record::<JoinToken>(hash.as_str(), events)?;
            tx.record::<Issuance>(record.as_str(), vec![event])?;
            Ok(Ok(()))
        };
        self.store.transact(ctx, load, redeem).await??;
        Ok(issued)
    }

    async fn hand_out(&self, ctx: &Ctx, occasion: Occasion, outcome: Result<Issued, NotIssued>) -> Result<pb::Certificate> {
        match outcome {
            Ok(issued) => {
                self.audit.issued(ctx, occasion, issued.certificate.clone()).await?;
                Ok(wire::certificate(issued))
            }
            Err(why) => Err(self.audit.not_issued(ctx, occasion, why).await),
        }
    }
}
