//! What search knows of a product: its words, its values for facets and filters, its lowest price, whether it can be had.

use std::collections::BTreeSet;

use crate::index::OPTION_SEPARATOR;
use crate::listing::Content;
use crate::product::{Offer, Product, State};
use crate::shelf::Shelf;
use crate::text::without_tags;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Title, brand and category.
    pub head: String,
    /// All text, the head included.
    pub body: String,
    pub brands: BTreeSet<String>,
    pub categories: BTreeSet<String>,
    pub sellers: BTreeSet<String>,
    /// `name`, the separator, `value`; names in lower case.
    pub options: BTreeSet<String>,
    /// In minor units: the lowest of what can be had, or of all when nothing can.
    pub price: u64,
    pub is_available: bool,
    /// Microseconds.
    pub created: u64,
}

/// None for a product that buyers do not see.
pub fn document(product: &Product, shelf: &Shelf) -> Option<Document> {
    if product.state != State::Published {
        return None;
    }
    let content = &product.content;
    let offers: Vec<&Offer> = product.variants.iter().flat_map(|variant| &variant.offers).collect();
    let available: Vec<&Offer> = offers.iter().copied().filter(|offer| shelf.is_available(&offer.id)).collect();
    let priced = if available.is_empty() { &offers } else { &available };
    let lowest = priced.iter().map(|offer| offer.price.minor).min().unwrap_or(0);
    let head = [content.title.as_str(), &content.brand, &content.category].join(" ");
    Some(Document {
        body: body(&head, content, product),
        head,
        brands: value(&content.brand),
        categories: value(&content.category),
        sellers: offers.iter().map(|offer| offer.seller.as_str().to_owned()).collect(),
        options: options(product),
        price: u64::try_from(lowest).unwrap_or(0),
        is_available: !available.is_empty(),
        created: u64::try_from(product.created_at.as_microsecond()).unwrap_or(0),
    })
}

fn body(head: &str, content: &Content, product: &Product) -> String {
    let mut parts = BTreeSet::new();
    for variant in &product.variants {
        parts.insert(variant.title.as_str());
        parts.insert(variant.sku.as_str());
        parts.extend(variant.options.values().map(String::as_str));
    }
    parts.extend(content.tags.iter().map(String::as_str));
    let description = without_tags(&content.description);
    [head, &description].into_iter().chain(parts).collect::<Vec<_>>().join(" \n")
}

fn value(text: &str) -> BTreeSet<String> {
    if text.is_empty() { BTreeSet::new() } else { BTreeSet::from([text.to_owned()]) }
}

fn options(product: &Product) -> BTreeSet<String> {
    let pairs = product.variants.iter().flat_map(|variant| &variant.options);
    pairs.map(|(name, value)| format!("{}{OPTION_SEPARATOR}{value}", name.to_lowercase())).collect()
}
