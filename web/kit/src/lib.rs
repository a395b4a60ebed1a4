//! Pages: what every web application stands on. An application gives a router of axum and a layout; the kit gives it visits
//! (who is there, in which language, with which context for calls), forms, failures as pages, sign-in, assets and components.
//!
//! Always holds: an application has no authority of its own, every call is made with the visitor's token through the
//! gateway; every form that acts proves that it is ours; every page works without scripts; no answer allows inline code.
//!
//! Reading order: `app`, `serve`, `site` (what happens around a handler), `visit`, then `form`, `failure`, `session`, `ui`.

mod app;
pub mod assets;
mod cookies;
mod csrf;
mod device;
mod failure;
mod form;
mod headers;
mod kit;
mod language;
mod live;
mod messages;
mod notice;
mod number;
mod page;
mod redirect;
mod serve;
mod session;
mod site;
#[cfg(feature = "testing")]
pub mod testing;
pub mod ui;
mod user;
mod visit;

pub use app::App;
pub use axum;
pub use cookies::Cookie;
pub use failure::{Failure, Result};
pub use fluent_bundle::FluentValue as Value;
pub use form::{Errors, Form, Query};
pub use language::Language;
pub use live::{Fragment, fragments};
pub use messages::MessageFiles;
pub use page::{Head, Page};
pub use redirect::{SeeOther, see_other};
pub use serve::serve;
pub use site::Site;
pub use user::User;
pub use visit::{Theme, Visit};
