#![allow(dead_code, unused)]
//! People: accounts, sign-in, access tokens.
//!
//! Owns who a person is (e-mail address, name, roles, seller), their password's hash and their sessions. Calls nobody.
//! Invariants: an e-mail address belongs to one account; a refresh token works once, and a second use ends its session;
//! passwords and tokens are stored only as hashes; only registering tells whether an address has an account.
//!
//! Reading order: `person`, `user`, `session`, `refresh_token`, `throttle`, `passwords`, `signing_keys`, `tokens`, `sign_in`,
//! `api`, `wire`.

mod api;
mod passwords;
mod person;
mod refresh_token;
mod session;
mod sign_in;
mod signing_keys;
mod throttle;
mod tokens;
mod user;
mod wire;
