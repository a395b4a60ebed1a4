//! The books of orders: amounts add up from lines to orders, no more is given back than was paid, and a group and its orders
//! are placed, and canceled, together.

use haat_service::{Book, Books, Entry};

use crate::cancellation::Cancellation;
use crate::group::{Group, GroupState, OrderGroup};
use crate::order::{Order, State};
use crate::sums::{Line, Sums};

pub fn books() -> Books {
    Books::new().book::<OrderGroup>().book::<Order>().book::<Cancellation>()
}

impl Book for OrderGroup {
    fn entries(&self, id: &str) -> Vec<Entry> {
        self.known().map(|group| of_group(id, group)).unwrap_or_default()
    }
}

fn of_group(id: &str, group: &Group) -> Vec<Entry> {
    let all = i64::try_from(group.terms.orders.len()).unwrap_or(i64::MAX);
    let canceled = if group.state == GroupState::Closed { all } else { group.canceled() };
    let placed = if group.is_visible() { all } else { 0 };
    vec![Entry::new(placed_of(id), placed), Entry::new(canceled_of(id), canceled)]
}

impl Book for Order {
    fn faults(&self, _: &str) -> Vec<String> {
        let (sums, refunded) = (&self.terms.sums, self.refunded_total());
        let is_priced = |line: &Line| Line::price(line.unit_price, line.quantity, line.discount) == Ok(line.total);
        let added_up = Sums::of_lines(&self.terms.lines, sums.shipping, sums.tax, sums.tax_included);
        let rules = [
            (self.terms.lines.iter().all(is_priced), "has a line whose total is not its price".to_owned()),
            (added_up == Ok(*sums), format!("is over {}, which is not the sum of its lines", sums.total)),
            (refunded.minor <= sums.total.minor, format!("gave back {refunded} of {}", sums.total)),
        ];
        rules.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
    }

    fn entries(&self, _: &str) -> Vec<Entry> {
        let group = self.terms.group.as_str();
        let (placed, canceled) = (i64::from(self.is_visible()), i64::from(self.state == State::Canceled));
        vec![Entry::new(placed_of(group), -placed), Entry::new(canceled_of(group), -canceled)]
    }
}

impl Book for Cancellation {
    fn faults(&self, _: &str) -> Vec<String> {
        haat_saga::abandoned(self).into_iter().collect()
    }
}

fn placed_of(group: &str) -> String {
    format!("the placed orders of {group}")
}

fn canceled_of(group: &str) -> String {
    format!("the canceled orders of {group}")
}
