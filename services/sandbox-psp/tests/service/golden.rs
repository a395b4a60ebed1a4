//! What was stored once must always load: an example of every event.

use haat_kernel::id::derived;
use haat_kernel::{Currency, Timestamp};
use haat_sandbox_psp::charge::{Charge, ChargeEvent, DeclineCode, Refund, Terms};
use haat_sandbox_psp::delivery::{Delivery, DeliveryEvent, Message};
use haat_sandbox_psp::token::Token;
use haat_store::golden::check_events;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
const AT: Timestamp = Timestamp::UNIX_EPOCH;

#[test]
fn events_of_a_charge() {
    let terms = Terms {
        reference: "payment_1".into(),
        amount: 129_900,
        currency: Currency::INR,
        token: Token::TimeoutThenOk,
        return_url: Some("https://shop.test/".into()),
        webhook_url: Some("http://127.0.0.1:1/".into()),
    };
    let refund = Refund { id: derived(&["1"]), amount: 1_000, at: AT };
    let key = || "key".to_owned();
    check_events::<Charge>(
        FOLDER,
        &[
            ("faltered", ChargeEvent::Faltered),
            ("opened", ChargeEvent::Opened { terms, key: key(), at: AT, settles_at: Some(AT) }),
            ("authorized", ChargeEvent::Authorized),
            ("declined", ChargeEvent::Declined { code: DeclineCode::InsufficientFunds }),
            ("captured", ChargeEvent::Captured { amount: 129_900, key: key() }),
            ("refunded", ChargeEvent::Refunded { refund, key: key() }),
            ("voided", ChargeEvent::Voided { key: key() }),
        ],
    );
}

#[test]
fn events_of_a_delivery() {
    let message = Message { id: derived(&["1"]), url: "http://127.0.0.1:1/".into(), body: "{}".into() };
    check_events::<Delivery>(
        FOLDER,
        &[
            ("queued", DeliveryEvent::Queued { message, due: AT }),
            ("missed", DeliveryEvent::Missed { due: AT }),
            ("taken", DeliveryEvent::Taken),
            ("given_up", DeliveryEvent::GivenUp),
        ],
    );
}
