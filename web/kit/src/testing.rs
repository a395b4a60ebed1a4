//! For tests of applications: a browser that keeps cookies and asks the site without a network, and a gateway in the same
//! process that answers calls as it was told and remembers them.

mod browser;
mod gateway;

pub use browser::{Answer, Browser, token};
pub use gateway::{Asked, FakeGateway};
