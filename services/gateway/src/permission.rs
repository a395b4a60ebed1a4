//! Whether the contract lets this person make this call: `public`, else signed in, and with one of its `roles`.

use haat_contracts::policy::Call;
use haat_kernel::{Error, Principal, PrincipalKind};
use http::StatusCode;

use crate::problem::Problem;

pub fn demand(call: &Call, principal: &Principal) -> Result<(), Problem> {
    if call.public {
        return Ok(());
    }
    if principal.kind == PrincipalKind::Anonymous {
        let detail = "Sign in first: this call needs an access token.";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail));
    }
    if call.roles.is_empty() || call.roles.iter().any(|role| principal.has_role(role)) {
        return Ok(());
    }
    Err(Error::permission_denied(format!("This call needs one of the roles: {}.", call.roles.join(", "))).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use haat_contracts::policy::policies;

    #[test]
    fn the_contract_decides() {
        let outcome = |path: &str, principal: &Principal| match demand(&policies().calls[path], principal) {
            Ok(()) => 200,
            Err(problem) => problem.status.as_u16(),
        };
        let (nobody, buyer) = (Principal::anonymous(), Principal::user("user_1", &["buyer"]));
        let finance = Principal::user("user_2", &["operator", "operator:finance"]);
        assert_eq!(outcome("/haat.catalog.v1.Catalog/GetProduct", &nobody), 200);
        assert_eq!(outcome("/haat.users.v1.Users/GetCurrentUser", &nobody), 401);
        assert_eq!(outcome("/haat.users.v1.Users/GetCurrentUser", &buyer), 200);
        assert_eq!(outcome("/haat.payments.v1.Payments/RefundPayment", &buyer), 403);
        assert_eq!(outcome("/haat.payments.v1.Payments/RefundPayment", &finance), 200);
    }
}
