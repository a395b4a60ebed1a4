//! Money on its way: payments whose provider is being asked. Whether what was taken is in the ledger, payments says itself.

use super::books::Report;
use super::facts::Facts;

pub fn judge(facts: &Facts, report: &mut Report) {
    for (id, payment) in &facts.payments {
        if payment.intent().is_some_and(|intent| intent.work().is_some() && intent.action_url.is_none()) {
            report.moving(format!("payment {id} asks its provider"));
        }
    }
}
