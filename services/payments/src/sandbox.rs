//! The connector to the sandbox payment provider: its HTTP API, and what its answers mean.
//!
//! A request that certainly was not acted on may be made again; one without an answer is unknown, never a failure. The
//! provider does each effect once for its `Idempotency-Key`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use haat_kernel::{Currency, Error, Money, Result, Timestamp};
use haat_transport::{Connector, HttpClient, Network, http_client};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::ids::PaymentId;
use crate::payment::PROVIDER_DEADLINE;
use crate::provider::{Authorization, Charge, ChargeStatus, Effect, Outcome, Provider};
use crate::webhook::{WebhookError, WebhookSecret};

pub const NAME: &str = "sandbox";
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Of a charge that holds no money any more, or never came to be.
const NOTHING_HELD: [&str; 3] = ["charge_voided", "charge_declined", "charge_not_found"];

pub struct Sandbox {
    client: HttpClient,
    /// `http://host:port`
    url: String,
    secret: WebhookSecret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChargeView {
    id: String,
    reference: String,
    amount: i64,
    currency: Currency,
    status: Status,
    decline_code: Option<String>,
    action_url: Option<String>,
    captured: i64,
    voided: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    RequiresAction,
    Authorized,
    Declined,
}

#[derive(Deserialize)]
struct ChargeList {
    charges: Vec<ChargeView>,
}

#[derive(Deserialize)]
struct Webhook {
    data: ChargeView,
}

#[derive(Deserialize)]
struct Problem {
    error: ProblemDetail,
}

#[derive(Deserialize)]
struct ProblemDetail {
    code: String,
    message: String,
}

/// What the provider answered: a success, or a refusal for good.
enum Answer<T> {
    Success(T),
    Refusal(ProblemDetail),
}

impl Sandbox {
    /// `url` is where the provider listens: `http://host:port`.
    pub fn new(network: Arc<dyn Network>, url: &str, secret: WebhookSecret) -> Result<Self> {
        let invalid = || Error::internal(format!("`{url}` is no URL of the sandbox provider: `http://host:port`"));
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(invalid)?;
        Ok(Sandbox { client: http_client(Connector::plain(network)), url: format!("http://{authority}"), secret })
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, key: &str, body: &Value) -> Outcome<Answer<T>> {
        self.ask(Method::POST, path, key, body.to_string()).await
    }

    async fn effect(&self, path: &str, key: &str, body: &Value) -> Outcome<Answer<ChargeView>> {
        self.post(path, key, body).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, key: &str, body: String) -> Outcome<Answer<T>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Full::from(body));
        let Ok(request) = request else { return Outcome::Faltered("the request could not be built".to_owned()) };
        match timeout(PROVIDER_DEADLINE, self.exchange(request)).await {
            Ok(Ok((status, body))) => read(status, &body),
            Ok(Err(Broken::NotSent(error))) => Outcome::Faltered(format!("the provider cannot be reached: {error}")),
            Ok(Err(Broken::Unknown(error))) => Outcome::Unknown(format!("the connection broke: {error}")),
            Err(_) => Outcome::Unknown(format!("no answer within {} s", PROVIDER_DEADLINE.as_secs())),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Broken> {
        let response = self.client.request(request).await.map_err(|error| match error.is_connect() {
            true => Broken::NotSent(error),
            false => Broken::Unknown(error.into()),
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(Broken::Unknown)?;
        Ok((head.status, body.to_bytes()))
    }
}

/// An exchange that came to nothing: whether the provider may have acted.
enum Broken {
    NotSent(legacy::Error),
    Unknown(Box<dyn std::error::Error + Send + Sync>),
}

fn read<T: DeserializeOwned>(status: StatusCode, body: &Bytes) -> Outcome<Answer<T>> {
    if status.is_success() {
        return match serde_json::from_slice(body) {
            Ok(success) => Outcome::Known(Answer::Success(success)),
            Err(error) => Outcome::Unknown(format!("the answer cannot be read: {error}")),
        };
    }
    let is_about_the_request = matches!(status.as_u16(), 400 | 402 | 404 | 409 | 422);
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) if is_about_the_request => Outcome::Known(Answer::Refusal(problem.error)),
        _ => Outcome::Faltered(format!("the provider answered {status}")),
    }
}

#[async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn authorize(&self, authorization: Authorization<'_>) -> Outcome<Charge> {
        let Authorization { payment, amount, token, key } = authorization;
        let body = json!({
            "reference": payment, "amount": amount.minor, "currency": amount.currency, "token": token,
        });
        match self.post::<ChargeView>("/v1/charges", &key, &body).await {
            Outcome::Known(Answer::Success(view)) => Outcome::Known(view.charge()),
            // There is a charge for this reference, and it is not what we ask for: looking it up shows what it is.
            Outcome::Known(Answer::Refusal(problem)) if problem.code == "reference_in_use" => Outcome::Unknown(problem.code),
            Outcome::Known(Answer::Refusal(problem)) => Outcome::Known(refused(amount, problem)),
            Outcome::Faltered(why) => Outcome::Faltered(why),
            Outcome::Unknown(why) => Outcome::Unknown(why),
        }
    }

    async fn look_up(&self, payment: &PaymentId) -> Outcome<Option<Charge>> {
        let path = format!("/v1/charges?reference={payment}&limit=1");
        match self.ask::<ChargeList>(Method::GET, &path, "look-up", String::new()).await {
            Outcome::Known(Answer::Success(list)) => {
                let view = list.charges.into_iter().find(|view| view.reference == payment.as_str());
                Outcome::Known(view.map(ChargeView::charge))
            }
            Outcome::Known(Answer::Refusal(problem)) => Outcome::Faltered(problem.message),
            Outcome::Faltered(why) => Outcome::Faltered(why),
            Outcome::Unknown(why) => Outcome::Unknown(why),
        }
    }

    async fn capture(&self, reference: &str, amount: Money, key: &str) -> Outcome<Effect> {
        let path = format!("/v1/charges/{reference}/capture");
        match self.effect(&path, key, &json!({"amount": amount.minor})).await {
            Outcome::Known(Answer::Success(view)) if view.captured != amount.minor => {
                Outcome::Faltered(format!("the provider states that it took {} minor units", view.captured))
            }
            answer => answer.map(effect),
        }
    }

    async fn void(&self, reference: &str, key: &str) -> Outcome<Effect> {
        let path = format!("/v1/charges/{reference}/void");
        match self.effect(&path, key, &json!({})).await {
            Outcome::Known(Answer::Refusal(problem)) if NOTHING_HELD.contains(&problem.code.as_str()) => {
                Outcome::Known(Effect::Done)
            }
            answer => answer.map(effect),
        }
    }

    async fn refund(&self, reference: &str, amount: Money, key: &str) -> Outcome<Effect> {
        let path = format!("/v1/charges/{reference}/refunds");
        self.effect(&path, key, &json!({"amount": amount.minor})).await.map(effect)
    }

    fn verify_webhook(
        &self,
        headers: &BTreeMap<String, String>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<PaymentId>, WebhookError> {
        self.secret.verify(headers, body, now)?;
        let webhook: Webhook = serde_json::from_slice(body).map_err(|_| WebhookError::Unreadable)?;
        Ok(PaymentId::parse(&webhook.data.reference).ok())
    }
}

