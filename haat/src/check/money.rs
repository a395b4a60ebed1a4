//! The books of money: every ledger transaction sums to zero; what providers owe us is what was captured and not given
//! back; nothing is given back that was not captured; coupons stay within their limits.

use std::collections::BTreeMap;

use haat_kernel::Money;

use super::books::Report;
use super::facts::Facts;

pub fn judge(facts: &Facts, report: &mut Report) {
    let mut receivable: BTreeMap<&str, i64> = BTreeMap::new();
    for (id, transaction) in &facts.ledger {
        if !transaction.is_balanced() {
            report.wrong(format!("ledger transaction {id} does not sum to zero"));
        }
        for entry in transaction.entries.iter().filter(|entry| entry.account.starts_with("provider:")) {
            *receivable.entry(transaction.payment.as_str()).or_default() += entry.amount.minor;
        }
    }
    for (id, payment) in &facts.payments {
        let Some(intent) = payment.intent() else { continue };
        let (captured, refunded) = (intent.captured(), intent.refunded());
        if refunded.minor > captured.minor {
            report.wrong(format!("payment {id} gave back {refunded} of {captured}"));
        }
        let booked = receivable.remove(id.as_str()).unwrap_or(0);
        if booked != captured.minor - refunded.minor {
            let booked = Money { minor: booked, ..captured };
            report.wrong(format!("payment {id} captured {captured} and gave back {refunded}, but the ledger has {booked}"));
        }
        let shares: i64 = intent.terms.shares.iter().map(|share| share.amount.minor).sum();
        if shares != intent.terms.amount.minor {
            report.wrong(format!("the shares of payment {id} do not add up to its amount"));
        }
        if payment.work().is_some() && intent.action_url.is_none() {
            report.moving(format!("payment {id} asks its provider"));
        }
    }
    for payment in receivable.keys() {
        report.wrong(format!("the ledger has entries for the unknown payment {payment}"));
    }
    for (code, coupon) in &facts.coupons {
        if coupon.terms.redemptions_max.is_some_and(|limit| coupon.redemptions > limit) {
            report.wrong(format!("coupon {code} was redeemed {} times", coupon.redemptions));
        }
    }
}
