//! The authority's own certificate, renewed like everybody's at half of its life, but signed at home.

use std::sync::Arc;

use haat_identity::CertificateInfo;
use haat_kernel::{Ctx, Result};
use haat_service::Platform;

use crate::audit::Audit;
use crate::issuance::{IssuedCertificate, Occasion, Subject};
use crate::material::Material;

pub async fn renew_own(platform: Platform, material: Arc<Material>) -> Result<()> {
    let audit = Audit::new(platform.store.clone(), platform.entropy.clone());
    loop {
        let term = platform.identity().identity().term(&platform.entropy);
        platform.metrics().certificate_expiry(term.not_after.as_second());
        term.renewal_due(platform.clock).await;

        let now = platform.clock.now();
        let next = material.own_identity(now, &platform.entropy)?;
        let subject = Subject::Service(next.spiffe_id.name().to_owned());
        let certificate = IssuedCertificate::new(subject, &CertificateInfo::read(next.chain.leaf())?);
        let ctx = Ctx::internal(platform.name, "own-renewal", now);
        audit.issued(&ctx, Occasion::Renewal, certificate).await?;
        platform.identity().rotate(next)?;
        tracing::info!(not_after = %platform.identity().not_after(), "the authority's own certificate was renewed");
    }
}
