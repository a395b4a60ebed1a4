//! How far a failed call got, read from the causes of its status, never from its text: what was certainly not sent may
//! be sent again; what may have been executed may be repeated only if the contract says so.

use std::error::Error;

use tonic::{ConnectError, Status};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server answered with this status.
    Answered,
    /// No handler saw the call: there was no connection, or the server turned the stream away unread.
    NeverSent,
    /// The connection broke, or the time ran out, after the call was on its way.
    MaybeExecuted,
}

pub fn delivery(status: &Status) -> Delivery {
    let Some(first) = status.source() else {
        return Delivery::Answered;
    };
    let mut causes = std::iter::successors(Some(first), |cause| (**cause).source());
    if causes.any(was_never_sent) { Delivery::NeverSent } else { Delivery::MaybeExecuted }
}

fn was_never_sent(cause: &(dyn Error + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        // hyper cancels a request that still waited for the connection when that one closed.
        return error.is_canceled();
    }
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return is_turned_away(error);
    }
    cause.is::<ConnectError>()
}

/// RFC 9113: a refused stream (8.7) was not processed, nor was one above the last that a server's GOAWAY names (6.8);
/// h2 fails only those with the GOAWAY's reason while the rest goes on.
fn is_turned_away(error: &h2::Error) -> bool {
    let reason = error.reason();
    let is_leaving = error.is_go_away() && error.is_remote() && reason == Some(h2::Reason::NO_ERROR);
    reason == Some(h2::Reason::REFUSED_STREAM) || is_leaving
}
