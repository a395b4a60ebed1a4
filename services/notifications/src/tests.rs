//! From an event of `orders` to the file of a mail, on a memory store.

use haat_contracts::common;
use haat_contracts::notifications as pb;
use haat_contracts::notifications::notifications_server::Notifications;
use haat_contracts::orders;
use haat_kernel::time::plus_seconds;
use haat_kernel::{Clock, CorrelationId, Ctx, Cursor, Principal, Timestamp};
use haat_service::{FeedEvent, OnTimer, Reaction};
use haat_store::{MemoryBackend, Store};
use parking_lot::Mutex;
use prost::Name;
use tonic::Request;

use super::*;
use crate::mailer::{Mail, Refusal};

const GROUP: &str = "group_01h455vb4pex5vsknk084sn02q";
const ORDER: &str = "order_01h455vb4pex5vsknk084sn02q";

/// Keeps what it is given; refuses as long as told to.
#[derive(Default)]
struct Postbox {
    mails: Mutex<Vec<(String, String)>>,
    refusal: Mutex<Option<Refusal>>,
}

#[async_trait::async_trait]
impl Mailer for Postbox {
    async fn send(&self, mail: &Mail) -> Result<(), Refusal> {
        if let Some(refusal) = self.refusal.lock().clone() {
            return Err(refusal);
        }
        self.mails.lock().push((mail.recipient.clone(), mail.rendered.subject.clone()));
        Ok(())
    }
}

struct Setup {
    store: Store,
    events: OrderEvents,
    sender: Sender,
    postbox: Arc<Postbox>,
}

impl Setup {
    fn new() -> Self {
        let store = Store::memory(Clock::System, MemoryBackend::new());
        let postbox = Arc::new(Postbox::default());
        let sender = Sender::new(store.clone(), Clock::System, postbox.clone(), Templates::new().unwrap());
        let events = OrderEvents { store: store.clone(), neighbours: neighbours() };
        Setup { store, events, sender, postbox }
    }

    /// Reacts as the runtime does: what was taken into account before is no failure.
    async fn react<M: prost::Message + Name>(&self, message: &M, position: u64) {
        let mut ctx = ctx();
        ctx.cursor = Some(Cursor { source: "orders".to_owned(), partition: 3, position });
        let event = FeedEvent {
            source: "orders".to_owned(),
            partition: 3,
            position,
            kind: String::new(),
            id: String::new(),
            time: ctx.now,
            correlation_id: "test-call".to_owned(),
            event_type: M::full_name(),
            body: message.encode_to_vec(),
        };
        match self.events.react(ctx, event).await {
            Err(error) if error.code == haat_store::ALREADY_APPLIED => {}
            outcome => outcome.unwrap(),
        }
    }

    /// Fires every timer that is due at `now`.
    async fn fire(&self, now: Timestamp) {
        for timer in self.store.due_timers(now, 100).await.unwrap() {
            self.sender.on_timer(ctx(), timer).await.unwrap();
        }
    }

    async fn list(&self, state: &str) -> Vec<pb::Message> {
        let request = pb::ListMessagesRequest { state: state.to_owned(), ..Default::default() };
        self.api().list_messages(call(request)).await.unwrap().into_inner().messages
    }

    fn api(&self) -> Api {
        Api { store: self.store.clone() }
    }
}

/// A neighbour that is not asked: the events here carry their address.
fn neighbours() -> Neighbours {
    let (entropy, metrics) = (haat_kernel::Entropy::seeded(1), haat_telemetry::Metrics::default());
    Neighbours { users: UsersClient::new(haat_rpc::Channel::new("users", Vec::new(), entropy, metrics)) }
}

fn ctx() -> Ctx {
    Ctx::new(Principal::service("orders"), CorrelationId::parse("test-call").unwrap(), Clock::System.now())
}

fn call<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(ctx());
    request
}

fn order() -> orders::Order {
    let line = orders::order::Line {
        title: "Cotton kurta".to_owned(),
        quantity: 2,
        unit_price: Some(common::Money { currency_code: "INR".to_owned(), amount: 129_900 }),
        ..Default::default()
    };
    orders::Order { id: ORDER.to_owned(), order_group_id: GROUP.to_owned(), lines: vec![line], ..Default::default() }
}

fn placed() -> orders::OrderGroupPlaced {
    let address = common::PostalAddress { name: "Asha".to_owned(), city: "Jaipur".to_owned(), ..Default::default() };
    let group = orders::OrderGroup {
        id: GROUP.to_owned(),
        number: "H-1".to_owned(),
        email: "asha@haat.test".to_owned(),
        orders: vec![order()],
        shipping_address: Some(address),
        ..Default::default()
    };
    orders::OrderGroupPlaced { group: Some(group) }
}

#[tokio::test]
async fn an_event_makes_one_mail_however_often_it_is_heard_of() {
    let setup = Setup::new();
    setup.react(&placed(), 1).await;
    setup.react(&placed(), 1).await;
    setup.fire(Clock::System.now()).await;
    // Published again at a later position, and read again from the beginning.
    setup.react(&placed(), 2).await;
    setup.fire(Clock::System.now()).await;
    assert_eq!(*setup.postbox.mails.lock(), [("asha@haat.test".to_owned(), "Your order H-1 is placed".to_owned())]);
    let listed = setup.list("SENT").await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].template.as_str(), listed[0].subject_id.as_str(), listed[0].attempts),
        ("order_confirmation", GROUP, 1)
    );
}

#[tokio::test]
async fn a_cancellation_without_an_address_goes_where_the_confirmation_went() {
    let setup = Setup::new();
    setup.react(&placed(), 1).await;
    let canceled = orders::OrderCanceled {
        order: Some(order()),
        group_number: "H-1".to_owned(),
        is_group_canceled: true,
        ..Default::default()
    };
    setup.react(&canceled, 2).await;
    setup.fire(Clock::System.now()).await;
    let mut mails = setup.postbox.mails.lock().clone();
    mails.sort();
    let recipient = "asha@haat.test".to_owned();
    assert_eq!(
        mails,
        [(recipient.clone(), "Your order H-1 is canceled".to_owned()), (recipient, "Your order H-1 is placed".to_owned())]
    );
}

#[tokio::test]
async fn what_cannot_be_sent_waits_fails_and_leaves_when_an_operator_says_so() {
    let setup = Setup::new();
    *setup.postbox.refusal.lock() = Some(Refusal { reason: "no answer".to_owned(), is_final: false });
    setup.react(&placed(), 1).await;
    for hours in 0..5 {
        setup.fire(plus_seconds(Clock::System.now(), hours * 3_600)).await;
    }
    let failed = setup.list("FAILED").await.remove(0);
    assert_eq!((failed.attempts, failed.last_error.as_str()), (5, "no answer"));
    assert!(setup.list("QUEUED").await.is_empty());

    *setup.postbox.refusal.lock() = None;
    let retry = || setup.api();
    let retried = retry().retry_message(call(pb::RetryMessageRequest { message: failed.id.clone() })).await.unwrap().into_inner();
    assert_eq!(retried.state(), pb::message::State::Queued);
    setup.fire(Clock::System.now()).await;
    assert_eq!(setup.list("").await[0].state(), pb::message::State::Sent);
    let again = retry().retry_message(call(pb::RetryMessageRequest { message: failed.id })).await.unwrap_err();
    assert_eq!(haat_rpc::error(&again).code, "message_not_failed");
}
