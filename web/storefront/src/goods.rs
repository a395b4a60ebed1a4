//! What pages show of a product: its picture, its best offer, the choice among its variants. Pure: from the contract's
//! product to what a template needs.

use std::collections::{BTreeMap, BTreeSet};

use haat_contracts::catalog::{Image, Offer, Product, Variant};
use haat_contracts::common::Money;

use crate::{photographs, pictures};

/// An address and what the picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub path: String,
    pub alt: String,
}

/// Pages load nothing from other hosts: what is there comes through the shop. None for what cannot be shown.
fn path_of(product: &Product, index: usize, image: &Image) -> Option<String> {
    let is_ours = image.url.starts_with('/') && !image.url.starts_with("//");
    if is_ours { Some(image.url.clone()) } else { photographs::path_of(product, index, image) }
}

pub fn pictures(product: &Product) -> Vec<Picture> {
    let own: Vec<Picture> = product
        .images
        .iter()
        .enumerate()
        .filter_map(|(index, image)| {
            let alt = if image.alt.is_empty() { product.title.clone() } else { image.alt.clone() };
            Some(Picture { path: path_of(product, index, image)?, alt })
        })
        .collect();
    if own.is_empty() { vec![drawn(product)] } else { own }
}

pub fn picture(product: &Product) -> Picture {
    pictures(product).swap_remove(0)
}

/// The picture of a variant: the first that speaks of one of its options, else the product's first.
pub fn picture_of(product: &Product, variant: Option<&Variant>) -> usize {
    let options: Vec<String> =
        variant.iter().flat_map(|variant| variant.options.values()).map(|value| value.to_lowercase()).collect();
    let speaks_of = |picture: &Picture| {
        let alt = picture.alt.to_lowercase();
        let mut words = alt.split(|char: char| !char.is_alphanumeric());
        words.any(|word| !word.is_empty() && options.iter().any(|option| option == word))
    };
    pictures(product).iter().position(speaks_of).unwrap_or(0)
}

/// The picture that the shop draws itself.
pub fn drawn(product: &Product) -> Picture {
    let options = product.variants.first().map(|variant| &variant.options);
    let is_color = |name: &str| name.eq_ignore_ascii_case("color") || name.eq_ignore_ascii_case("colour");
    let color = options.and_then(|options| options.iter().find(|(name, _)| is_color(name))).map_or("", |(_, value)| value);
    Picture { path: pictures::path_for(&product.title, &product.category, color, &product.id), alt: product.title.clone() }
}

/// What can be had before what cannot, then the cheapest.
pub fn by_merit(offers: &[Offer]) -> Vec<&Offer> {
    let mut sorted: Vec<&Offer> = offers.iter().collect();
    sorted.sort_by_key(|offer| (!offer.available, amount(offer), offer.id.clone()));
    sorted
}

/// Why the first of several offers is the one that is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merit {
    /// There is only one.
    None,
    OnlyAvailable,
    LowestPrice,
    /// Others that can be had cost the same.
    SamePrice,
}

/// `offers` by merit.
pub fn merit(offers: &[&Offer]) -> Merit {
    let mut available = offers.iter().filter(|offer| offer.available);
    match (offers, available.next(), available.next()) {
        ([] | [_], ..) | (_, None, _) => Merit::None,
        (_, Some(_), None) => Merit::OnlyAvailable,
        (_, Some(best), Some(next)) if amount(best) == amount(next) => Merit::SamePrice,
        _ => Merit::LowestPrice,
    }
}

fn amount(offer: &Offer) -> i64 {
    offer.price.as_ref().map_or(i64::MAX, |price| price.amount)
}

/// What a card says of the price: the lowest of what can be had, and whether others cost more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    pub lowest: Option<Money>,
    pub varies: bool,
    pub is_available: bool,
}

pub fn prices(product: &Product) -> Prices {
    let all = || product.variants.iter().flat_map(|variant| &variant.offers);
    let is_available = all().any(|offer| offer.available);
    let mut prices: Vec<&Money> =
        all().filter(|offer| offer.available || !is_available).filter_map(|offer| offer.price.as_ref()).collect();
    prices.sort_by_key(|price| price.amount);
    let varies = prices.first().map(|price| price.amount) != prices.last().map(|price| price.amount);
    Prices { lowest: prices.first().map(|price| (*price).clone()), varies, is_available }
}

/// The variant that the visitor chose, else the first that can be had, else the first.
pub fn chosen<'a>(product: &'a Product, sku: &str) -> Option<&'a Variant> {
    let variants = &product.variants;
    let named = variants.iter().find(|variant| variant.sku == sku);
    let available = || variants.iter().find(|variant| variant.offers.iter().any(|offer| offer.available));
    named.or_else(available).or_else(|| variants.first())
}

/// One option with its values, each with the variant that one gets by choosing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub name: String,
    pub values: Vec<ChoiceValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceValue {
    pub value: String,
    pub sku: String,
    pub is_chosen: bool,
    pub is_available: bool,
}

