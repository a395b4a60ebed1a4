//! The sellers' offers on a variant: which one is chosen and why, the others beside it, and the coupons that make it cheaper.

use haat_contracts::catalog::Offer;
use haat_contracts::common::Money;
use haat_contracts::pricing::Promotion;
use haat_web::{Visit, ui};
use maud::{Markup, html};

use crate::goods::{self, Merit};
use crate::parts;
use crate::sellers::Names;

const QUANTITY_MAX: i64 = 10;

pub fn price_block(visit: &Visit, offer: &Offer) -> Markup {
    html! {
        div.price-block {
            p.price { (parts::price_or_dash(visit, offer.price.as_ref())) }
            p.small { (visit.t("price-includes-tax")) }
            (stock(visit, offer))
        }
    }
}

fn stock(visit: &Visit, offer: &Offer) -> Markup {
    html! {
        @match (offer.available, offer.quantity_left) {
            (false, _) => (ui::badge(ui::Tone::Neutral, &visit.t("sold-out"))),
            (true, Some(left)) => (ui::badge(ui::Tone::Warn, &visit.t_with("only-left", &[("count", left.into())]))),
            (true, None) => (ui::badge(ui::Tone::Good, &visit.t("in-stock"))),
        }
    }
}

pub fn add_form(visit: &Visit, offer: &Offer, look: ui::Look) -> Markup {
    let most = offer.quantity_left.unwrap_or(QUANTITY_MAX).clamp(1, QUANTITY_MAX);
    html! {
        form.add-form method="post" action="/cart/items" {
            (visit.csrf_field())
            (visit.key_field())
            input type="hidden" name="offer" value=(offer.id);
            @if look == ui::Look::Primary {
                label.quantity-choice { span { (visit.t("quantity")) } select name="quantity" { @for count in 1..=most { option value=(count) { (count) } } } }
            } @else { input type="hidden" name="quantity" value="1"; }
            (ui::submit(look, &visit.t("add-to-cart")))
        }
    }
}

/// `offers` by merit: the first is the one that the page sells.
pub fn sellers(visit: &Visit, offers: &[&Offer], names: &Names) -> Markup {
    let Some((best, others)) = offers.split_first() else { return html! {} };
    html! {
        div.sold-by {
            p { (visit.t("sold-by")) " " strong { (names.of(visit, &best.seller_id)) } }
            @if let Some(why) = why(visit, offers) { p.small { (why) } }
        }
        @if !others.is_empty() { (other_offers(visit, best, others, names)) }
    }
}

fn why(visit: &Visit, offers: &[&Offer]) -> Option<String> {
    let message = match goods::merit(offers) {
        Merit::None => return None,
        Merit::OnlyAvailable => "why-only-available",
        Merit::LowestPrice => "why-lowest-price",
        Merit::SamePrice => "why-same-price",
    };
    Some(visit.t_with(message, &[("count", offers.len().into())]))
}

fn other_offers(visit: &Visit, best: &Offer, others: &[&Offer], names: &Names) -> Markup {
    html! {
        section.offers {
            h2 { (visit.t_with("other-sellers", &[("count", others.len().into())])) }
            ul {
                @for offer in others {
                    li {
                        div {
                            strong { (parts::price_or_dash(visit, offer.price.as_ref())) } " " (stock(visit, offer))
                            p.small {
                                (visit.t("sold-by")) " " (names.of(visit, &offer.seller_id))
                                @if let Some(difference) = difference(visit, best, offer) { " · " (difference) }
                            }
                        }
                        @if offer.available { (add_form(visit, offer, ui::Look::Secondary)) }
                    }
                }
            }
        }
    }
}

fn difference(visit: &Visit, best: &Offer, other: &Offer) -> Option<String> {
    let (best, other) = (best.price.as_ref()?, other.price.as_ref()?);
    let amount = other.amount - best.amount;
    let shown = parts::price(visit, &Money { currency_code: other.currency_code.clone(), amount: amount.abs() });
    let message = match amount {
        1.. => "dearer-by",
        0 => return Some(visit.t("same-price")),
        _ => "cheaper-by",
    };
    Some(visit.t_with(message, &[("amount", shown.into())]))
}

pub fn promotions(visit: &Visit, promotions: &[Promotion]) -> Markup {
    html! {
        @if !promotions.is_empty() {
            section.promotions aria-labelledby="promotions" {
                h2 id="promotions" { (ui::icon(ui::Icon::Tag)) (visit.t("promotions")) }
                ul {
                    @for promotion in promotions {
                        li { strong { (promotion.code) } " " span { (parts::promotion_terms(visit, promotion)) } }
                    }
                }
                p.small { (visit.t("promotions-how")) }
            }
        }
    }
}
