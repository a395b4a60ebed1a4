//! Rate limits (GCRA), as each call's contract sets them, per signed-in user or per network address. The memory is
//! bounded: keys that have all their allowance back are forgotten as new ones come.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use haat_contracts::policy::{LimitKey, RateLimit};
use haat_kernel::Principal;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

use crate::gateway::Client;
use crate::problem::Problem;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How many requests a limit counts between two sweeps of its keys.
const SWEEP_EVERY: u32 = 8192;

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, RuntimeClock, StateInformationMiddleware>;

/// The limit of one call.
pub struct Limit {
    policy: RateLimit,
    limiter: Limiter,
    hasher: RandomState,
    counted: AtomicU32,
    policy_header: HeaderValue,
}

/// What is left of a limit, for the client to know.
#[derive(Clone, Debug)]
pub struct Allowance {
    state: HeaderValue,
    policy: HeaderValue,
}

/// The runtime's own time, which a simulation controls.
#[derive(Clone, Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Limit {
    /// None for a limit of nothing.
    pub fn new(policy: RateLimit) -> Option<Self> {
        let burst = NonZeroU32::new(policy.requests)?;
        let period = Duration::from_secs(policy.per_seconds.into()) / policy.requests;
        let quota = Quota::with_period(period)?.allow_burst(burst);
        let clock = RuntimeClock(Instant::now());
        let name = if policy.key == LimitKey::Address { "address" } else { "user" };
        let header = format!("\"{name}\";q={};w={}", policy.requests, policy.per_seconds);
        Some(Limit {
            policy,
            limiter: Limiter::new(quota, DashMapStateStore::default(), clock),
            hasher: RandomState::new(),
            counted: AtomicU32::new(0),
            policy_header: HeaderValue::try_from(header).ok()?,
        })
    }

    /// Counts a request; none for a client whose address does not count. 429 when nothing is left.
    pub fn take(&self, principal: &Principal, client: &Client) -> Result<Option<Allowance>, Problem> {
        let key = match (self.policy.key, principal.user_id()) {
            (LimitKey::User, Some(user)) => self.hasher.hash_one(user),
            _ if client.is_exempt => return Ok(None),
            _ => self.hasher.hash_one(network(client.addr)),
        };
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&key) {
            Ok(state) => Ok(self.allowance(state.remaining_burst_capacity(), self.policy.per_seconds)),
            Err(refused) => {
                let wait = refused.wait_time_from(self.limiter_now());
                Err(self.exceeded(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)))
            }
        }
    }

    fn limiter_now(&self) -> Duration {
        self.limiter.clock().now()
    }

    fn allowance(&self, left: u32, reset_s: u32) -> Option<Allowance> {
        let name = self.policy_header.to_str().ok()?.split(';').next()?;
        let state = HeaderValue::try_from(format!("{name};r={left};t={reset_s}")).ok()?;
        Some(Allowance { state, policy: self.policy_header.clone() })
    }

    fn exceeded(&self, wait_s: u32) -> Problem {
        let detail = format!("Too many requests; try again in {wait_s} s.");
        let mut problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        problem.retry_after_s = Some(wait_s);
        if let Some(allowance) = self.allowance(0, wait_s) {
            problem.headers.extend(allowance.headers());
        }
        problem
    }
}

impl Allowance {
    fn headers(self) -> [(HeaderName, HeaderValue); 2] {
        [(RATE_LIMIT, self.state), (RATE_LIMIT_POLICY, self.policy)]
    }

    /// As draft-ietf-httpapi-ratelimit-headers lays down.
    pub fn stamp(self, headers: &mut HeaderMap) {
        headers.extend(self.headers().map(|(name, value)| (Some(name), value)));
    }
}

/// The headers of a 429 that a service decided on: all that is known is when to come back.
pub fn stamp_refusal(headers: &mut HeaderMap, wait_s: u32) {
    let texts = [(RATE_LIMIT, format!("\"call\";r=0;t={wait_s}")), (RATE_LIMIT_POLICY, format!("\"call\";q=1;w={wait_s}"))];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.entry(name).or_insert(value);
        }
    }
}

/// Somebody with one IPv6 address has 2^64 of them.
fn network(addr: IpAddr) -> IpAddr {
    match addr {
        IpAddr::V4(_) => addr,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(addr: &str, is_exempt: bool) -> Client {
        Client { addr: addr.parse().unwrap(), is_exempt, is_secure: !is_exempt }
    }

    fn limit(key: LimitKey) -> Limit {
        Limit::new(RateLimit { requests: 2, per_seconds: 10, key }).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_is_refused_until_some_is_back() {
        let limit = limit(LimitKey::Address);
        let (nobody, here) = (Principal::anonymous(), client("203.0.113.7", false));
        let allowance = limit.take(&nobody, &here).unwrap().unwrap();
        assert_eq!(allowance.state, "\"address\";r=1;t=10");
        assert_eq!(allowance.policy, "\"address\";q=2;w=10");
        assert!(limit.take(&nobody, &here).is_ok());
        let refused = limit.take(&nobody, &here).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code.as_ref(), refused.retry_after_s), (429, "rate_limited", Some(5)));
        assert!(limit.take(&nobody, &client("203.0.113.8", false)).is_ok(), "somebody else");
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(limit.take(&nobody, &here).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn loopback_clients_of_the_plain_port_have_no_address_but_users_are_users() {
        let (by_address, by_user) = (limit(LimitKey::Address), limit(LimitKey::User));
        let (user, local) = (Principal::user("user_1", &["buyer"]), client("127.0.0.1", true));
        for _ in 0..9 {
            assert!(by_address.take(&user, &local).unwrap().is_none());
            assert!(by_user.take(&Principal::anonymous(), &local).unwrap().is_none());
        }
        assert!((0..3).any(|_| by_user.take(&user, &local).is_err()));
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(network("2001:db8:0:1::1".parse().unwrap()), network("2001:db8:0:2::1".parse().unwrap()));
        assert_eq!(network("::ffff:203.0.113.7".parse().unwrap()), "203.0.113.7".parse::<IpAddr>().unwrap());
    }
}
