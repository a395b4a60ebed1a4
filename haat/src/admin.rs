//! `haat admin create`: the first operator of a platform without demo accounts, or another one.

use haat_contracts::users::EnsureUserRequest;
use haat_kernel::Result;

use crate::cli::CreateAdmin;
use crate::client::Supervisor;
use crate::layout::{self, Layout};
use crate::plan::Plan;
use crate::roster::AUTHORITY;
use crate::terminal::{failure, say};

/// Everything that an operator may be.
pub const OPERATOR_ROLES: [&str; 6] =
    ["buyer", "operator", "operator:support", "operator:finance", "operator:moderation", "operator:admin"];

/// Bytes of randomness in a password that we make.
pub const PASSWORD_BYTES: usize = 12;

pub async fn create(arguments: CreateAdmin) -> Result<()> {
    let layout = Layout::existing(&arguments.data)?;
    let plan = Plan::read(&layout)?;
    let supervisor = Supervisor::beside(&layout.service(AUTHORITY), &plan)?;
    let given = arguments.password_file.as_deref().map(layout::read).transpose()?;
    let given = given.map(|text| text.lines().next().unwrap_or_default().to_owned());
    let is_made = given.is_none();
    let password = given.unwrap_or_else(|| supervisor.entropy().hex(PASSWORD_BYTES));
    let request = EnsureUserRequest {
        email: arguments.email.clone(),
        password: password.clone(),
        display_name: arguments.display_name,
        roles: OPERATOR_ROLES.map(str::to_owned).to_vec(),
        seller_id: String::new(),
    };
    let user = supervisor.ensure_user(request).await.map_err(|error| match error.kind {
        haat_kernel::Kind::Unavailable => {
            failure("The platform does not answer: start it with `haat up` first.").with_context(error)
        }
        _ => error,
    })?;
    say(format!("{} is an operator now ({}).", user.email, user.id));
    if is_made {
        say(format!("Password, shown only this once: {password}"));
    }
    Ok(())
}
