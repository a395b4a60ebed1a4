//! The certificate that the public sees: from the authority, for the names under which clients know the platform, and
//! renewed long before it ends. The key is made here and never leaves.

use std::time::Duration;

use haat_contracts::authority::IssueEdgeCertificateRequest;
use haat_contracts::authority::authority_client::AuthorityClient;
use haat_identity::{CertificateInfo, Chain, KeyPair, LiveEdge, Term};
use haat_kernel::{Ctx, Result};
use haat_rpc::Channel;
use haat_service::Platform;
use tokio::time::sleep;

const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_RENEWAL: Duration = Duration::from_secs(5);

pub struct EdgeCertificate {
    platform: Platform,
    client: AuthorityClient<Channel>,
    names: Vec<String>,
}

struct Issued {
    chain: Chain,
    key: KeyPair,
    term: Term,
}

impl EdgeCertificate {
    /// For this machine, and for the names that the setting `public_names` lists; the authority allows no others.
    pub fn new(platform: &Platform) -> Result<Self> {
        let client = AuthorityClient::new(platform.channel("authority")?);
        let names = names(platform.setting("public_names").unwrap_or_default());
        Ok(EdgeCertificate { platform: platform.clone(), client, names })
    }

    /// The first one, asked for until it is there, and for how long it is good.
    pub async fn obtain(&mut self) -> Result<(LiveEdge, Term)> {
        loop {
            match self.issue().await {
                Ok(issued) => {
                    let edge = LiveEdge::new(&issued.chain, &issued.key, self.platform.clock)?;
                    return Ok((edge, issued.term));
                }
                Err(error) if error.kind.is_transient() => sleep(RETRY_FIRST).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps `edge` fresh, for as long as the gateway runs.
    pub async fn renew(mut self, edge: LiveEdge, mut term: Term) -> Result<()> {
        loop {
            term.renewal_due(self.platform.clock).await;
            let renewed = self.issue().await;
            match renewed.and_then(|issued| Ok((edge.rotate(&issued.chain, &issued.key)?, issued.term))) {
                Ok(((), next)) => term = next,
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
        let term = Term::new(info.not_before, info.not_after, &self.platform.entropy);
        Ok(Issued { chain, key, term })
    }
}

fn names(public: &str) -> Vec<String> {
    let public = public.split(',').map(str::trim).filter(|name| !name.is_empty());
    ["localhost", "127.0.0.1", "::1"].into_iter().chain(public).map(str::to_owned).collect()
}
