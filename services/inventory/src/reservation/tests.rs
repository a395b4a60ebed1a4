//! What a reservation allows, as tables: given the requests so far, when another comes, then its state and the pieces that
//! it still holds, or the code of the refusal.

use haat_kernel::id::derived;

use super::*;

const DUE: i64 = 900;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Offers are named by a letter, sellers too.
type Asked = &'static [(&'static str, &'static str, i64)];

/// Two pieces of `x` by seller `s`, three of `y` by seller `t`.
const BOTH: Asked = &[("x", "s", 2), ("y", "t", 3)];

fn demand(asked: Asked) -> Demand {
    let wanted = |quantity: &i64, seller: &str| Wanted { quantity: *quantity, seller: derived(&[seller]) };
    asked.iter().map(|(offer, seller, quantity)| (derived(&[offer]), wanted(quantity, seller))).collect()
}

fn held() -> Reservation {
    let line = |(offer, seller, quantity): &(&str, &str, i64)| Line {
        offer: derived(&[offer]),
        seller: derived(&[seller]),
        warehouse: derived(&["warehouse"]),
        quantity: *quantity,
    };
    Reservation::create(&ReservationEvent::Held { lines: BOTH.iter().map(line).collect(), expires: at(DUE) }).unwrap()
}

#[derive(Clone, Debug)]
enum When {
    Repeat(Asked),
    Allocate,
    Release,
    ReleaseOf(&'static str),
    Expire(i64),
    Withdraw(&'static str),
}

use When::{Allocate, Expire, Release, ReleaseOf, Repeat, Withdraw};

fn after(mut reservation: Reservation, when: &When) -> Result<Reservation, ReservationError> {
    let events = match when {
        Repeat(asked) => reservation.repeat(&demand(asked))?,
        Allocate => reservation.allocate()?,
        Release => reservation.release(None),
        ReleaseOf(seller) => reservation.release(Some(derived(&[seller]))),
        Expire(second) => reservation.expire(at(*second)),
        Withdraw(reason) => reservation.withdraw(reason)?,
    };
    events.iter().for_each(|event| reservation.apply(event));
    Ok(reservation)
}

/// `expected` is the state and how many pieces of which offers are held, or a code.
#[track_caller]
fn check(given: &[When], when: When, expected: &str) {
    let reservation = given.iter().fold(held(), |reservation, when| after(reservation, when).unwrap());
    let found = after(reservation, &when).map_or_else(|error| error.code().to_owned(), |reservation| describe(&reservation));
    assert_eq!(found, expected, "given {given:?}, when {when:?}");
}

fn describe(reservation: &Reservation) -> String {
    let picks = reservation.picks(None);
    let of = |name: &&str| {
        let quantity: i64 = picks.get(&derived::<OfferId>(&[name]))?.iter().map(|pick| pick.quantity).sum();
        Some(format!(" {quantity}{name}"))
    };
    let is_waiting = reservation.timers() == vec![Timer::at(EXPIRE, at(DUE))];
    assert_eq!(is_waiting, reservation.status == Status::Held, "only what is held expires");
    format!("{:?}{}", reservation.status, ["x", "y"].iter().filter_map(of).collect::<String>())
}

#[test]
fn a_repeated_request_means_the_same_reservation() {
    check(&[], Repeat(BOTH), "Held 2x 3y");
    check(&[Allocate], Repeat(BOTH), "Allocated 2x 3y");
    check(&[ReleaseOf("s")], Repeat(BOTH), "Held 3y");
    check(&[], Repeat(&[("x", "s", 2)]), "reservation_differs");
    check(&[], Repeat(&[("x", "s", 2), ("y", "t", 4)]), "reservation_differs");
    check(&[Release], Repeat(BOTH), "reservation_ended");
    check(&[Expire(DUE)], Repeat(BOTH), "reservation_ended");
}

#[test]
fn what_is_allocated_does_not_expire() {
    check(&[], Allocate, "Allocated 2x 3y");
    check(&[Allocate], Allocate, "Allocated 2x 3y");
    check(&[Allocate], Expire(DUE), "Allocated 2x 3y");
    check(&[Release], Allocate, "reservation_ended");
    check(&[Expire(DUE)], Allocate, "reservation_ended");
}

#[test]
fn everything_is_given_back_once() {
    check(&[], Release, "Released");
    check(&[Release], Release, "Released");
    check(&[Allocate], Release, "Released");
    check(&[Expire(DUE)], Release, "Expired");
    check(&[Release], Expire(DUE), "Released");
}

#[test]
fn an_operator_takes_back_only_what_a_checkout_holds_and_says_why() {
    check(&[], Withdraw("stuck since noon"), "Released");
    check(&[Withdraw("stuck")], Withdraw("again"), "Released");
    check(&[Withdraw("stuck")], Allocate, "reservation_ended");
    check(&[Withdraw("stuck")], Repeat(BOTH), "reservation_ended");
    check(&[Allocate], Withdraw("stuck"), "reservation_allocated");
    check(&[Expire(DUE)], Withdraw("stuck"), "Expired");
    check(&[], Withdraw("  "), "reason_required");
}

#[test]
fn a_seller_gives_back_their_own_lines() {
    check(&[], ReleaseOf("s"), "Held 3y");
    check(&[ReleaseOf("s")], ReleaseOf("s"), "Held 3y");
    check(&[], ReleaseOf("u"), "Held 2x 3y");
    check(&[ReleaseOf("s")], Allocate, "Allocated 3y");
    check(&[Allocate, ReleaseOf("s")], ReleaseOf("t"), "Released");
    check(&[Allocate, ReleaseOf("s")], Release, "Released");
    check(&[ReleaseOf("s")], Expire(DUE), "Expired");
}

#[test]
fn it_expires_in_time_and_not_before() {
    check(&[], Expire(DUE - 1), "Held 2x 3y");
    check(&[], Expire(DUE), "Expired");
    check(&[Expire(DUE)], Expire(DUE), "Expired");
}

#[test]
fn one_that_was_barred_never_is() {
    let barred = Reservation::create(&ReservationEvent::Barred).unwrap();
    assert_eq!(barred.repeat(&demand(BOTH)), Err(ReservationError::Ended));
    assert_eq!(barred.allocate(), Err(ReservationError::Ended));
    assert_eq!(barred.release(None), vec![]);
    assert_eq!(describe(&barred), "Released");
}

#[test]
fn shortages_are_told_in_words() {
    let shortage = Shortage { offer: derived(&["x"]), requested: 3, available: 1 };
    let violations = ReservationError::OutOfStock(vec![shortage.clone()]).violations();
    assert_eq!(violations, vec![Violation::new(shortage.offer.as_str(), "3 requested, 1 available")]);
}
