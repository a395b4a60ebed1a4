//! Who is asking, as the gateway established it from a token, or as a service's certificate says.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// No token: a guest.
    #[default]
    Anonymous,
    /// A person; `id` is the user id.
    User,
    /// One of our services acting for itself; `id` is its name.
    Service,
}

/// The roles are `buyer`, `seller`, `operator`, and the operator's scopes as `operator:finance` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub kind: PrincipalKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The seller whose staff this person is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_id: Option<String>,
    /// The session that the token belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

impl Principal {
    pub fn anonymous() -> Self {
        Principal::default()
    }

    pub fn service(name: &str) -> Self {
        Principal { kind: PrincipalKind::Service, id: name.to_owned(), ..Principal::default() }
    }

    pub fn user(id: &str, roles: &[&str]) -> Self {
        Principal {
            kind: PrincipalKind::User,
            id: id.to_owned(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
            ..Principal::default()
        }
    }

    /// The user's id, when a person is signed in.
    pub fn user_id(&self) -> Option<&str> {
        (self.kind == PrincipalKind::User).then_some(self.id.as_str())
    }

    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }

    pub fn is_operator(&self) -> bool {
        self.has_role("operator")
    }

    pub fn is_service(&self) -> bool {
        self.kind == PrincipalKind::Service
    }

    /// What a history shows: `buyer`, `seller`, `operator` or `service`.
    pub fn acting_as(&self) -> &'static str {
        match self.kind {
            PrincipalKind::Service => "service",
            _ if self.is_operator() => "operator",
            _ if self.seller_id.is_some() => "seller",
            _ => "buyer",
        }
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            PrincipalKind::Anonymous => f.write_str("anonymous"),
            PrincipalKind::User => f.write_str(&self.id),
            PrincipalKind::Service => write!(f, "service:{}", self.id),
        }
    }
}
