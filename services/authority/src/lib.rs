//! The certificate authority: who a service is.
//!
//! Owns the keys of the root and of the intermediate, the join tokens and the record of every certificate issued or refused.
//! Calls nobody. Always: of a request only the public key counts, what a certificate says is decided here; a join token
//! works once, within ten minutes, for the one service it was made for; what is issued is on record; keys are readable by
//! their owner alone.
//!
//! Reading order: `material`, `bootstrap`, `token`, `join_token`, `issuance`, `issuer`, `audit`, `api`, `renewal`, `offline`.

mod api;
mod audit;
mod bootstrap;
pub mod issuance;
mod issuer;
pub mod join_token;
mod material;
mod offline;
mod renewal;
mod token;
mod wire;

use std::sync::Arc;

use haat_contracts::authority::authority_server::AuthorityServer;
use haat_kernel::Result;
use haat_service::{Books, Definition, Platform, Wiring};

pub use crate::bootstrap::write_bootstrap_token;
pub use crate::material::{Material, load_or_create, own_identity};
pub use crate::offline::{issue_offline, supervisor_identity};

use crate::api::Api;
use crate::audit::Audit;
use crate::issuance::Issuance;
use crate::issuer::{EdgeNames, Issuer};
use crate::join_token::JoinToken;

pub fn definition() -> Definition {
    Definition::new("authority", wire_up).accepting_unenrolled().keeping(|| Books::new().kept::<JoinToken>().kept::<Issuance>())
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let (store, entropy) = (platform.store.clone(), platform.entropy.clone());
    let material = Arc::new(load_or_create(platform.folder(), platform.clock.now(), &entropy)?);
    let names = EdgeNames::with_public(platform.setting("public_names").unwrap_or_default());
    let api = Api {
        store: store.clone(),
        issuer: Issuer::new(Arc::clone(&material), names, entropy.clone()),
        audit: Audit::new(store, entropy.clone()),
        folder: platform.folder().to_owned(),
        entropy,
    };
    Ok(Wiring::new()
        .aggregate::<JoinToken>()
        .aggregate::<Issuance>()
        .serve(AuthorityServer::new(api))
        .task("own-renewal", renewal::renew_own(platform.clone(), material)))
}
