//! Reads calls and answers off the wire, in the words of the histories.

use bytes::Bytes;
use haat_contracts::inventory as stock;
use haat_contracts::payments as pay;
use haat_contracts::pricing as price;
use haat_kernel::Error;
use haat_rpc::tap::Sent;
use prost::Message;

/// gRPC puts a flag and a length before each message.
const PREFIX_BYTES: usize = 5;

#[derive(Clone, Debug)]
pub enum Asked {
    Reserve(stock::ReserveRequest),
    Allocate(stock::AllocateRequest),
    Release(stock::ReleaseRequest),
    Receive(stock::ReceiveStockRequest),
    Adjust(stock::AdjustStockRequest),
    Hold(price::HoldCouponRequest),
    Redeem(price::RedeemCouponRequest),
    GiveBack(price::ReleaseCouponRequest),
    Authorize(pay::AuthorizeRequest),
    Capture(pay::CaptureRequest),
    Cancel(pay::CancelRequest),
    Refund(pay::RefundPaymentRequest),
    RefundOrder(pay::RefundOrderRequest),
}

impl Asked {
    /// Whether it is a step of a saga: those have keys that never change.
    pub fn is_step(&self) -> bool {
        !matches!(self, Asked::Receive(_) | Asked::Adjust(_) | Asked::Refund(_))
    }
}

#[derive(Clone, Debug)]
pub enum Told {
    Done,
    Stock(stock::Stock),
    Payment(Box<pay::Payment>),
    Refused(Error),
}

/// None for calls that no history is kept of.
pub fn asked(sent: &Sent) -> Option<Asked> {
    let (service, call) = sent.path.trim_start_matches('/').split_once('/')?;
    let message = sent.frame.slice(PREFIX_BYTES.min(sent.frame.len())..);
    match (service, call) {
        ("haat.inventory.v1.Inventory", "Reserve") => read(message).map(Asked::Reserve),
        ("haat.inventory.v1.Inventory", "Allocate") => read(message).map(Asked::Allocate),
        ("haat.inventory.v1.Inventory", "Release") => read(message).map(Asked::Release),
        ("haat.inventory.v1.Inventory", "ReceiveStock") => read(message).map(Asked::Receive),
        ("haat.inventory.v1.Inventory", "AdjustStock") => read(message).map(Asked::Adjust),
        ("haat.pricing.v1.Pricing", "HoldCoupon") => read(message).map(Asked::Hold),
        ("haat.pricing.v1.Pricing", "RedeemCoupon") => read(message).map(Asked::Redeem),
        ("haat.pricing.v1.Pricing", "ReleaseCoupon") => read(message).map(Asked::GiveBack),
        ("haat.payments.v1.Payments", "Authorize") => read(message).map(Asked::Authorize),
        ("haat.payments.v1.Payments", "Capture") => read(message).map(Asked::Capture),
        ("haat.payments.v1.Payments", "Cancel") => read(message).map(Asked::Cancel),
        ("haat.payments.v1.Payments", "RefundPayment") => read(message).map(Asked::Refund),
        ("haat.payments.v1.Payments", "RefundOrder") => read(message).map(Asked::RefundOrder),
        _ => None,
    }
}

/// None for an answer that cannot be read.
pub fn told(asked: &Asked, answer: Result<&[u8], Error>) -> Option<Told> {
    let message = match answer {
        Ok(message) => Bytes::copy_from_slice(message),
        Err(error) => return Some(Told::Refused(error)),
    };
    match asked {
        Asked::Receive(_) | Asked::Adjust(_) => read(message).map(Told::Stock),
        Asked::Authorize(_) | Asked::Capture(_) | Asked::Cancel(_) | Asked::Refund(_) | Asked::RefundOrder(_) => {
            read(message).map(|payment| Told::Payment(Box::new(payment)))
        }
        _ => Some(Told::Done),
    }
}

fn read<M: Message + Default>(message: Bytes) -> Option<M> {
    M::decode(message).ok()
}
