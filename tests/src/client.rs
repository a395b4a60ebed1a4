//! An HTTP client with reqwest and its own TLS settings, so that a mistake in Haat's cannot hide itself.

use std::sync::Once;
use std::time::Duration;

use reqwest::{Certificate, Method, RequestBuilder};
use serde_json::Value;

/// Longer than any call may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who calls the API: anonymous, or signed in. Cheap to clone. Lives as long as the test's runtime.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub version: reqwest::Version,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    /// Over plain HTTP.
    pub fn plain(base: &str) -> Self {
        Client { http: builder().build().unwrap(), base: base.to_owned(), token: None }
    }

    /// Over TLS, believing only `ca`; with HTTP/2 where it is offered, unless `http1`.
    pub fn tls(base: &str, ca: &[u8], http1: bool) -> Self {
        let builder = builder().tls_certs_only([Certificate::from_pem(ca).unwrap()]);
        let builder = if http1 { builder.http1_only() } else { builder };
        Client { http: builder.build().unwrap(), base: base.to_owned(), token: None }
    }

    pub fn signed_in(&self, token: &str) -> Self {
        Client { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn anonymous(&self) -> Self {
        Client { token: None, ..self.clone() }
    }

    /// A request to be made more special before it is sent; `path` may be a whole URL.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }
}

fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Somebody else in this process may have been first, with the same one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none())
}

/// Sends a request; a platform that does not answer at all fails the test.
pub async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap()
}

/// Sends a request to a platform that may be dying.
pub async fn try_send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        version: response.version(),
        headers: response.headers().clone(),
        body: response.bytes().await?.to_vec(),
    })
}

impl Answer {
    /// The body, once the status is as it should be.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The problem, once status and code are as they should be.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let problem = self.any_problem(status);
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// What cannot be done as things are: 409 or 422, whichever the contract chose, with this code.
    #[track_caller]
    pub fn refusal(self, code: &str) -> Value {
        assert!([409, 422].contains(&self.status), "{}", self.text());
        let status = self.status;
        self.problem(status, code)
    }

    /// A problem of this status, of any code, with everything that a problem must have.
    #[track_caller]
    pub fn any_problem(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        assert!(!self.header("x-correlation-id").is_empty());
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        for field in ["type", "title", "detail", "code"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
        }
        assert!(problem["violations"].is_array(), "{problem}");
        let trace = problem["traceId"].as_str().unwrap_or_default();
        assert!(trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit()), "{problem}");
        problem
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{} is no JSON ({e}): {}", self.status, self.text()))
    }

    pub fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }

    /// A header's value, empty without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
