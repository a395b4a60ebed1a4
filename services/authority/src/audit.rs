//! Puts every answer of the authority on record. What is issued always is; refusals only so many a minute, because anybody
//! who can connect can be refused, and must not fill the disk.

use haat_kernel::time::plus_seconds;
use haat_kernel::{Ctx, Entropy, Error, Result, Timestamp};
use haat_store::Store;
use parking_lot::Mutex;

use crate::issuance::{Issuance, IssuanceEvent, IssuanceId, IssuedCertificate, Occasion};
use crate::issuer::NotIssued;

const REFUSALS_PER_MINUTE_MAX: u32 = 60;

pub struct Audit {
    store: Store,
    entropy: Entropy,
    refusals: Mutex<Minute>,
}

impl Audit {
    pub fn new(store: Store, entropy: Entropy) -> Self {
        Audit { store, entropy, refusals: Mutex::new(Minute { ends_at: Timestamp::UNIX_EPOCH, count: 0 }) }
    }

    /// Under which an answer given `now` goes on record.
    pub fn id(&self, now: Timestamp) -> IssuanceId {
        self.entropy.id(now)
    }

    pub async fn issued(&self, ctx: &Ctx, occasion: Occasion, certificate: IssuedCertificate) -> Result<()> {
        self.record(ctx, IssuanceEvent::CertificateIssued { occasion, certificate }).await
    }

    /// Puts a refusal on record and turns it into the caller's error.
    pub async fn not_issued(&self, ctx: &Ctx, occasion: Occasion, why: NotIssued) -> Error {
        let refusal = match why {
            NotIssued::Failed(error) => return error,
            NotIssued::Refused(refusal) => refusal,
        };
        tracing::warn!(?occasion, caller = ctx.caller, %refusal, "a certificate was refused");
        if self.refusals.lock().admits(ctx.now) {
            let event = IssuanceEvent::CertificateRefused { occasion, caller: ctx.caller.clone(), refusal: refusal.clone() };
            if let Err(error) = self.record(ctx, event).await {
                return error;
            }
        }
        refusal.into()
    }

    async fn record(&self, ctx: &Ctx, event: IssuanceEvent) -> Result<()> {
        let (id, ctx) = (self.id(ctx.now), ctx.aside());
        self.store.update::<Issuance, Error>(&ctx, id.as_str(), |_| Ok(vec![event])).await.map(|_| ())
    }
}

struct Minute {
    ends_at: Timestamp,
    count: u32,
}

impl Minute {
    fn admits(&mut self, now: Timestamp) -> bool {
        if now >= self.ends_at {
            *self = Minute { ends_at: plus_seconds(now, 60), count: 0 };
        }
        self.count += 1;
        self.count <= REFUSALS_PER_MINUTE_MAX
    }
}
