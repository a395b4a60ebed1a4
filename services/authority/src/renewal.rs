//! The authority's own certificate, renewed like everybody's at half of its life, but signed at home.

use std::sync::Arc;
use std::time::Duration;

use haat_identity::{CertificateInfo, renewal_time};
use haat_kernel::{Clock, Ctx, Result, Timestamp};
use haat_service::Platform;
use tokio::time::sleep;

use crate::audit::Audit;
use crate::issuance::{IssuedCertificate, Occasion, Subject};
use crate::material::Material;

/// The clock is looked at this often, so that a machine that slept renews in time.
const LOOK: Duration = Duration::from_secs(30);

pub async fn renew_own(platform: Platform, material: Arc<Material>) -> Result<()> {
    let audit = Audit::new(platform.store.clone(), platform.entropy.clone());
    loop {
        let current = platform.identity().identity();
        platform.metrics().certificate_expiry(current.not_after.as_second());
        wait_until(platform.clock, renewal_time(current.not_before, current.not_after, &platform.entropy)).await;

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

async fn wait_until(clock: Clock, at: Timestamp) {
    while clock.now() < at {
        let left = Duration::try_from(at.duration_since(clock.now())).unwrap_or(Duration::ZERO);
        sleep(left.min(LOOK)).await;
    }
}
