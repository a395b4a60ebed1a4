//! `haat certs issue`: a certificate for tests, from the CA in a data folder of `haat up`.

use haat_identity::SpiffeId;
use haat_kernel::{Clock, Entropy, Result};

use crate::cli::Issue;
use crate::layout::Layout;
use crate::roster::AUTHORITY;
use crate::terminal::say;

pub fn issue(arguments: &Issue) -> Result<()> {
    let layout = Layout::existing(&arguments.data)?;
    let identity = SpiffeId::parse(&arguments.identity)?;
    haat_authority::issue_offline(&layout.service(AUTHORITY), &identity, &arguments.out, Clock::System, &Entropy::system())?;
    say(format!("{} is in {}: cert.pem, key.pem, ca.pem. It ends in an hour.", identity.as_str(), arguments.out.display()));
    Ok(())
}
