//! What a simulation sees of every call that goes through a channel, and may do to it: calls that arrive late or twice, and
//! answers that never arrive. Without the feature `simulated` nobody can be there to look.

use std::time::Duration;

use bytes::Bytes;

/// A unary call as its client sends it. Its message is framed as gRPC does it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub path: String,
    /// Empty where there is none.
    pub key: String,
    pub frame: Bytes,
}

/// What the network does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Delivered,
    Late(Duration),
    /// Once now, and once more so much later.
    Twice(Duration),
    /// It is carried out, and the connection breaks before the answer.
    AnswerLost,
}

pub trait Tap {
    /// A call is about to leave.
    fn fate(&self, sent: &Sent, may_repeat: bool) -> Fate;
    /// The caller gets its answer: the message of a success, or the failure.
    fn answered(&self, sent: &Sent, answer: Result<&[u8], &tonic::Status>);
}

#[cfg(feature = "simulated")]
mod installed {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::Tap;

    thread_local! {
        static TAP: RefCell<Option<Rc<dyn Tap>>> = const { RefCell::new(None) };
    }

    /// Looks at every call of this thread from now on.
    pub fn install(tap: Rc<dyn Tap>) {
        TAP.set(Some(tap));
    }

    pub(crate) fn with<R>(look: impl FnOnce(&dyn Tap) -> R) -> Option<R> {
        TAP.with_borrow(Clone::clone).map(|tap| look(&*tap))
    }
}

#[cfg(feature = "simulated")]
pub use installed::install;
#[cfg(feature = "simulated")]
pub(crate) use installed::with;

#[cfg(not(feature = "simulated"))]
#[inline(always)]
pub(crate) fn with<R>(_: impl FnOnce(&dyn Tap) -> R) -> Option<R> {
    None
}
