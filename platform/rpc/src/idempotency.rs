//! Idempotency keys at the door of a service: a repeat is answered as the first time, a reused key is refused, and two
//! at once do not run side by side. The reply itself is written by the commit of the call's effect, or here after the
//! handler where no commit did.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use bytes::Bytes;
use haat_kernel::{Ctx, Error, Idempotency, Kind, Result, Violation, sabotage};
use haat_store::{Remembered, Store};
use http::{Request, Response};
use serde_json::{Value, json};
use tonic::body::Body;

use crate::frame::{self, Answer};

/// Before a remembered failure. No encoded message begins so: 0 is no field's number.
const FAILURE: u8 = 0;

/// Of the hash of a request that holds a secret only 16 bits are kept: enough to notice a reused key, useless for
/// guessing a password from a stolen database.
const SECRET_MASK: u64 = 0xffff;

/// The keys that a process is working on.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<BTreeSet<(String, String)>>);

impl InFlight {
    fn enter(&self, key: &Idempotency) -> Result<Place<'_>> {
        let entry = (key.scope.clone(), key.key.clone());
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.insert(entry.clone()) {
            return Ok(Place { in_flight: self, entry });
        }
        let detail = "A request with this Idempotency-Key is still running; ask again in a moment.";
        Err(Error::new(Kind::Aborted, "idempotency_in_progress", detail).with_retry_after(1))
    }
}

struct Place<'a> {
    in_flight: &'a InFlight,
    entry: (String, String),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.entry);
    }
}

/// Runs `handle` at most once for the context's key.
pub(crate) async fn once<F>(
    store: &Store,
    in_flight: &InFlight,
    is_secret: bool,
    ctx: &mut Ctx,
    request: Request<Body>,
    handle: impl FnOnce(Ctx, Request<Body>) -> F,
) -> Result<Response<Body>>
where
    F: Future<Output = Result<Response<Body>>>,
{
    let Some(key) = &mut ctx.idempotency else { return handle(ctx.clone(), request).await };
    let (parts, body) = frame::read_request(request).await?;
    key.request_hash = request_hash(parts.uri.path(), &body) & if is_secret { SECRET_MASK } else { u64::MAX };
    if sabotage::is("reply-not-scoped-by-key") {
        key.key.clear();
    }
    let key = key.clone();
    let _place = in_flight.enter(&key)?;
    if let Some(remembered) = store.reply(&key.scope, &key.key).await? {
        return repeat(&key, remembered);
    }
    let outcome = handle(ctx.clone(), frame::request(parts, body)).await;
    let answer = Answer::read(outcome?).await?;
    let failure = answer.status().filter(|s| s.code() != tonic::Code::Ok).map(|s| crate::error(&s));
    match failure {
        None if !ctx.is_recorded() => store.remember(&key, answer.message()).await?,
        Some(error) if error.code == haat_store::ALREADY_REPLIED => {
            // Another replica was faster.
            let remembered = store.reply(&key.scope, &key.key).await?;
            return repeat(&key, remembered.ok_or_else(|| Error::internal("a reply is gone"))?);
        }
        Some(error) if !error.kind.is_transient() => store.remember(&key, &encode_failure(&error)).await?,
        _ => {}
    }
    Ok(answer.into_response())
}

fn repeat(key: &Idempotency, remembered: Remembered) -> Result<Response<Body>> {
    if remembered.request_hash != key.request_hash {
        let detail = "This Idempotency-Key was used for another request; take a new key.";
        let violation = Violation::new("Idempotency-Key", "belongs to another request");
        return Err(Error::new(Kind::OutOfRange, haat_store::IDEMPOTENCY_KEY_REUSED, detail).with_violation(violation));
    }
    match remembered.body.split_first() {
        Some((&FAILURE, json)) => Err(decode_failure(json)),
        _ => Ok(frame::success(&remembered.body)),
    }
}

/// Of the call and the message: the first eight bytes of a SHA-256.
fn request_hash(path: &str, body: &Bytes) -> u64 {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(path.as_bytes());
    context.update(&[0]);
    context.update(body);
    let digest = context.finish();
    digest.as_ref().iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

fn encode_failure(error: &Error) -> Vec<u8> {
    let json = json!({
        "kind": error.kind, "code": error.code, "detail": error.detail, "violations": error.violations,
    });
    let mut bytes = vec![FAILURE];
    bytes.extend_from_slice(json.to_string().as_bytes());
    bytes
}

fn decode_failure(json: &[u8]) -> Error {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = value.get("kind").and_then(|k| serde_json::from_value(k.clone()).ok()).unwrap_or(Kind::Internal);
    let violations = value.get("violations").and_then(|v| serde_json::from_value(v.clone()).ok()).unwrap_or_default();
    Error::new(kind, text("code"), text("detail")).with_violations(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_failure_reads_back() {
        let error = Error::new(Kind::AlreadyExists, "email_taken", "Taken.").with_violation(Violation::new("email", "is taken"));
        let bytes = encode_failure(&error);
        assert_eq!(bytes[0], FAILURE);
        assert_eq!(decode_failure(&bytes[1..]), error);
    }

    #[test]
    fn one_key_runs_once_at_a_time() {
        let in_flight = InFlight::default();
        let key = Idempotency { scope: "user_1".into(), key: "k".into(), request_hash: 1 };
        let place = in_flight.enter(&key).unwrap();
        assert_eq!(in_flight.enter(&key).err().unwrap().code, "idempotency_in_progress");
        drop(place);
        assert!(in_flight.enter(&key).is_ok());
    }
}