fn effect(answer: Answer<ChargeView>) -> Effect {
    match answer {
        Answer::Success(_) => Effect::Done,
        Answer::Refusal(problem) => Effect::Refused(format!("{}: {}", problem.code, problem.message)),
    }
}

fn refused(amount: Money, problem: ProblemDetail) -> Charge {
    Charge { reference: None, amount, status: ChargeStatus::Declined { reason: problem.code } }
}

impl ChargeView {
    fn charge(self) -> Charge {
        let status = match self.status {
            _ if self.voided => ChargeStatus::Voided,
            Status::Pending => ChargeStatus::Pending,
            Status::RequiresAction => ChargeStatus::RequiresAction { url: self.action_url.unwrap_or_default() },
            Status::Authorized => ChargeStatus::Authorized,
            Status::Declined => ChargeStatus::Declined { reason: self.decline_code.unwrap_or_default() },
        };
        Charge { reference: Some(self.id), amount: Money::new(self.currency, self.amount), status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHARGE: &str = r#"{"id": "charge_1", "reference": "payment_1", "amount": 129900, "currency": "INR",
        "status": "authorized", "declineCode": null, "actionUrl": null, "captured": 0, "refunded": 0, "voided": false,
        "refunds": [], "createdAt": "2026-01-01T00:00:00Z"}"#;

    #[test]
    fn only_an_answer_about_the_request_itself_is_known() {
        let refusal = r#"{"error": {"code": "charge_voided", "message": "The charge was voided."}}"#;
        for (status, body, wanted) in [
            (200, CHARGE, "known"),
            (200, "{", "unknown"),
            (409, refusal, "refused"),
            (404, refusal, "refused"),
            (404, "<html>", "faltered"),
            (401, refusal, "faltered"),
            (429, refusal, "faltered"),
            (500, refusal, "faltered"),
            (302, "", "faltered"),
        ] {
            let outcome = read::<ChargeView>(StatusCode::from_u16(status).unwrap(), &Bytes::from(body));
            let seen = match outcome {
                Outcome::Known(Answer::Success(_)) => "known",
                Outcome::Known(Answer::Refusal(_)) => "refused",
                Outcome::Faltered(_) => "faltered",
                Outcome::Unknown(_) => "unknown",
            };
            assert_eq!(seen, wanted, "{status} {body}");
        }
    }

    #[test]
    fn a_charge_reads_as_the_provider_states_it() {
        let view: ChargeView = serde_json::from_str(CHARGE).unwrap();
        let charge = view.charge();
        assert_eq!((charge.amount, charge.status), (Money::inr(129_900), ChargeStatus::Authorized));
    }
}
