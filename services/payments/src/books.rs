//! The books of money: every ledger transaction sums to zero, what the ledger has received for a payment is what was captured
//! and not given back, and nothing is given back that was not captured.

use haat_service::{Book, Books, Entry};

use crate::ledger::LedgerTransaction;
use crate::payment::{Intent, Payment, RefundState};

pub fn books() -> Books {
    Books::new().book::<Payment>().book::<LedgerTransaction>()
}

impl Book for Payment {
    fn faults(&self, _: &str) -> Vec<String> {
        self.intent().map(faults).unwrap_or_default()
    }

    fn entries(&self, id: &str) -> Vec<Entry> {
        let kept = self.intent().map_or(0, |intent| intent.captured().minor - intent.refunded().minor);
        vec![Entry::new(account(id), kept)]
    }
}

fn faults(intent: &Intent) -> Vec<String> {
    let amount = intent.terms.amount;
    let (authorized, captured, refunded) = (intent.authorized(), intent.captured(), intent.refunded());
    let shares: i64 = intent.terms.shares.iter().map(|share| share.amount.minor).sum();
    let standing = intent.refunds.iter().filter(|refund| refund.state != RefundState::Failed);
    let claimed: i64 = standing.map(|refund| refund.amount.minor).sum();
    let is_split = |parts: i64, whole: i64| parts == whole;
    let refunds_add_up = intent
        .refunds
        .iter()
        .all(|refund| is_split(refund.parts.iter().map(|part| part.amount.minor).sum(), refund.amount.minor));
    let rules = [
        (is_split(shares, amount.minor), format!("has shares of {shares}, and is over {amount}")),
        (captured.minor <= authorized.minor, format!("captured {captured} of {authorized} authorized")),
        (refunded.minor <= captured.minor, format!("gave back {refunded} of {captured} captured")),
        (claimed <= amount.minor, format!("has refunds of {claimed}, and is over {amount}")),
        (refunds_add_up, "has a refund whose parts do not add up to it".to_owned()),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
}

impl Book for LedgerTransaction {
    fn faults(&self, _: &str) -> Vec<String> {
        if self.is_balanced() { Vec::new() } else { vec!["does not sum to zero".to_owned()] }
    }

    fn entries(&self, _: &str) -> Vec<Entry> {
        vec![Entry::new(account(self.payment.as_str()), -self.received())]
    }
}

fn account(payment: &str) -> String {
    format!("the money of {payment}")
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;
    use haat_kernel::{Money, Timestamp};
    use haat_store::Aggregate;

    use super::*;
    use crate::payment::{PaymentEvent, Refund, Share, Terms};

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn refund(minor: i64) -> Refund {
        let part = Share { order: derived(&["order"]), seller: derived(&["seller"]), amount: Money::inr(minor) };
        let (id, reason) = (derived(&["refund"]), String::new());
        Refund { id, amount: Money::inr(minor), parts: vec![part], order: None, reason, state: RefundState::Pending, at: AT }
    }

    /// Of 1,000 in one share: captured, and then so much of it given back; with what the ledger had posted.
    fn after_refund(minor: i64) -> (Payment, Vec<LedgerTransaction>) {
        let terms = Terms {
            payment: derived(&["payment"]),
            order_group: derived(&["group"]),
            checkout: derived(&["checkout"]),
            amount: Money::inr(1_000),
            provider: "sandbox".to_owned(),
            token: "tok_ok".to_owned(),
            shares: refund(1_000).parts,
        };
        let mut payment = Payment::create(&PaymentEvent::Created { terms, at: AT }).unwrap();
        let mut posted = Vec::new();
        for event in [
            PaymentEvent::Authorized { reference: None, at: AT },
            PaymentEvent::Captured { at: AT },
            PaymentEvent::RefundRequested { refund: refund(minor) },
            PaymentEvent::RefundSucceeded { refund: derived(&["refund"]), at: AT },
        ] {
            posted.extend(LedgerTransaction::of(payment.intent().unwrap(), &event).unwrap());
            payment.apply(&event);
        }
        (payment, posted)
    }

    #[test]
    fn the_ledger_has_what_was_captured_and_not_given_back() {
        let (payment, posted) = after_refund(300);
        assert_eq!(payment.faults(""), Vec::<String>::new());
        let kept = payment.entries(payment.id().as_str());
        assert_eq!(kept[0].amount, 700);
        let booked: Vec<Entry> = posted.iter().flat_map(|transaction| transaction.entries("")).collect();
        assert!(booked.iter().all(|entry| entry.account == kept[0].account));
        assert_eq!(kept[0].amount + booked.iter().map(|entry| entry.amount).sum::<i64>(), 0);
    }

    #[test]
    fn no_more_is_given_back_than_was_taken() {
        let faults = after_refund(1_200).0.faults("");
        assert_eq!(faults.len(), 2, "{faults:?}");
        let (_, mut posted) = after_refund(300);
        posted[0].entries[0].amount.minor += 1;
        assert_eq!(posted[0].faults("").len(), 1);
    }
}
