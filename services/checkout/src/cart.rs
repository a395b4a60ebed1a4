//! A cart: what a buyer means to buy, for whom, and where to. It carries no prices but those that the buyer has seen;
//! what it costs is asked of the market each time. It is anybody's who holds its id until a user claims it. While a
//! checkout runs nothing in it changes; once one has completed, nothing ever does. At most one checkout runs at a time.

mod error;
mod problems;
#[cfg(test)]
mod tests;

use haat_kernel::time::plus_seconds;
use haat_kernel::{Money, PostalAddress, Timestamp, sabotage};
use haat_store::{Aggregate, Timer};
use serde::{Deserialize, Serialize};

use crate::contact::Email;
use crate::ids::{CheckoutId, OfferId, ProductId, SellerId, UserId};
use crate::market::{Delivery, Market, Offer};

pub use error::CartError;
pub use problems::{Problem, ProblemCode, problems};

pub const QUANTITY_MAX: u32 = 99;
pub const LINES_MAX: usize = 100;
const COUPON_LENGTH_MAX: usize = 32;
/// A cart that nothing was put into for so long is forgotten.
const LIFETIME_S: i64 = 30 * 24 * 60 * 60;
/// Longer than any checkout or any question about one may take.
const KEPT_S: i64 = 90 * 24 * 60 * 60;

/// The one timer.
pub const EXPIRE: &str = "expire";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub offer: OfferId,
    pub sku: String,
    pub title: String,
    pub seller: SellerId,
    pub product: ProductId,
    pub quantity: u32,
    /// The unit price that the buyer saw when they last touched the line.
    pub seen: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Status {
    Open,
    CheckingOut {
        checkout: CheckoutId,
    },
    /// A checkout has completed.
    Closed {
        checkout: CheckoutId,
    },
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CartEvent {
    Created { owner: Option<UserId>, at: Timestamp },
    Claimed { owner: UserId },
    EmailSet { email: Email },
    AddressSet { address: PostalAddress },
    ItemAdded { line: Line, at: Timestamp },
    QuantitySet { offer: OfferId, quantity: u32, at: Timestamp },
    ItemRemoved { offer: OfferId },
    PriceSeen { offer: OfferId, unit_price: Money },
    CouponApplied { code: String },
    CouponRemoved,
    CheckoutStarted { checkout: CheckoutId },
    CheckoutFailed { checkout: CheckoutId, at: Timestamp },
    CheckedOut { checkout: CheckoutId },
    Expired,
}

pub type Decision = Result<Vec<CartEvent>, CartError>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    pub owner: Option<UserId>,
    pub email: Option<Email>,
    pub address: Option<PostalAddress>,
    pub lines: Vec<Line>,
    pub coupon: Option<String>,
    pub status: Status,
    touched: Timestamp,
}

impl Cart {
    /// Whether `user` (none: nobody is signed in) may see and change it.
    pub fn admits(&self, user: Option<&UserId>) -> bool {
        let is_theirs = self.owner.is_none() || self.owner.as_ref() == user;
        is_theirs && self.status != Status::Expired
    }

    pub fn line(&self, offer: &OfferId) -> Option<&Line> {
        self.lines.iter().find(|line| line.offer == *offer)
    }

    /// The checkout that runs or has completed.
    pub fn checkout(&self) -> Option<&CheckoutId> {
        match &self.status {
            Status::CheckingOut { checkout } | Status::Closed { checkout } => Some(checkout),
            Status::Open | Status::Expired => None,
        }
    }

    /// The state after `events`, which are not committed yet.
    #[must_use]
    pub fn after(&self, events: &[CartEvent]) -> Self {
        let mut cart = self.clone();
        events.iter().for_each(|event| cart.apply(event));
        cart
    }

    /// The first signed-in user who comes by owns it.
    pub fn claim(&self, user: Option<&UserId>) -> Vec<CartEvent> {
        let is_free = self.owner.is_none() && self.status == Status::Open;
        let owner = user.filter(|_| is_free).cloned();
        owner.map(|owner| CartEvent::Claimed { owner }).into_iter().collect()
    }

