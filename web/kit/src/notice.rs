//! One-time messages: what a form did, shown by the next page and then gone. The cookie holds ids of messages only, so that
//! nobody can put words into our mouth.

use crate::cookies::{Cookie, NOTICE};
use crate::visit::Visit;

/// Longer than any id of a message.
const ID_BYTES_MAX: usize = 64;

/// Set beside a redirect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextNotice(pub &'static str);

pub(crate) fn leave(visit: &Visit, notice: NextNotice) {
    visit.set_cookie(Cookie::brief(NOTICE, notice.0));
}

/// The message for this page, if one was left. It will not be shown again.
pub(crate) fn take(visit: &Visit) -> Option<String> {
    let id = visit.cookie(NOTICE)?;
    visit.set_cookie(Cookie::gone(NOTICE));
    let is_id = id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    (is_id && visit.knows(id)).then(|| visit.t(id))
}
