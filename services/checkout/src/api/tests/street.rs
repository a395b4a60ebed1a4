//! The neighbours of a checkout, played: a street of stalls that keep the promises of their contracts, and that can be told
//! to refuse, to be away, or to do as told and lose the answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use haat_kernel::id::derived;
use haat_kernel::{Ctx, Error, Kind, Money, Result, Violation};

use crate::checkout::{PaymentState, Terms};
use crate::ids::OfferId;
use crate::market::tests::{market, offer};
use crate::market::{Offer, Quote};
use crate::neighbours::{Neighbours, QuoteRequest};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    Held,
    Final,
    Gone,
}

/// What becomes of the calls of one name.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// So many calls do not arrive.
    Away(u32),
    /// So many take effect and are not answered.
    Mute(u32),
    /// Refused for a reason that nobody expects.
    Odd(u32),
}

#[derive(Debug, Default)]
pub struct Books {
    pub prices: BTreeMap<String, i64>,
    pub stock: BTreeMap<OfferId, i64>,
    pub reservations: BTreeMap<String, Hold>,
    pub coupons: BTreeMap<String, Hold>,
    pub orders: BTreeMap<String, Hold>,
    pub payments: BTreeMap<String, PaymentState>,
    pub captures: u32,
    pub trouble: BTreeMap<&'static str, Trouble>,
    pub withdrawn: Vec<String>,
}

#[derive(Default)]
pub struct Street(Mutex<Books>);

impl Street {
    /// Sells `x` for 500 rupees and `y` for 300, ten pieces of each.
    pub fn open() -> Self {
        let street = Street::default();
        for (name, price) in [("x", 50_000), ("y", 30_000)] {
            street.books().prices.insert(name.to_owned(), price);
            street.books().stock.insert(derived(&[name]), 10);
        }
        street
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    /// The only one of its kind.
    pub fn only<T: Clone>(map: &BTreeMap<String, T>) -> T {
        assert_eq!(map.len(), 1);
        map.values().next().cloned().unwrap()
    }

    /// Runs an effect as the trouble with `call` lets it.
    fn answer<T>(&self, call: &'static str, effect: impl FnOnce(&mut Books) -> Result<T>) -> Result<T> {
        let mut books = self.books();
        let lost = Error::new(Kind::DeadlineExceeded, "deadline_exceeded", "lost");
        let trouble = books.trouble.remove(call);
        let left = |n: u32, make: fn(u32) -> Trouble| (n > 1).then(|| make(n - 1));
        let (rest, outcome) = match trouble {
            None => (None, effect(&mut books)),
            Some(Trouble::Away(n)) => (left(n, Trouble::Away), Err(Error::unavailable("away"))),
            Some(Trouble::Mute(n)) => (left(n, Trouble::Mute), effect(&mut books).and(Err(lost))),
            Some(Trouble::Odd(n)) => (left(n, Trouble::Odd), Err(Error::permission_denied("odd"))),
        };
        rest.map(|rest| books.trouble.insert(call, rest));
        outcome
    }
}

fn finish(holds: &mut BTreeMap<String, Hold>, id: &str, code: &str) -> Result<()> {
    match holds.get_mut(id) {
        Some(hold @ (Hold::Held | Hold::Final)) => {
            *hold = Hold::Final;
            Ok(())
        }
        _ => Err(Error::new(Kind::FailedPrecondition, code, "ended")),
    }
}

fn hold(holds: &mut BTreeMap<String, Hold>, id: &str, code: &str) -> Result<()> {
    match holds.entry(id.to_owned()).or_insert(Hold::Held) {
        Hold::Gone => Err(Error::new(Kind::FailedPrecondition, code, "barred")),
        _ => Ok(()),
    }
}

impl Books {
    fn reserve(&mut self, terms: &Terms) -> Result<()> {
        let id = terms.ids.reservation.as_str();
        if !self.reservations.contains_key(id) {
            let short = terms.lines().filter(|(_, line)| self.stock[&line.offer] < i64::from(line.quantity));
            let short: Vec<Violation> = short.map(|(_, line)| Violation::new(line.offer.as_str(), "too few")).collect();
            if !short.is_empty() {
                return Err(Error::new(Kind::FailedPrecondition, "out_of_stock", "Too few.").with_violations(short));
            }
            terms.lines().for_each(|(_, line)| *self.stock.get_mut(&line.offer).unwrap() -= i64::from(line.quantity));
        }
        hold(&mut self.reservations, id, "reservation_ended")
    }

    fn release(&mut self, terms: &Terms) {
        let before = self.reservations.insert(terms.ids.reservation.to_string(), Hold::Gone);
        if matches!(before, Some(Hold::Held | Hold::Final)) {
            terms.lines().for_each(|(_, line)| *self.stock.get_mut(&line.offer).unwrap() += i64::from(line.quantity));
        }
    }