    /// Puts pieces of an offer in; more of one that is in already adds up in its line.
    pub fn add(&self, offer: &Offer, quantity: u32, at: Timestamp) -> Decision {
        self.ensure_open()?;
        check_quantity(quantity, 1)?;
        if !offer.is_sellable {
            return Err(CartError::OfferNotFound(offer.id.to_string()));
        }
        if let Some(line) = self.line(&offer.id) {
            let quantity = line.quantity + quantity;
            check_quantity(quantity, 1)?;
            return Ok(vec![CartEvent::QuantitySet { offer: offer.id.clone(), quantity, at }]);
        }
        if self.lines.len() >= LINES_MAX {
            return Err(CartError::Full);
        }
        Ok(vec![CartEvent::ItemAdded { line: new_line(offer, quantity), at }])
    }

    /// 0 removes the line.
    pub fn set_quantity(&self, offer: &OfferId, quantity: u32, at: Timestamp) -> Decision {
        self.ensure_open()?;
        check_quantity(quantity, 0)?;
        let line = self.line(offer).ok_or_else(|| CartError::ItemNotFound(offer.to_string()))?;
        let offer = offer.clone();
        Ok(match quantity {
            0 => vec![CartEvent::ItemRemoved { offer }],
            _ if quantity == line.quantity => vec![],
            _ => vec![CartEvent::QuantitySet { offer, quantity, at }],
        })
    }

    /// The buyer touched this line and is shown what it costs now.
    pub fn see_price(&self, offer: &OfferId, market: &Market) -> Vec<CartEvent> {
        let price = market.quote.line(offer).map(|line| line.unit_price);
        let news = price.filter(|price| self.line(offer).is_some_and(|line| line.seen != *price));
        news.map(|unit_price| CartEvent::PriceSeen { offer: offer.clone(), unit_price }).into_iter().collect()
    }

    /// Changes what is given.
    pub fn set_contact(&self, email: Option<Email>, address: Option<PostalAddress>) -> Decision {
        self.ensure_open()?;
        let email = email.filter(|email| self.email.as_ref() != Some(email)).map(|email| CartEvent::EmailSet { email });
        let address = address.filter(|new| self.address.as_ref() != Some(new)).map(|address| CartEvent::AddressSet { address });
        Ok(email.into_iter().chain(address).collect())
    }

    /// Whether the coupon counts, the market says: see [`Cart::check_coupon`].
    pub fn apply_coupon(&self, code: &str) -> Decision {
        self.ensure_open()?;
        let code = code.trim();
        if code.is_empty() || code.chars().count() > COUPON_LENGTH_MAX {
            return Err(CartError::CouponInvalid("There is no such coupon.".to_owned()));
        }
        let is_new = self.coupon.as_deref() != Some(code);
        Ok(is_new.then(|| CartEvent::CouponApplied { code: code.to_owned() }).into_iter().collect())
    }

    pub fn remove_coupon(&self) -> Decision {
        self.ensure_open()?;
        Ok(self.coupon.as_ref().map(|_| CartEvent::CouponRemoved).into_iter().collect())
    }

    pub fn check_coupon(market: &Market) -> Result<(), CartError> {
        market.quote.coupon_refusal.clone().map_or(Ok(()), |reason| Err(CartError::CouponInvalid(reason)))
    }

    /// Whether it can be bought as far as it knows itself.
    pub fn ensure_ready(&self, delivery: &Delivery) -> Result<(), CartError> {
        self.ensure_open()?;
        if self.lines.is_empty() {
            return Err(CartError::Empty);
        }
        if self.owner.is_none() && self.email.is_none() {
            return Err(CartError::EmailRequired);
        }
        let address = self.address.as_ref().ok_or(CartError::AddressRequired)?;
        if delivery.serves(address) { Ok(()) } else { Err(CartError::UnserviceableAddress(address.country.clone())) }
    }

    /// Begins to buy at the market's present prices. Refuses what can be known to fail.
    pub fn start_checkout(
        &self,
        checkout: CheckoutId,
        market: &Market,
        delivery: &Delivery,
        expected: Option<Money>,
    ) -> Decision {
        self.ensure_ready(delivery)?;
        let unsold = self.lines.iter().map(|line| &line.offer).filter(|offer| !market.sells(offer));
        let unsold: Vec<OfferId> = unsold.cloned().collect();
        if !unsold.is_empty() {
            return Err(CartError::NotSold(unsold));
        }
        Cart::check_coupon(market)?;
        let total = market.quote.totals.total;
        if expected.is_some_and(|expected| expected != total) {
            return Err(CartError::PriceChanged(total));
        }
        Ok(vec![CartEvent::CheckoutStarted { checkout }])
    }

