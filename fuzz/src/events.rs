//! Stored events and states: a kind of aggregate in the first line, then an event or a state as JSON in each line. What
//! loads can be stored and loaded again without a change, in whatever order events come, and has keys and timers. Numbers
//! that no decision lets pass are left out: they never were in an event.

use haat_store::Aggregate;
use serde_json::Value;

macro_rules! kinds {
    ($($aggregate:ty),* $(,)?) => {
        &[$((<$aggregate as Aggregate>::KIND, load::<$aggregate> as Load)),*]
    };
}

type Load = fn(&str);

const KINDS: &[(&str, Load)] = kinds![
    haat_catalog::product::Product,
    haat_catalog::shelf::Shelf,
    haat_checkout::cart::Cart,
    haat_checkout::checkout::Checkout,
    haat_inventory::reservation::Reservation,
    haat_inventory::stock::Stock,
    haat_inventory::warehouse::Warehouse,
    haat_notifications::message::Message,
    haat_orders::cancellation::Cancellation,
    haat_orders::group::OrderGroup,
    haat_orders::order::Order,
    haat_payments::ledger::LedgerTransaction,
    haat_payments::payment::Payment,
    haat_pricing::coupon::Coupon,
    haat_pricing::offer_price::OfferPrice,
    haat_pricing::redemption::Redemption,
    haat_pricing::redemption::Usage,
    haat_store::SetAside,
    haat_users::session::Session,
    haat_users::user::User,
];

/// Of anything that is counted; amounts of money are far from their limit with it.
const NUMBER_MAX: i64 = 10_000_000;

pub fn run(data: &[u8]) {
    let Some((kind, lines)) = crate::split_line(data) else { return };
    let Ok(lines) = std::str::from_utf8(lines) else { return };
    if let Some((_, load)) = KINDS.iter().find(|(name, _)| *name == kind) {
        load(lines);
    }
}

fn load<A: Aggregate>(lines: &str) {
    let mut state: Option<A> = None;
    for line in lines.lines().filter(|line| serde_json::from_str(line).is_ok_and(|value| is_possible(&value))) {
        if let Ok(event) = serde_json::from_str::<A::Event>(line) {
            let again = serde_json::from_value::<A::Event>(to_value(&event)).expect("an event that was stored");
            assert_eq!(to_value(&again), to_value(&event));
            match &mut state {
                Some(state) => state.apply(&event),
                None => state = A::create(&event),
            }
        } else if let Ok(snapshot) = serde_json::from_str::<A>(line) {
            state = Some(snapshot);
        }
        if let Some(state) = &state {
            assert_kept(state);
        }
    }
}

fn is_possible(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_none_or(|number| number.abs() <= NUMBER_MAX),
        Value::Array(items) => items.iter().all(is_possible),
        Value::Object(fields) => fields.values().all(is_possible),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn assert_kept<A: Aggregate>(state: &A) {
    let again = serde_json::from_value::<A>(to_value(state)).expect("a state that was stored");
    assert_eq!(to_value(&again), to_value(state));
    assert_eq!(again.keys(), state.keys());
    assert_eq!(again.timers(), state.timers());
}

fn to_value(thing: &impl serde::Serialize) -> Value {
    serde_json::to_value(thing).expect("JSON")
}
