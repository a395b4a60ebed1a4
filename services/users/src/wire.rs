//! Between the contract's messages and the domain's types.

use haat_contracts::api::HttpBody;
use haat_contracts::users as pb;
use haat_kernel::{Error, Result};

use crate::passwords::NewPassword;
use crate::person::{DisplayName, Email, Role, SellerId, Standing};
use crate::user::{User, UserId};

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
