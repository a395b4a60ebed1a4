//! Pieces that several pages are made of: product cards, prices, sums, addresses.

use haat_contracts::catalog::Product;
use haat_contracts::common::{Discount, Money, PostalAddress};
use haat_contracts::convert;
use haat_contracts::pricing::Promotion;
use haat_kernel::Timestamp;
use haat_web::{Visit, ui};
use maud::{Markup, html};

use crate::goods::{self, Picture};

/// Product cards of the first screen; the rest of the pictures may wait.
const EAGER_CARDS: usize = 4;

/// `₹1,299`; with paise only where there are any.
pub fn price(visit: &Visit, amount: &Money) -> String {
    let text = visit.money(amount);
    text.strip_suffix(".00").map(str::to_owned).unwrap_or(text)
}

pub fn price_or_dash(visit: &Visit, amount: Option<&Money>) -> String {
    amount.map_or_else(|| "–".to_owned(), |amount| price(visit, amount))
}

/// None where it is missing, or none that a calendar has.
pub fn time(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    convert::time("at", at?).ok()
}

pub fn is_zero(amount: Option<&Money>) -> bool {
    amount.is_none_or(|amount| amount.amount == 0)
}

/// Categories that the shop knows are named in the visitor's language.
pub fn category_name(visit: &Visit, name: &str) -> String {
    let words: Vec<String> =
        name.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let id = format!("category-{}", words.join("-"));
    if visit.knows(&id) { visit.t(&id) } else { name.to_owned() }
}

/// An advertised coupon in words: what it takes off, and from which sum on.
pub fn promotion_terms(visit: &Visit, promotion: &Promotion) -> String {
    let off = match (promotion.percent_off, &promotion.amount_off) {
        (Some(percent), _) => visit.t_with("percent-off", &[("percent", percent.into())]),
        (None, amount) => visit.t_with("amount-off", &[("amount", price_or_dash(visit, amount.as_ref()).into())]),
    };
    match promotion.minimum_subtotal.as_ref().filter(|minimum| minimum.amount > 0) {
        Some(minimum) => visit.t_with("off-from", &[("off", off.into()), ("minimum", price(visit, minimum).into())]),
        None => off,
    }
}

pub fn image(picture: &Picture, is_eager: bool) -> Markup {
    let loading = if is_eager { "eager" } else { "lazy" };
    html! { img src=(picture.path) alt=(picture.alt) width="400" height="400" loading=(loading) decoding="async"; }
}

/// Decorative: what it shows is said beside it.
pub fn decoration(path: &str) -> Markup {
    html! { img src=(path) alt="" width="400" height="400" loading="lazy" decoding="async"; }
}

pub fn product_path(id: &str) -> String {
    format!("/products/{id}")
}

pub fn cards(visit: &Visit, products: &[Product]) -> Markup {
    html! {
        ul.cards { @for (index, product) in products.iter().enumerate() { li { (card(visit, product, index < EAGER_CARDS)) } } }
    }
}

fn card(visit: &Visit, product: &Product, is_eager: bool) -> Markup {
    let prices = goods::prices(product);
    let picture = Picture { alt: String::new(), ..goods::picture(product) };
    html! {
        article.piece {
            div.card-picture {
                (image(&picture, is_eager))
                @if !prices.is_available { span.card-flag { (visit.t("sold-out")) } }
                @else if let Some(left) = few_left(product) { span.card-flag.few { (visit.t_with("only-left", &[("count", left.into())])) } }
            }
            div.card-text {
                @if !product.brand.is_empty() { p.card-brand { (product.brand) } }
                h3.card-title { a href=(product_path(&product.id)) { (product.title) } }
                @if let Some(lowest) = &prices.lowest {
                    p.card-price {
                        @if prices.varies { span.card-from { (visit.t("price-from")) " " } }
                        strong { (price(visit, lowest)) }
                    }
                }
            }
        }
    }
}

/// Where all of it together is nearly gone.
fn few_left(product: &Product) -> Option<i64> {
    let offers: Vec<_> = product.variants.iter().flat_map(|variant| &variant.offers).filter(|offer| offer.available).collect();
    let left: Option<Vec<i64>> = offers.iter().map(|offer| offer.quantity_left).collect();
    left.filter(|left| !left.is_empty()).map(|left| left.iter().sum())
}

/// The sums of a cart or an order.
#[derive(Debug, Default)]
pub struct Sums<'a> {
    pub subtotal: Option<&'a Money>,
    pub discounts: &'a [Discount],
    pub discount: Option<&'a Money>,
    /// None: not known yet.
    pub shipping: Option<&'a Money>,
    pub tax: Option<&'a Money>,
    pub tax_included: Option<&'a Money>,
    pub total: Option<&'a Money>,
    pub refunded: Option<&'a Money>,
}

pub fn sums(visit: &Visit, sums: &Sums<'_>) -> Markup {
    let row = |label: String, value: String| html! { div { dt { (label) } dd { (value) } } };
    let minus = |amount: &Money| format!("−{}", price(visit, amount));
    html! {
        dl.sums {
            (row(visit.t("subtotal"), price_or_dash(visit, sums.subtotal)))
            @if !sums.discounts.is_empty() {
                @for discount in sums.discounts {
                    @if let Some(amount) = &discount.amount { (row(discount_title(visit, discount), minus(amount))) }
                }
            } @else if let Some(discount) = sums.discount.filter(|discount| discount.amount > 0) {
                (row(visit.t("discount"), minus(discount)))
            }
            (row(visit.t("delivery"), delivery(visit, sums.shipping)))
            @if !is_zero(sums.tax) { (row(visit.t("tax"), price_or_dash(visit, sums.tax))) }
            div.sum-total { dt { (visit.t("total")) } dd { (price_or_dash(visit, sums.total)) } }
            @if !is_zero(sums.refunded) { (row(visit.t("refunded"), price_or_dash(visit, sums.refunded))) }
        }
        @if let Some(included) = sums.tax_included.filter(|tax| tax.amount > 0) {
            p.small { (visit.t_with("tax-included", &[("amount", price(visit, included).into())])) }
        }
    }
}

fn discount_title(visit: &Visit, discount: &Discount) -> String {
    if discount.code.is_empty() {
        return discount.title.clone();
    }
    visit.t_with("coupon-named", &[("code", discount.code.as_str().into())])
}

pub fn delivery(visit: &Visit, shipping: Option<&Money>) -> String {
    match shipping {
        None => visit.t("delivery-after-address"),
        Some(amount) if amount.amount == 0 => visit.t("free"),
        Some(amount) => price(visit, amount),
    }
}

pub fn address(address: &PostalAddress) -> Markup {
    let place = format!("{}, {} {}", address.city, address.state, address.postal_code);
    html! {
        address.postal {
            strong { (address.name) } br;
            (address.line1) br;
            @if !address.line2.is_empty() { (address.line2) br; }
            (place)
            @if !address.phone.is_empty() { br; (address.phone) }
        }
    }
}

/// A part of a page with its own heading and, where there is more of it, the way there.
pub fn section(title: &str, more: Option<(&str, &str)>, content: &Markup) -> Markup {
    html! {
        section.shelf {
            div.shelf-head {
                h2 { (title) }
                @if let Some((label, href)) = more { a.more href=(href) { (label) (ui::icon(ui::Icon::ArrowRight)) } }
            }
            (content)
        }
    }
}
