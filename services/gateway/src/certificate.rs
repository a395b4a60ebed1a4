//! The certificate that the public sees: from the authority, for the names under which clients know the platform, and
//! renewed long before it ends. The key is made here and never leaves.

use std::time::Duration;

use haat_contracts::authority::IssueEdgeCertificateRequest;
use haat_contracts::authority::authority_client::AuthorityClient;
use haat_identity::{CertificateInfo, Chain, KeyPair, LiveEdge, renewal_time};
use haat_kernel::{Ctx, Result, Timestamp};
use haat_rpc::Channel;
use haat_service::Platform;
use tokio::time::sleep;

const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_RENEWAL: Duration = Duration::from_secs(5);
/// Looks at the clock at least this often, so that a machine that slept renews in time.
const LOOK: Duration = Duration::from_secs(30);

pub struct EdgeCertificate {
    platform: Platform,
    client: AuthorityClient<Channel>,
    names: Vec<String>,
}

struct Issued {
    chain: Chain,
    key: KeyPair,
    renew_at: Timestamp,
}

impl EdgeCertificate {
    /// For this machine, and for the names that the setting `public_names` lists; the authority allows no others.
    pub fn new(platform: &Platform) -> Result<Self> {
        let client = AuthorityClient::new(platform.channel("authority")?);
        let names = names(platform.setting("public_names").unwrap_or_default());
        Ok(EdgeCertificate { platform: platform.clone(), client, names })
    }

    /// The first one, asked for until it is there, and when to renew it.
    pub async fn obtain(&mut self) -> Result<(LiveEdge, Timestamp)> {
        loop {
            match self.issue().await {
                Ok(issued) => {
                    let edge = LiveEdge::new(&issued.chain, &issued.key, self.platform.clock)?;
                    return Ok((edge, issued.renew_at));
                }
                Err(error) if error.kind.is_transient() => sleep(RETRY_FIRST).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps `edge` fresh, for as long as the gateway runs.
    pub async fn renew(mut self, edge: LiveEdge, mut at: Timestamp) -> Result<()> {
        loop {
            while self.platform.clock.now() < at {
                let left = Duration::try_from(at.duration_since(self.platform.clock.now())).unwrap_or(Duration::ZERO);
                sleep(left.min(LOOK)).await;
            }
            let renewed = self.issue().await;
            match renewed.and_then(|issued| Ok((edge.rotate(&issued.chain, &issued.key)?, issued.renew_at))) {
                Ok(((), next)) => at = next,
                Err(error) => {
                    tracing::warn!(%error, "the public certificate could not be renewed yet");
                    sleep(RETRY_RENEWAL).await;
                }
            }
        }
    }

    async fn issue(&mut self) -> Result<Issued> {
        let key = KeyPair::generate()?;
        let request = IssueEdgeCertificateRequest { csr: key.signing_request()?, names: self.names.clone() };
        let ctx = Ctx::internal("gateway", "edge-certificate", self.platform.clock.now());
        let certificate = haat_rpc::send(&ctx, request, |request| self.client.issue_edge_certificate(request)).await?;
        let chain = Chain::from_der(certificate.chain)?;
        let info = CertificateInfo::read(chain.leaf())?;
        let renew_at = renewal_time(info.not_before, info.not_after, &self.platform.entropy);
        Ok(Issued { chain, key, renew_at })
    }
}

fn names(public: &str) -> Vec<String> {
    let public = public.split(',').map(str::trim).filter(|name| !name.is_empty());
    ["localhost", "127.0.0.1", "::1"].into_iter().chain(public).map(str::to_owned).collect()
}
