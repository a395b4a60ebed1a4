//! Between the contract's messages and the domain's types.

use haat_contracts::api::HttpBody;
use haat_contracts::{convert, users as pb};
use haat_kernel::{Ctx, Error, PostalAddress, Result};
use haat_store::Versioned;

use crate::address_book::AddressBook;
use crate::passwords::NewPassword;
use crate::person::{DisplayName, Email, Role, SellerId, Standing};
use crate::seller::Seller;
use crate::session::{Origin, Session, SessionError, SessionId};
use crate::user::{User, UserId};

/// The gateway says it, whatever the client does.
const CLIENT_ADDRESS: &str = "haat-client-address";
const SELLERS_MAX: usize = 100;

/// A person who is to have an account.
pub struct NewUser {
    pub email: Email,
    pub password: NewPassword,
    pub display_name: DisplayName,
    pub standing: Standing,
}

/// Whoever registers is a buyer.
pub fn new_user(request: &pb::CreateUserRequest) -> Result<NewUser> {
    Ok(NewUser {
        email: Email::parse(&request.email)?,
        display_name: DisplayName::parse(&request.display_name)?,
        password: NewPassword::parse(&request.password)?,
        standing: Standing::buyer(),
    })
}

pub fn ensured_user(request: &pb::EnsureUserRequest) -> Result<NewUser> {
    let roles = request.roles.iter().map(|role| Role::parse(role)).collect::<Result<Vec<_>>>()?;
    Ok(NewUser {
        email: Email::parse(&request.email)?,
        display_name: DisplayName::parse(&request.display_name)?,
        password: NewPassword::parse(&request.password)?,
        standing: Standing::new(roles, seller_id(&request.seller_id)?)?,
    })
}

fn seller_id(text: &str) -> Result<Option<SellerId>> {
    if text.is_empty() {
        return Ok(None);
    }
    SellerId::parse(text).map(Some).map_err(|error| error.in_field("sellerId"))
}

pub fn user_id(field: &str, text: &str) -> Result<UserId> {
    UserId::parse(text).map_err(|error| error.in_field(field))
}

pub fn origin(ctx: &Ctx, request: &pb::CreateSessionRequest) -> Origin {
    Origin::new(&request.device, ctx.headers.get(CLIENT_ADDRESS).map(String::as_str).unwrap_or_default())
}

/// What is no id names no session.
pub fn session_id(text: &str) -> Result<SessionId> {
    SessionId::parse(text).map_err(|_| SessionError::NotFound.into())
}

/// `current` is the session that asks.
pub fn session_summary(session: &Versioned<Session>, current: Option<&str>) -> pb::SessionSummary {
    pb::SessionSummary {
        id: session.id.clone(),
        device: session.origin.device.clone(),
        address: session.origin.address.clone(),
        started_at: Some(convert::timestamp(session.started_at)),
        refreshed_at: Some(convert::timestamp(session.refreshed_at)),
        is_current: current == Some(session.id.as_str()),
    }
}

/// None where it is not given.
pub fn postal_address(address: Option<haat_contracts::common::PostalAddress>) -> Result<Option<PostalAddress>> {
    address.map(|address| convert::postal_address("postalAddress", address)).transpose()
}

pub fn address_book(book: &AddressBook) -> pb::AddressBook {
    let entry = |(entry, is_default): (&crate::address_book::Entry, bool)| pb::SavedAddress {
        id: entry.id.to_string(),
        postal_address: Some(entry.postal.clone().into()),
        is_default,
    };
    pb::AddressBook { addresses: book.entries().map(entry).collect() }
}

/// What is no id names no seller.
pub fn seller_in_path(text: &str) -> Result<SellerId> {
    SellerId::parse(text).map_err(|_| Error::not_found("seller", text))
}

pub fn seller_ids(texts: &[String]) -> Result<Vec<SellerId>> {
    if texts.len() > SELLERS_MAX {
        return Err(Error::invalid("sellerIds", format!("must be at most {SELLERS_MAX}")));
    }
    texts.iter().map(|text| SellerId::parse(text).map_err(|error| error.in_field("sellerIds"))).collect()
}

pub fn seller(id: &str, seller: &Seller) -> pb::Seller {
    pb::Seller { id: id.to_owned(), display_name: seller.display_name.as_str().to_owned() }
}

pub fn user(id: &str, user: &User) -> pb::User {
    pb::User {
        id: id.to_owned(),
        email: user.email.as_str().to_owned(),
        display_name: user.display_name.as_str().to_owned(),
        roles: user.standing.role_names(),
        seller_id: user.standing.seller_id.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

pub fn contact(user: &User) -> pb::Contact {
    pb::Contact { email: user.email.as_str().to_owned(), display_name: user.display_name.as_str().to_owned() }
}

pub fn json(data: Vec<u8>) -> HttpBody {
    HttpBody { content_type: "application/json".to_owned(), data }
}

/// The 401 of a call that only a person can make.
pub fn unauthenticated() -> Error {
    Error::new(haat_kernel::Kind::Unauthenticated, "unauthenticated", "Sign in first: this needs an access token.")
}