    /// The checkout came to nothing: the cart is usable again.
    pub fn checkout_failed(&self, checkout: &CheckoutId, at: Timestamp) -> Vec<CartEvent> {
        let event = CartEvent::CheckoutFailed { checkout: checkout.clone(), at };
        self.runs(checkout).then_some(event).into_iter().collect()
    }

    /// Everything in it was bought.
    pub fn checked_out(&self, checkout: &CheckoutId) -> Vec<CartEvent> {
        let event = CartEvent::CheckedOut { checkout: checkout.clone() };
        self.runs(checkout).then_some(event).into_iter().collect()
    }

    /// Never one that a checkout has its hands on, and not before its time.
    pub fn expire(&self, now: Timestamp) -> Vec<CartEvent> {
        let is_over = self.status == Status::Open && self.expires() <= now;
        is_over.then_some(CartEvent::Expired).into_iter().collect()
    }

    fn expires(&self) -> Timestamp {
        plus_seconds(self.touched, LIFETIME_S)
    }

    fn runs(&self, checkout: &CheckoutId) -> bool {
        self.status == Status::CheckingOut { checkout: checkout.clone() }
    }

    fn ensure_open(&self) -> Result<(), CartError> {
        match &self.status {
            Status::Open => Ok(()),
            Status::CheckingOut { .. } if sabotage::is("two-groups-for-a-cart") => Ok(()),
            Status::CheckingOut { checkout } => Err(CartError::CheckoutInProgress(checkout.clone())),
            Status::Closed { .. } | Status::Expired => Err(CartError::Closed),
        }
    }

    fn line_mut(&mut self, offer: &OfferId) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.offer == *offer)
    }
}

fn check_quantity(quantity: u32, least: u32) -> Result<(), CartError> {
    if (least..=QUANTITY_MAX).contains(&quantity) { Ok(()) } else { Err(CartError::QuantityOutOfRange { least }) }
}

fn new_line(offer: &Offer, quantity: u32) -> Line {
    Line {
        offer: offer.id.clone(),
        sku: offer.sku.clone(),
        title: offer.title.clone(),
        seller: offer.seller.clone(),
        product: offer.product.clone(),
        quantity,
        seen: offer.price,
    }
}

impl Aggregate for Cart {
    const KIND: &'static str = "cart";
    const SCHEMA: u32 = 1;
    type Event = CartEvent;

    fn create(event: &CartEvent) -> Option<Self> {
        let CartEvent::Created { owner, at } = event else { return None };
        Some(Cart {
            owner: owner.clone(),
            email: None,
            address: None,
            lines: Vec::new(),
            coupon: None,
            status: Status::Open,
            touched: *at,
        })
    }

    fn apply(&mut self, event: &CartEvent) {
        match event {
            CartEvent::Created { .. } => {}
            CartEvent::Claimed { owner } => self.owner = Some(owner.clone()),
            CartEvent::EmailSet { email } => self.email = Some(email.clone()),
            CartEvent::AddressSet { address } => self.address = Some(address.clone()),
            CartEvent::ItemAdded { line, at } => {
                self.lines.push(line.clone());
                self.touched = *at;
            }
            CartEvent::QuantitySet { offer, quantity, at } => {
                self.touched = *at;
                self.line_mut(offer).into_iter().for_each(|line| line.quantity = *quantity);
            }
            CartEvent::ItemRemoved { offer } => self.lines.retain(|line| line.offer != *offer),
            CartEvent::PriceSeen { offer, unit_price } => {
                self.line_mut(offer).into_iter().for_each(|line| line.seen = *unit_price);
            }
            CartEvent::CouponApplied { code } => self.coupon = Some(code.clone()),
            CartEvent::CouponRemoved => self.coupon = None,
            CartEvent::CheckoutStarted { checkout } => self.status = Status::CheckingOut { checkout: checkout.clone() },
            CartEvent::CheckoutFailed { at, .. } => {
                self.touched = *at;
                self.status = Status::Open;
            }
            CartEvent::CheckedOut { checkout } => self.status = Status::Closed { checkout: checkout.clone() },
            CartEvent::Expired => self.status = Status::Expired,
        }
    }

    fn timers(&self) -> Vec<Timer> {
        let is_open = self.status == Status::Open;
        is_open.then(|| Timer::at(EXPIRE, self.expires())).into_iter().collect()
    }

    fn keep_for_s() -> Option<i64> {
        Some(KEPT_S)
    }
}
