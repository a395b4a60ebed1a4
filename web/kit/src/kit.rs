//! What all visits of an application share.

use haat_contracts::users::users_client::UsersClient;
use haat_kernel::{Clock, Entropy};
use haat_rpc::Channel;

use crate::app::Layout;
use crate::messages::Messages;
use crate::session::Refreshing;

pub(crate) struct Kit {
    /// Before every path of the application; empty for the one at `/`.
    pub prefix: &'static str,
    pub clock: Clock,
    pub entropy: Entropy,
    pub users: UsersClient<Channel>,
    pub messages: Messages,
    pub layout: Layout,
    pub registers: bool,
    pub refreshing: Refreshing,
}
