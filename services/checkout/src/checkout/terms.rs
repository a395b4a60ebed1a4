//! The terms of a checkout: what is bought, from whom, at what price, for whom, and under which ids. They are fixed when
//! it starts: nothing that happens to the cart, to prices or to coupons later changes what is charged.

use std::collections::BTreeMap;

use haat_kernel::{Money, PostalAddress, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cart::Cart;
use crate::contact::Email;
use crate::ids::{CartId, CheckoutId, OfferId, OrderGroupId, OrderId, PaymentId, ProductId, ReservationId, SellerId, UserId};
use crate::market::{Discount, Quote, QuotedLine, SellerTotals, Totals};

/// What the buyer pays with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    pub method: String,
    /// The provider's token; worthless to anybody else.
    pub token: String,
}

/// unit price × quantity − discount = total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub offer: OfferId,
    pub product: ProductId,
    pub sku: String,
    pub title: String,
    pub quantity: u32,
    pub unit_price: Money,
    pub discount: Money,
    pub total: Money,
}

/// The order of one seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    pub order: OrderId,
    pub seller: SellerId,
    pub lines: Vec<OrderLine>,
    pub totals: Totals,
}

/// The ids that an attempt makes for its neighbours, before anything is asked of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    pub checkout: CheckoutId,
    pub group: OrderGroupId,
    pub payment: PaymentId,
    pub reservation: ReservationId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub cart: CartId,
    pub ids: Ids,
    pub buyer: Option<UserId>,
    pub email: Option<Email>,
    pub address: PostalAddress,
    pub coupon: Option<String>,
    /// None where nothing is to be paid.
    pub instrument: Option<Instrument>,
    /// One a seller; their totals add up to `totals`.
    pub orders: Vec<NewOrder>,
    pub discounts: Vec<Discount>,
    pub totals: Totals,
    /// Of the request that began it.
    pub correlation: String,
    pub at: Timestamp,
}

impl Terms {
    /// With an order for each seller of the quote; `orders` has their ids. None when the quote does not
    /// cover the cart: then it must not be charged.
    pub fn new(
        cart: (CartId, &Cart),
        quote: &Quote,
        ids: Ids,
        mut orders: BTreeMap<SellerId, OrderId>,
        instrument: Option<Instrument>,
        correlation: &str,
        at: Timestamp,
    ) -> Option<Self> {
        let (id, cart) = cart;
        let is_covered = quote.lines.len() == cart.lines.len()
            && cart.lines.iter().all(|line| quote.line(&line.offer).is_some_and(|quoted| quoted.quantity == line.quantity));
        if !is_covered {
            return None;
        }
        let order = |seller: &SellerTotals| {
            let order = orders.remove(&seller.seller)?;
            let quoted = quote.lines.iter().filter(|line| line.seller == seller.seller);
            let lines = quoted.map(|quoted| order_line(cart, quoted)).collect::<Option<_>>()?;
            Some(NewOrder { order, seller: seller.seller.clone(), lines, totals: seller.totals.clone() })
        };
        Some(Terms {
            cart: id,
            ids,
            buyer: cart.owner.clone(),
            email: cart.email.clone(),
            address: cart.address.clone()?,
            coupon: cart.coupon.clone(),
            instrument,
            orders: quote.sellers.iter().map(order).collect::<Option<_>>()?,
            discounts: quote.discounts.clone(),
            totals: quote.totals.clone(),
            correlation: correlation.to_owned(),
            at,
        })
    }

    /// Who buys, for limits per buyer.
    pub fn buyer_name(&self) -> String {
        let user = self.buyer.as_ref().map(UserId::as_str);
        user.or(self.email.as_ref().map(Email::as_str)).unwrap_or_default().to_owned()
    }

    pub fn lines(&self) -> impl Iterator<Item = (&SellerId, &OrderLine)> {
        self.orders.iter().flat_map(|order| order.lines.iter().map(|line| (&order.seller, line)))
    }

    /// The prices as they were quoted.
    pub fn quote(&self) -> Quote {
        let line = |(seller, line): (&SellerId, &OrderLine)| QuotedLine {
            offer: line.offer.clone(),
            seller: seller.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount: line.discount,
            total: line.total,
        };
        let of_order = |order: &NewOrder| SellerTotals { seller: order.seller.clone(), totals: order.totals.clone() };
        Quote {
            lines: self.lines().map(line).collect(),
            sellers: self.orders.iter().map(of_order).collect(),
            discounts: self.discounts.clone(),
            totals: self.totals.clone(),
            coupon_refusal: None,
        }
    }
}

fn order_line(cart: &Cart, quoted: &QuotedLine) -> Option<OrderLine> {
    let line = cart.line(&quoted.offer).filter(|line| line.seller == quoted.seller)?;
    Some(OrderLine {
        offer: line.offer.clone(),
        product: line.product.clone(),
        sku: line.sku.clone(),
        title: line.title.clone(),
        quantity: line.quantity,
        unit_price: quoted.unit_price,
        discount: quoted.discount,
        total: quoted.total,
    })
}
