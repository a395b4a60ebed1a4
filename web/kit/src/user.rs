//! Who is signed in, as far as a page shows it. Read from the visitor's own token without checking it: only the gateway's
//! verdict on each call decides what may be done and seen.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub display_name: String,
    pub email: Option<String>,
    pub roles: Vec<String>,
    pub seller_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Claims {
    pub sub: String,
    /// Unix seconds.
    pub exp: i64,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    seller_id: Option<String>,
}

impl Claims {
    pub fn read(token: &str) -> Option<Self> {
        let payload = token.split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}

impl User {
    pub(crate) fn of(claims: Claims, person: Option<&str>) -> Self {
        let (display_name, email) = person.and_then(read_person).unwrap_or_default();
        User {
            id: claims.sub,
            display_name,
            email: Some(email).filter(|email| !email.is_empty()),
            roles: claims.roles,
            seller_id: claims.seller_id,
        }
    }

    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

/// What the cookie beside the session keeps for display.
pub(crate) fn write_person(display_name: &str, email: &str) -> String {
    format!("{display_name}\n{email}")
}

fn read_person(text: &str) -> Option<(String, String)> {
    let (display_name, email) = text.split_once('\n')?;
    Some((display_name.to_owned(), email.to_owned()))
}
