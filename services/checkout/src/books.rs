//! The books of checkouts: what is charged is the sum of its orders, every checkout has ended, is parked or will be driven on,
//! and a cart is closed to changes exactly as long as its checkout runs.

use haat_service::{Book, Books, Entry};

use crate::cart::{Cart, Status};
use crate::checkout::{Checkout, OrderLine};

pub fn books() -> Books {
    Books::new().book::<Cart>().book::<Checkout>()
}

impl Book for Cart {
    fn entries(&self, id: &str) -> Vec<Entry> {
        let is_checking_out = matches!(self.status, Status::CheckingOut { .. });
        vec![Entry::new(account(id), i64::from(is_checking_out))]
    }
}

impl Book for Checkout {
    fn faults(&self, _: &str) -> Vec<String> {
        let terms = &self.terms;
        let orders: i64 = terms.orders.iter().map(|order| order.totals.total.minor).sum();
        let line = |line: &OrderLine| line.total.minor;
        let goods = terms.orders.iter().all(|order| {
            let totals = &order.totals;
            order.lines.iter().map(line).sum::<i64>() + totals.shipping.minor + totals.tax.minor == totals.total.minor
        });
        let rules = [
            (orders == terms.totals.total.minor, format!("is over {}, and its orders come to {orders}", terms.totals.total)),
            (goods, "has an order that is not the sum of its lines".to_owned()),
        ];
        let wrong = rules.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault);
        wrong.chain(haat_saga::abandoned(self)).collect()
    }

    fn entries(&self, _: &str) -> Vec<Entry> {
        vec![Entry::new(account(self.terms.cart.as_str()), -i64::from(!self.is_ended()))]
    }
}

fn account(cart: &str) -> String {
    format!("the checkouts that run for {cart}")
}
