//! The first join token, with which the supervisor gets its own certificate: it cannot ask for one over the network before
//! it has one. It leaves the token's hash in a file next to the authority's keys; who can write there is trusted anyway.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use haat_identity::{IdentityError, files};
use haat_kernel::time::plus_seconds;
use haat_kernel::{Ctx, Entropy, Error, Result, Timestamp};
use haat_store::Store;
use serde::{Deserialize, Serialize};

use crate::join_token::{JoinToken, JoinTokenEvent, LIFETIME_S};
use crate::material::{create_private_folder, private_folder};
use crate::token::{Token, TokenHash};

const SUPERVISOR: &str = "supervisor";

#[derive(Serialize, Deserialize)]
struct BootstrapToken {
    hash: TokenHash,
    service: String,
    expires_at: Timestamp,
}

/// Makes a join token for the supervisor and leaves its hash for the authority of `folder`, which takes it in when somebody
/// enrolls. Returns the token.
pub fn write_bootstrap_token(folder: &Path, now: Timestamp, entropy: &Entropy) -> Result<String> {
    create_private_folder(&private_folder(folder))?;
    let token = Token::new(entropy);
    let file = BootstrapToken { hash: token.hash(), service: SUPERVISOR.to_owned(), expires_at: plus_seconds(now, LIFETIME_S) };
    let json = serde_json::to_vec(&file).map_err(Error::internal)?;
    files::write_private(&path(folder), &json)?;
    Ok(token.into_text())
}

/// Takes in the token that waits in the file, if there is one, and deletes the file. A crash in between does no harm: the
/// token is made once.
pub async fn import(folder: &Path, store: &Store, ctx: &Ctx) -> Result<()> {
    let path = path(folder);
    let Some(BootstrapToken { hash, service, expires_at }) = read(&path)? else { return Ok(()) };
    let made = JoinTokenEvent::JoinTokenCreated { service, expires_at };
    let decide = move |held: Option<&JoinToken>| Ok::<_, Error>(if held.is_some() { Vec::new() } else { vec![made] });
    store.update::<JoinToken, Error>(&ctx.aside(), hash.as_str(), decide).await?;
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
    let token = serde_json::from_str(&json).map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
    Ok(Some(token))
}

fn path(folder: &Path) -> PathBuf {
    private_folder(folder).join("bootstrap-token")
}