/// The options that variants differ in. Choosing a value keeps as much of the rest as there is.
pub fn choices(product: &Product, chosen: &Variant) -> Vec<Choice> {
    let mut names: Vec<&String> = Vec::new();
    for name in product.variants.iter().flat_map(|variant| variant.options.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.iter().map(|name| choice(product, chosen, name)).filter(|choice| !choice.values.is_empty()).collect()
}

fn choice(product: &Product, chosen: &Variant, name: &str) -> Choice {
    let mut seen = BTreeSet::new();
    let mut values = Vec::new();
    for value in product.variants.iter().filter_map(|variant| variant.options.get(name)) {
        if !seen.insert(value.clone()) {
            continue;
        }
        let having = product.variants.iter().filter(|variant| variant.options.get(name) == Some(value));
        let fitting = having.max_by_key(|variant| (agreement(&variant.options, &chosen.options, name), is_available(variant)));
        let Some(variant) = fitting else { continue };
        values.push(ChoiceValue {
            value: value.clone(),
            sku: variant.sku.clone(),
            is_chosen: chosen.options.get(name) == Some(value),
            is_available: is_available(variant),
        });
    }
    Choice { name: name.to_owned(), values }
}

fn agreement(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, except: &str) -> usize {
    one.iter().filter(|(name, value)| *name != except && other.get(*name) == Some(*value)).count()
}

fn is_available(variant: &Variant) -> bool {
    variant.offers.iter().any(|offer| offer.available)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(id: &str, amount: i64, available: bool) -> Offer {
        let price = Some(Money { currency_code: "INR".into(), amount });
        Offer { id: id.into(), price, available, ..Offer::default() }
    }

    fn variant(sku: &str, color: &str, size: &str, offers: Vec<Offer>) -> Variant {
        let options = BTreeMap::from([("color".to_owned(), color.to_owned()), ("size".to_owned(), size.to_owned())]);
        Variant { sku: sku.into(), options, offers, ..Variant::default() }
    }

    fn product() -> Product {
        Product {
            id: "product_1".into(),
            title: "Kurta".into(),
            images: vec![
                Image { url: "/pictures/kurta/blue/plain/1.svg".into(), alt: "Kurta (Blue)".into() },
                Image { url: "/pictures/kurta/red/plain/1.svg".into(), alt: "Kurta (Red)".into() },
                Image { url: "https://elsewhere.test/x.jpg".into(), alt: String::new() },
            ],
            variants: vec![
                variant("BS", "Blue", "S", vec![offer("a", 900, false)]),
                variant("BM", "Blue", "M", vec![offer("b", 1_000, true), offer("c", 950, true), offer("d", 100, false)]),
                variant("RM", "Red", "M", vec![offer("e", 1_200, true)]),
            ],
            ..Product::default()
        }
    }

    #[test]
    fn the_best_offer_is_one_that_can_be_had() {
        let product = product();
        assert_eq!(by_merit(&product.variants[1].offers)[0].id, "c");
        assert_eq!(prices(&product).lowest.unwrap().amount, 950);
        assert!(prices(&product).varies);
        assert_eq!(chosen(&product, "").unwrap().sku, "BM");
        assert_eq!(chosen(&product, "BS").unwrap().sku, "BS");
        assert_eq!(chosen(&product, "no such").unwrap().sku, "BM");
    }

    #[test]
    fn the_choice_among_offers_has_a_reason() {
        let check = |offers: &[Offer], expected| assert_eq!(merit(&by_merit(offers)), expected, "{offers:?}");
        check(&[offer("a", 100, true)], Merit::None);
        check(&[offer("a", 100, false), offer("b", 90, false)], Merit::None);
        check(&[offer("a", 100, true), offer("b", 90, false)], Merit::OnlyAvailable);
        check(&[offer("a", 100, true), offer("b", 90, true)], Merit::LowestPrice);
        check(&[offer("a", 90, true), offer("b", 90, true), offer("c", 100, true)], Merit::SamePrice);
    }

    #[test]
    fn choosing_a_value_keeps_the_other_options() {
        let product = product();
        let choices = choices(&product, &product.variants[1]);
        let skus: Vec<_> =
            choices.iter().map(|choice| choice.values.iter().map(|value| value.sku.as_str()).collect::<Vec<_>>()).collect();
        assert_eq!(skus, [vec!["BM", "RM"], vec!["BS", "BM"]]);
        assert!(choices[0].values[0].is_chosen && !choices[1].values[0].is_available);
    }

    #[test]
    fn pictures_come_from_us_or_are_drawn() {
        let product = product();
        let paths: Vec<String> = pictures(&product).into_iter().map(|picture| picture.path).collect();
        assert!(paths.len() == 3 && paths[2].starts_with("/photographs/product_1/2-"), "{paths:?}");
        assert_eq!(picture_of(&product, product.variants.get(2)), 1);
        let bare = Product { images: vec![], ..product };
        assert!(picture(&bare).path.starts_with("/pictures/kurta/blue/plain/"));
    }
}
