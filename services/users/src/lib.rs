//! People: accounts, sign-in, access tokens, address books; and the sellers that they work for.
//!
//! Owns who a person is (e-mail address, name, roles, seller), their password's hash, their sessions, the addresses that they
//! keep, and what a seller is called. Calls nobody.
//! Invariants: an e-mail address belongs to one account, a name to one seller; a refresh token works once, and a second use ends its session;
//! passwords and tokens are stored only as hashes; only registering tells whether an address has an account.
//!
//! Reading order: `person`, `user`, `session`, `refresh_token`, `address_book`, `seller`, `throttle`, `passwords`,
//! `signing_keys`, `tokens`, `sign_in`, `signed_in`, `api`, `wire`.

mod address_book;
mod api;
mod passwords;
mod person;
mod refresh_token;
mod seller;
pub mod session;
mod sign_in;
mod signed_in;
mod signing_keys;
mod throttle;
mod tokens;
pub mod user;
mod wire;

use std::sync::Arc;

use haat_contracts::users::addresses_server::AddressesServer;
use haat_contracts::users::sellers_server::SellersServer;
use haat_contracts::users::users_server::UsersServer;
use haat_kernel::Result;
use haat_service::{Books, Definition, Platform, Wiring};

use crate::address_book::AddressBook;
use crate::api::{AddressesApi, Api, SellersApi};
use crate::passwords::Passwords;
use crate::refresh_token::Successors;
use crate::seller::Seller;
use crate::session::Session;
use crate::sign_in::SignIn;
use crate::signed_in::SignedIn;
use crate::signing_keys::SigningKeys;
use crate::throttle::Throttle;
use crate::tokens::Tokens;
use crate::user::User;

/// The setting `public_url`: where clients find the platform, and so the issuer of its tokens.
const PUBLIC_URL_DEFAULT: &str = "https://localhost:8443";

pub fn definition() -> Definition {
    Definition::new("users", wire_up).keeping(|| Books::new().kept::<User>().kept::<Session>())
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let keys = SigningKeys::load_or_create(&platform.folder().join("keys"), &platform.entropy)?;
    let passwords = Arc::new(Passwords::new(platform.clock, platform.entropy.clone())?);
    let sign_in = SignIn {
        store: platform.store.clone(),
        clock: platform.clock,
        entropy: platform.entropy.clone(),
        passwords: Arc::clone(&passwords),
        throttle: Throttle::default(),
        tokens: Tokens::new(platform.setting("public_url").unwrap_or(PUBLIC_URL_DEFAULT), keys),
        successors: Successors::new(&platform.entropy),
    };
    let (store, entropy) = (platform.store.clone(), platform.entropy.clone());
    let signed_in = SignedIn { store: store.clone() };
    let api = Api { store: store.clone(), entropy: entropy.clone(), passwords, sign_in, signed_in };
    Ok(Wiring::new()
        .aggregate::<User>()
        .aggregate::<Session>()
        .aggregate::<AddressBook>()
        .aggregate::<Seller>()
        .serve(UsersServer::new(api))
        .serve(AddressesServer::new(AddressesApi { store: store.clone(), entropy }))
        .serve(SellersServer::new(SellersApi { store })))
}
