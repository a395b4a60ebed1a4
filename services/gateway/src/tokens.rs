//! From `Authorization` to a principal: JWTs of `users`, verified by key, algorithm, issuer, audience and time. A token
//! that was verified once is remembered until it expires, or its key is withdrawn.

use std::sync::Arc;

use aws_lc_rs::digest;
use haat_kernel::{Clock, Principal, PrincipalKind};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use moka::sync::Cache;
use serde::Deserialize;

use crate::keys::{Key, Keys};
use crate::problem::Problem;

const AUDIENCE: &str = "haat";
/// How far our clock and that of `users` may be apart.
const SKEW_S: i64 = 60;
const TOKEN_BYTES_MAX: usize = 8 * 1024;
const REMEMBERED_MAX: u64 = 50_000;

pub struct Tokens {
    keys: Arc<Keys>,
    clock: Clock,
    issuer: String,
    /// By SHA-256: a memory dump holds no usable tokens.
    remembered: Cache<[u8; 32], Arc<Verified>>,
}

struct Verified {
    principal: Principal,
    key_id: String,
    /// Unix seconds, the skew included.
    expires: i64,
}

/// RFC 7519, and the claims of our own: `sid`, `roles`, `seller_id`.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    seller_id: Option<String>,
    #[serde(default)]
    sid: Option<String>,
}

impl Tokens {
    /// `issuer` is the platform's public URL.
    pub fn new(keys: Arc<Keys>, clock: Clock, issuer: &str) -> Self {
        let issuer = issuer.trim_end_matches('/').to_owned();
        Tokens { keys, clock, issuer, remembered: Cache::new(REMEMBERED_MAX) }
    }

    /// Anonymous without a token; 401 with one that does not hold, also where none is needed.
    pub async fn principal(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        match bearer(headers)? {
            None => Ok(Principal::anonymous()),
            Some(token) => self.verify(token).await,
        }
    }

    async fn verify(&self, token: &str) -> Result<Principal, Problem> {
        let mut hash = [0u8; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let now = self.clock.now().as_second();
        if let Some(verified) = self.remembered.get(&hash) {
            if now < verified.expires && self.keys.contains(&verified.key_id) {
                return Ok(verified.principal.clone());
            }
            self.remembered.invalidate(&hash);
        }
        let header = decode_header(token).map_err(|_| invalid("The access token is no JWT."))?;
        let key_id = header.kid.ok_or_else(|| invalid("The access token names no key."))?;
        let key = self.keys.find(&key_id).await?.ok_or_else(|| invalid("The access token's key is unknown."))?;
        if header.alg != key.algorithm {
            return Err(invalid("The access token's algorithm is not its key's."));
        }
        let verified = Arc::new(self.check(token, key_id, &key, now)?);
        self.remembered.insert(hash, verified.clone());
        Ok(verified.principal.clone())
    }

    fn check(&self, token: &str, key_id: String, key: &Key, now: i64) -> Result<Verified, Problem> {
        let validation = validation(key.algorithm, &self.issuer);
        let decoded = decode::<Claims>(token, &key.decoding, &validation);
        let claims = decoded.map_err(|error| invalid("The access token does not hold.").with_context(error))?.claims;
        let expires = claims.exp.saturating_add(SKEW_S);
        if now >= expires {
            return Err(invalid("The access token has expired."));
        }
        if claims.nbf.is_some_and(|begins| now.saturating_add(SKEW_S) < begins) {
            return Err(invalid("The access token does not hold yet."));
        }
        let principal = Principal {
            kind: PrincipalKind::User,
            id: claims.sub,
            roles: claims.roles,
            seller_id: claims.seller_id,
            session_id: claims.sid,
        };
        Ok(Verified { principal, key_id, expires })
    }
}

/// Times are checked against our own clock, which a simulation may have set.
fn validation(algorithm: Algorithm, issuer: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(AUTHORIZATION) {
            Err(invalid("There is more than one Authorization."))
        } else {
            Ok(None)
        };
    };
    let text = value.to_str().ok().filter(|text| text.len() <= TOKEN_BYTES_MAX);
    let token = text.and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| Some(token.trim())).ok_or_else(|| invalid("Authorization takes a Bearer token."))
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(http::StatusCode::UNAUTHORIZED, "token_invalid", detail)
}

#[cfg(test)]
mod tests;
