//! The advertised coupons beside a cart: those that count for it, to be applied at once, and what is missing for the others.

use haat_contracts::checkout::Cart;
use haat_contracts::common::Money;
use haat_contracts::pricing::Promotion;
use haat_web::{Visit, ui};
use maud::{Markup, html};

use crate::parts;

/// None while a coupon is on: another one would take its place.
pub fn offered(visit: &Visit, cart: &Cart, promotions: &[Promotion]) -> Markup {
    html! {
        @if cart.coupon_code.is_empty() && !promotions.is_empty() {
            ul.offered aria-label=(visit.t("promotions")) { @for promotion in promotions { li { (one(visit, cart, promotion)) } } }
        }
    }
}

fn one(visit: &Visit, cart: &Cart, promotion: &Promotion) -> Markup {
    html! {
        div {
            strong { (promotion.code) }
            p.small { (parts::promotion_terms(visit, promotion)) }
            @if let Some(missing) = missing(cart, promotion) {
                p.small { (visit.t_with("promotion-missing", &[("amount", parts::price(visit, &missing).into())])) }
            }
        }
        @if missing(cart, promotion).is_none() {
            form.inline method="post" action="/cart/coupon" {
                (visit.csrf_field())
                input type="hidden" name="code" value=(promotion.code);
                button.button.secondary.small-button type="submit" { (visit.t("apply")) span.visually-hidden { ": " (promotion.code) } }
            }
        } @else { (ui::icon(ui::Icon::Tag)) }
    }
}

/// How much more has to be in the cart; None where it counts.
fn missing(cart: &Cart, promotion: &Promotion) -> Option<Money> {
    let (minimum, subtotal) = (promotion.minimum_subtotal.as_ref()?, cart.subtotal.as_ref()?);
    let amount = minimum.amount - subtotal.amount;
    (amount > 0).then(|| Money { currency_code: minimum.currency_code.clone(), amount })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_what_has_to_be_added() {
        let inr = |amount| Some(Money { currency_code: "INR".into(), amount });
        let promotion = |minimum| Promotion { minimum_subtotal: minimum, ..Promotion::default() };
        let cart = Cart { subtotal: inr(50_000), ..Cart::default() };
        assert_eq!(missing(&cart, &promotion(inr(69_900))), inr(19_900));
        assert_eq!(missing(&cart, &promotion(inr(50_000))), None);
        assert_eq!(missing(&cart, &promotion(None)), None);
    }
}