    fn authorize(&mut self, terms: &Terms) -> PaymentState {
        let first = match terms.instrument.as_ref().map_or("tok_ok", |instrument| &instrument.token) {
            "tok_declined" => PaymentState::Refused { detail: "no funds".to_owned() },
            "tok_slow" => PaymentState::Undecided { action_url: None },
            "tok_action" => PaymentState::Undecided { action_url: Some("https://pay.test/1".to_owned()) },
            _ => PaymentState::Authorized,
        };
        self.payments.entry(terms.ids.payment.to_string()).or_insert(first).clone()
    }
}

#[async_trait]
impl Neighbours for Street {
    async fn resolve(&self, _: &Ctx, offers: &[OfferId], skus: &[String]) -> Result<Vec<Offer>> {
        self.answer("resolve", |books| {
            let known = books
                .prices
                .iter()
                .map(|(name, price)| Offer { is_sellable: !books.withdrawn.contains(name), ..offer(name, *price) });
            Ok(known.filter(|known| offers.contains(&known.id) || skus.contains(&known.sku)).collect())
        })
    }

    async fn quote(&self, _: &Ctx, request: &QuoteRequest) -> Result<Quote> {
        self.answer("quote", |books| {
            let price = |offer: &OfferId| books.prices.iter().find(|(name, _)| derived::<OfferId>(&[name]) == *offer).unwrap().1;
            let lines: Vec<_> = request.lines.iter().map(|(offer, n)| (offer.clone(), *n, *price(offer))).collect();
            let refusal = request.coupon.as_deref().filter(|code| *code != "TEN").map(|_| "There is no such coupon.".to_owned());
            let mut quote = market(&lines).quote;
            if request.coupon.as_deref() == Some("FREE") {
                quote.lines.iter_mut().for_each(|line| (line.discount, line.total) = (line.total, Money::inr(0)));
                let free = quote.sellers.iter_mut().map(|seller| &mut seller.totals).chain([&mut quote.totals]);
                free.for_each(|totals| (totals.discount, totals.total) = (totals.total, Money::inr(0)));
                return Ok(quote);
            }
            Ok(Quote { coupon_refusal: refusal, ..quote })
        })
    }

    async fn availability(&self, _: &Ctx, offers: &[OfferId]) -> Result<BTreeMap<OfferId, i64>> {
        self.answer("availability", |books| Ok(offers.iter().map(|offer| (offer.clone(), books.stock[offer])).collect()))
    }

    async fn reserve_stock(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("reserve_stock", |books| books.reserve(terms))
    }

    async fn allocate_stock(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("allocate_stock", |books| {
            finish(&mut books.reservations, terms.ids.reservation.as_str(), "reservation_ended")
        })
    }

    async fn release_stock(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("release_stock", |books| {
            books.release(terms);
            Ok(())
        })
    }

    async fn hold_coupon(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("hold_coupon", |books| hold(&mut books.coupons, terms.ids.checkout.as_str(), "coupon_invalid"))
    }

    async fn redeem_coupon(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("redeem_coupon", |books| finish(&mut books.coupons, terms.ids.checkout.as_str(), "coupon_invalid"))
    }

    async fn release_coupon(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("release_coupon", |books| {
            books.coupons.insert(terms.ids.checkout.to_string(), Hold::Gone);
            Ok(())
        })
    }

    async fn place_orders(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("place_orders", |books| hold(&mut books.orders, terms.ids.group.as_str(), "order_group_abandoned"))
    }

    async fn confirm_orders(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("confirm_orders", |books| finish(&mut books.orders, terms.ids.group.as_str(), "order_group_abandoned"))
    }

    async fn abandon_orders(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("abandon_orders", |books| {
            books.orders.insert(terms.ids.group.to_string(), Hold::Gone);
            Ok(())
        })
    }

    async fn authorize_payment(&self, _: &Ctx, terms: &Terms) -> Result<PaymentState> {
        self.answer("authorize_payment", |books| Ok(books.authorize(terms)))
    }

    async fn capture_payment(&self, _: &Ctx, terms: &Terms) -> Result<PaymentState> {
        self.answer("capture_payment", |books| {
            let payment = books.payments.get_mut(terms.ids.payment.as_str()).unwrap();
            assert!(matches!(payment, PaymentState::Authorized | PaymentState::Captured), "captured {payment:?}");
            books.captures += u32::from(*payment == PaymentState::Authorized);
            *payment = PaymentState::Captured;
            Ok(payment.clone())
        })
    }

    async fn cancel_payment(&self, _: &Ctx, terms: &Terms) -> Result<()> {
        self.answer("cancel_payment", |books| {
            let voided = PaymentState::Refused { detail: "voided".to_owned() };
            let before = books.payments.insert(terms.ids.payment.to_string(), voided);
            assert_ne!(before, Some(PaymentState::Captured), "a checkout failed whose money was taken");
            Ok(())
        })
    }

    async fn payment(&self, _: &Ctx, terms: &Terms) -> Result<PaymentState> {
        self.answer("payment", |books| Ok(books.payments[terms.ids.payment.as_str()].clone()))
    }
}
