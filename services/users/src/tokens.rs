//! Access tokens: signed JWTs that name a person, their roles and their session for fifteen minutes. They are verified
//! with the keys of `jwks`, which the discovery document points to.

use haat_kernel::{Error, Result, Timestamp};
use jsonwebtoken::{Algorithm, Header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::person::Standing;
use crate::session::SessionId;
use crate::signing_keys::SigningKeys;
use crate::user::UserId;

/// The lifetime of an access token, in seconds.
pub const ACCESS_TOKEN_S: i32 = 15 * 60;
const AUDIENCE: &str = "haat";

pub struct Tokens {
    issuer: String,
    keys: SigningKeys,
}

/// RFC 7519, and three claims of our own: `sid`, `roles`, `seller_id`.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    iat: i64,
    nbf: i64,
    jti: String,
    sid: String,
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seller_id: Option<String>,
}

impl Tokens {
    /// `public_url` is where clients find the platform; it becomes the issuer's name.
    pub fn new(public_url: &str, keys: SigningKeys) -> Self {
        Tokens { issuer: public_url.trim_end_matches('/').to_owned(), keys }
    }

    /// `token_id` is unique.
    pub fn access_token(
        &self,
        user: &UserId,
        standing: &Standing,
        session: &SessionId,
        token_id: String,
        now: Timestamp,
    ) -> Result<String> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: user.to_string(),
            exp: now.as_second() + i64::from(ACCESS_TOKEN_S),
            iat: now.as_second(),
            nbf: now.as_second(),
            jti: token_id,
            sid: session.to_string(),
            roles: standing.role_names(),
            seller_id: standing.seller_id.as_ref().map(ToString::to_string),
        };
        let header = Header { kid: Some(self.keys.current.id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.keys.current.private).map_err(Error::internal)
    }

    /// The JSON of RFC 7517.
    pub fn jwks(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(&self.keys.jwks()).map_err(Error::internal)
    }

    /// The JSON of OpenID Connect Discovery 1.0. There are no authorization and token endpoints yet, and it says so.
    pub fn discovery(&self) -> Result<Vec<u8>> {
        let document = json!({
            "issuer": self.issuer,
            "jwks_uri": format!("{}/.well-known/jwks.json", self.issuer),
            "response_types_supported": [],
            "grant_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
            "claims_supported": ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "sid", "roles", "seller_id"],
        });
        serde_json::to_vec(&document).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::Entropy;
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    fn tokens(seed: u64) -> Tokens {
        let folder = tempfile::tempdir().unwrap();
        Tokens::new("https://haat.test/", SigningKeys::load_or_create(folder.path(), &Entropy::seeded(seed)).unwrap())
    }

    fn token(tokens: &Tokens) -> String {
        let user = UserId::parse("user_01h455vb4pex5vsknk084sn02q").unwrap();
        let session = SessionId::parse("session_01h455vb4pex5vsknk084sn02q").unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        tokens.access_token(&user, &Standing::buyer(), &session, "token-1".to_owned(), now).unwrap()
    }

    /// As a gateway does it: the key by its id, from the published set.
    fn verify(token: &str, jwks: &[u8]) -> Option<Claims> {
        let set: JwkSet = serde_json::from_slice(jwks).unwrap();
        let header = jsonwebtoken::decode_header(token).unwrap();
        let key = DecodingKey::from_jwk(set.find(&header.kid.unwrap())?).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["haat"]);
        validation.set_issuer(&["https://haat.test"]);
        // The library reads the system's clock; the token was made at a fixed time.
        validation.validate_exp = false;
        jsonwebtoken::decode(token, &key, &validation).ok().map(|data| data.claims)
    }

    #[test]
    fn a_token_is_verified_with_the_published_keys_and_no_others() {
        let tokens = tokens(1);
        let token = token(&tokens);
        let claims = verify(&token, &tokens.jwks().unwrap()).unwrap();
        assert_eq!((claims.exp - claims.iat, claims.nbf), (900, claims.iat));
        assert_eq!(claims.sub, "user_01h455vb4pex5vsknk084sn02q");
        assert_eq!(claims.sid, "session_01h455vb4pex5vsknk084sn02q");
        assert_eq!((claims.roles, claims.seller_id), (vec!["buyer".to_owned()], None));

        assert!(verify(&token, &self::tokens(2).jwks().unwrap()).is_none());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let forged = format!("{}.{signature}", signed.replace(&signed[signed.len() - 4..], "AAAA"));
        assert!(verify(&forged, &tokens.jwks().unwrap()).is_none());
    }

    #[test]
    fn the_published_documents_say_where_the_keys_are_and_nothing_private() {
        let tokens = tokens(1);
        let discovery: serde_json::Value = serde_json::from_slice(&tokens.discovery().unwrap()).unwrap();
        assert_eq!(discovery["issuer"], "https://haat.test");
        assert_eq!(discovery["jwks_uri"], "https://haat.test/.well-known/jwks.json");
        let jwks: serde_json::Value = serde_json::from_slice(&tokens.jwks().unwrap()).unwrap();
        let key = &jwks["keys"][0];
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
        );
        assert!(key.get("d").is_none());
    }
}
