//! What a stock allows, as tables: given the movements so far, when another is asked for, then what the shelves hold, or
//! the code of the refusal.

use haat_kernel::id::derived;

use super::*;

fn warehouse(name: &str) -> WarehouseId {
    derived(&[name])
}

fn picks(from: &[(&str, i64)]) -> Vec<Pick> {
    from.iter().map(|(name, quantity)| Pick { warehouse: warehouse(name), quantity: *quantity }).collect()
}

/// One request to a stock. Reservations take from the warehouses that the stock itself names.
#[derive(Clone, Debug)]
enum When {
    Opening(&'static str, i64),
    Receive(&'static str, i64),
    Adjust(&'static str, i64),
    Reserve(i64),
    Allocate(&'static [(&'static str, i64)]),
    Release(&'static [(&'static str, i64)], Claim),
}

use When::{Adjust, Allocate, Opening, Receive, Release, Reserve};

fn decide(stock: &Stock, when: &When) -> Decision {
    let reservation = ReservationId::parse("id", "r").unwrap();
    match when.clone() {
        Opening(name, quantity) => stock.receive_opening(warehouse(name), quantity),
        Receive(name, quantity) => stock.receive(warehouse(name), quantity),
        Adjust(name, delta) => stock.adjust(warehouse(name), delta, "count".into()),
        Reserve(quantity) => stock.reserve(reservation, stock.source(quantity).ok_or(StockError::NotHeld)?),
        Allocate(from) => stock.allocate(reservation, picks(from)),
        Release(from, claim) => stock.release(reservation, picks(from), claim),
    }
}

fn after(mut stock: Stock, when: &When) -> Result<Stock, StockError> {
    for event in decide(&stock, when)? {
        stock.apply(&event);
        assert_eq!(event.available().unwrap_or(stock.available()), stock.available(), "{event:?} says what is available");
    }
    Ok(stock)
}

/// `expected` is `warehouse on-hand/reserved/allocated …`, or a code.
#[track_caller]
fn check(given: &[When], when: When, expected: &str) {
    let stock = given.iter().fold(Stock::new(derived(&["seller"])), |stock, when| after(stock, when).unwrap());
    let found = match after(stock, &when) {
        Err(error) => error.code().to_owned(),
        Ok(stock) => ["a", "b"].iter().filter_map(|name| describe(&stock, name)).collect::<Vec<_>>().join(" "),
    };
    assert_eq!(found, expected, "given {given:?}, when {when:?}");
}

fn describe(stock: &Stock, name: &str) -> Option<String> {
    let shelf = stock.shelves.get(&warehouse(name))?;
    Some(format!("{name} {}/{}/{}", shelf.on_hand, shelf.reserved, shelf.allocated))
}

const TEN: When = Receive("a", 10);

#[test]
fn goods_come_in() {
    check(&[], TEN, "a 10/0/0");
    check(&[TEN], Receive("b", 5), "a 10/0/0 b 5/0/0");
    check(&[TEN], Receive("a", PIECES_MAX - 9), "quantity_out_of_range");
}

#[test]
fn the_opening_stock_comes_once() {
    check(&[], Opening("a", 7), "a 7/0/0");
    check(&[TEN], Opening("a", 7), "a 17/0/0");
    check(&[Opening("a", 7)], Opening("a", 7), "a 7/0/0");
    check(&[Opening("a", 0)], Opening("a", 7), "a 7/0/0");
}

#[test]
fn a_correction_takes_nothing_that_is_held() {
    check(&[TEN], Adjust("a", -10), "a 0/0/0");
    check(&[TEN], Adjust("a", -11), "stock_held");
    check(&[], Adjust("a", -1), "stock_held");
    check(&[], Adjust("a", 1), "a 1/0/0");
    check(&[TEN, Reserve(4)], Adjust("a", -6), "a 4/4/0");
    check(&[TEN, Reserve(4)], Adjust("a", -7), "stock_held");
    check(&[TEN, Reserve(4), Allocate(&[("a", 4)])], Adjust("a", -7), "stock_held");
    check(&[TEN, Reserve(4), Receive("b", 9)], Adjust("a", -7), "stock_held");
}

#[test]
fn pieces_come_from_the_fullest_warehouse_first() {
    check(&[TEN], Reserve(10), "a 10/10/0");
    check(&[TEN], Reserve(11), "internal");
    check(&[TEN, Receive("b", 12)], Reserve(11), "a 10/0/0 b 12/11/0");
    check(&[TEN, Receive("b", 12)], Reserve(13), "a 10/1/0 b 12/12/0");
    check(&[TEN, Receive("b", 12), Reserve(11)], Reserve(2), "a 10/2/0 b 12/11/0");
}

#[test]
fn what_is_held_is_allocated_or_given_back() {
    check(&[TEN, Reserve(4)], Allocate(&[("a", 4)]), "a 10/0/4");
    check(&[TEN, Reserve(4)], Release(&[("a", 4)], Claim::Reserved), "a 10/0/0");
    check(&[TEN, Reserve(4), Allocate(&[("a", 3)])], Release(&[("a", 3)], Claim::Allocated), "a 10/1/0");
}

#[test]
fn what_is_not_held_cannot_be_given_back() {
    check(&[TEN, Reserve(4)], Release(&[("a", 5)], Claim::Reserved), "internal");
    check(&[TEN, Reserve(4)], Release(&[("a", 4)], Claim::Allocated), "internal");
    check(&[TEN, Reserve(4)], Release(&[("b", 4)], Claim::Reserved), "internal");
    check(&[TEN, Reserve(4)], Allocate(&[("a", 5)]), "internal");
}

#[test]
fn a_stock_is_opened_by_its_first_movement() {
    let seller: SellerId = derived(&["seller"]);
    let events = Stock::decide(None, &seller, |stock| stock.receive(warehouse("a"), 3)).unwrap();
    let mut stock = Stock::create(&events[0]).unwrap();
    events.iter().skip(1).for_each(|event| stock.apply(event));
    assert_eq!((stock.available(), &stock.seller), (3, &seller));
    assert!(Stock::create(&events[1]).is_none(), "a ledger begins with its opening");
}
