//! The first join token, with which the supervisor gets its own certificate: it cannot ask for one over the network before
//! it has one. It leaves the token's hash in a file beside the authority's keys; who can write there is trusted anyway.

use std::io::ErrorKind;
use std::path::Path;

use haat_identity::{IdentityError, SpiffeId, files};
use haat_kernel::{Ctx, Entropy, Error, Result, Timestamp};
use haat_store::Store;
use serde::{Deserialize, Serialize};

use crate::join_token::{JoinToken, JoinTokenEvent};
use crate::token::{Token, TokenHash};

const FILE: &str = "bootstrap-token";
const SUPERVISOR: &str = "supervisor";

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct BootstrapToken {
    hash: TokenHash,
    made: JoinTokenEvent,
}

/// Makes a join token for the supervisor and leaves its hash in the authority's own `folder`; the authority takes it in when
/// somebody enrolls. Returns the token.
pub fn write_bootstrap_token(folder: &Path, now: Timestamp, entropy: &Entropy) -> Result<String> {
    let token = Token::new(entropy);
    let left = BootstrapToken { hash: token.hash(), made: JoinToken::make(&SpiffeId::of(SUPERVISOR)?, now) };
    let json = serde_json::to_vec(&left).map_err(Error::internal)?;
    files::write_private(&folder.join(FILE), &json)?;
    Ok(token.into_text())
}

/// Takes in the token that waits in the authority's `folder`, if there is one, and deletes the file. A crash in between
/// does no harm: the token is made once.
pub async fn import(folder: &Path, store: &Store, ctx: &Ctx) -> Result<()> {
    let path = folder.join(FILE);
    let Some(BootstrapToken { hash, made }) = read(&path)? else { return Ok(()) };
    let decide = move |held: Option<&JoinToken>| Ok::<_, Error>(if held.is_some() { Vec::new() } else { vec![made] });
    store.update(&ctx.aside(), hash.as_str(), decide).await?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::internal(format!("{}: {error}", path.display()))),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<BootstrapToken>> {
    let json = match files::read(path) {
        Ok(json) => json,
        Err(IdentityError::File { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let left = serde_json::from_str(&json).map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
    Ok(Some(left))
}
