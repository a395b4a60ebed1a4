//! A product: what a seller offers, in variants, each with an offer of that seller first, and of further sellers behind it.
//! Who made the product says what it is; the others only sell it.
//! Always: a SKU is there once in a product and once among what a seller sells; a variant and its offer never go away, so
//! that what was once sold can be named; a price here is what pricing last said, or what the seller asked for before that.

mod error;
mod event;

use std::collections::{BTreeMap, BTreeSet};

use haat_kernel::{Money, Timestamp, Violation};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

pub use error::ProductError;
pub use event::{AddedVariant, NewOffer, ProductEvent};

use crate::ids::{OfferId, ProductId, SellerId, offer_of};
use crate::listing::{self, Content, Image, NewVariant, repeated_skus, with_skus};

/// The unique key of a seller's SKU: `<seller>/<sku>`.
pub const SELLER_SKU: &str = "seller_sku";
/// The unique key of an offer.
pub const OFFER: &str = "offer";
/// The key under which all products with a SKU are found, of whatever seller.
pub const SKU: &str = "sku";
/// The key under which the products are found that a seller sells, by time.
pub const SELLER: &str = "seller";
/// The key under which all products are found, by time.
pub const ALL: &str = "all";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Published,
    Archived,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: ProductId,
    pub seller: SellerId,
    /// The name that the seller's files give it; empty for a product that no file made.
    pub handle: String,
    pub state: State,
    pub content: Content,
    pub variants: Vec<Variant>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub sku: String,
    pub title: String,
    pub options: BTreeMap<String, String>,
    pub offers: Vec<Offer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub id: OfferId,
    pub seller: SellerId,
    pub price: Money,
}

type Decision = Result<Vec<ProductEvent>, ProductError>;

/// What makes a product.
#[derive(Clone, Debug)]
pub struct NewProduct {
    pub id: ProductId,
    pub seller: SellerId,
    pub handle: String,
    pub content: Content,
    pub variants: Vec<NewVariant>,
}

/// What a change gives; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub title: Option<String>,
    pub description: Option<String>,
    pub category: Option<String>,
    pub brand: Option<String>,
    pub images: Option<Vec<Image>>,
    pub variants: Option<Vec<NewVariant>>,
}

/// A draft.
pub fn create(new: NewProduct, at: Timestamp) -> Decision {
    let variants = with_skus(&new.id, &new.handle, new.variants);
    let mut violations = new.content.check();
    violations.extend(listing::check_variants(&variants));
    violations.extend(repeated_skus(&variants));
    let added = added_variants(&new.id, &new.seller, variants.iter().enumerate(), &mut violations);
    refuse_if_any(violations)?;
    Ok(vec![ProductEvent::Created {
        id: new.id,
        seller: new.seller,
        handle: new.handle,
        content: new.content,
        variants: added,
        at,
    }])
}

/// What a seller's file says of a product, which may be there already: what differs is taken over, and what the file does
/// not name stays, whether it is published included. Stock counts for new variants only.
pub fn import(existing: Option<&Product>, new: NewProduct, is_published: Option<bool>, at: Timestamp) -> Decision {
    let mut events = match existing {
        None => create(new, at)?,
        Some(product) => product.take_over(new)?,
    };
    match (existing.map(|product| product.state), is_published) {
        (None | Some(State::Draft | State::Archived), Some(true)) => events.push(ProductEvent::Published),
        (Some(State::Published), Some(false)) => events.push(ProductEvent::Archived),
        _ => {}
    }
    Ok(events)
}

impl Product {
    /// Known SKUs change their title and options, new ones are added.
    pub fn update(&self, change: Change) -> Decision {
        let content = Content {
            title: change.title.unwrap_or_else(|| self.content.title.clone()),
            description: change.description.unwrap_or_else(|| self.content.description.clone()),
            category: change.category.unwrap_or_else(|| self.content.category.clone()),
            brand: change.brand.unwrap_or_else(|| self.content.brand.clone()),
            tags: self.content.tags.clone(),
            images: change.images.unwrap_or_else(|| self.content.images.clone()),
        };
        let variants = change.variants.map(|variants| with_skus(&self.id, &self.handle, variants));
        let refused = self.price_changes(variants.as_deref().unwrap_or_default());
        let refused = refused.map(|(path, ..)| Violation::new(path, "is not changed here: change it at the offer"));
        refuse_if_any(refused.collect())?;
        self.describe(content, variants.as_deref())
    }

    /// Also brings back what was archived.
    pub fn publish(&self) -> Vec<ProductEvent> {
        if self.state == State::Published { Vec::new() } else { vec![ProductEvent::Published] }
    }

    pub fn archive(&self) -> Vec<ProductEvent> {
        if self.state == State::Archived { Vec::new() } else { vec![ProductEvent::Archived] }
    }

    /// Pricing said what an offer costs.
    pub fn reprice(&self, offer: &OfferId, price: Money) -> Vec<ProductEvent> {
        match self.offer(offer) {
            Some((_, known)) if known.price != price => vec![ProductEvent::PriceChanged { offer: offer.clone(), price }],
            _ => Vec::new(),
        }
    }

    pub fn offer(&self, id: &OfferId) -> Option<(&Variant, &Offer)> {
        let mut offers = self.variants.iter().flat_map(|variant| variant.offers.iter().map(move |offer| (variant, offer)));
        offers.find(|(_, offer)| offer.id == *id)
    }

    /// One offer of each seller on each variant.
    pub fn add_offer(&self, new: NewOffer) -> Decision {
        let variant = self.variant(&new.sku).ok_or(ProductError::VariantNotFound)?;
        if variant.offers.iter().any(|offer| offer.seller == new.seller) {
            return Err(ProductError::OfferExists);
        }
        refuse_if_any(listing::check_offer(new.price, new.stock))?;
        let id = offer_of(&self.id, &new.seller, &new.sku);
        Ok(vec![ProductEvent::OfferAdded { title: full_title(&self.content.title, &variant.title), id, offer: new }])
    }

    /// Who made it, and who else has an offer.
    fn sellers(&self) -> BTreeSet<&SellerId> {
        let offers = self.variants.iter().flat_map(|variant| &variant.offers);
        offers.map(|offer| &offer.seller).chain([&self.seller]).collect()
    }

    pub fn variant(&self, sku: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.sku == sku)
    }

    fn take_over(&self, new: NewProduct) -> Decision {
        let variants = with_skus(&self.id, &self.handle, new.variants);
        let prices: BTreeMap<OfferId, Money> = self.price_changes(&variants).map(|(_, offer, price)| (offer, price)).collect();
        let mut events = self.describe(new.content, Some(&variants))?;
        if !prices.is_empty() {
            events.push(ProductEvent::PricesImported { seller: self.seller.clone(), prices });
        }
        Ok(events)
    }

    /// The events that bring this product to `content` and `variants`, prices of known variants aside.
    fn describe(&self, content: Content, variants: Option<&[NewVariant]>) -> Decision {
        let mut violations = content.check();
        let mut events = Vec::new();
        if let Some(variants) = variants {
            violations.extend(listing::check_variants(variants));
            violations.extend(repeated_skus(variants));
            let unknown = variants.iter().enumerate().filter(|(_, variant)| self.variant(&variant.sku).is_none());
            let added = added_variants(&self.id, &self.seller, unknown, &mut violations);
            if self.variants.len() + added.len() > listing::VARIANTS_MAX {
                let limit = format!("would be more than {} in all", listing::VARIANTS_MAX);
                violations.push(Violation::new("variants", limit));
            }
            events.extend(self.revisions(variants));
            if !added.is_empty() {
                let product_title = content.title.clone();
                events.push(ProductEvent::VariantsAdded { seller: self.seller.clone(), product_title, variants: added });
            }
        }
        refuse_if_any(violations)?;
        if content != self.content {
            events.insert(0, ProductEvent::Described { content });
        }
        Ok(events)
    }

    fn revisions(&self, variants: &[NewVariant]) -> impl Iterator<Item = ProductEvent> {
        variants.iter().filter_map(|variant| {
            let known = self.variant(&variant.sku)?;
            let title = variant.shown_title();
            let is_same = known.title == title && known.options == variant.options;
            (!is_same).then(|| ProductEvent::VariantRevised { sku: known.sku.clone(), title, options: variant.options.clone() })
        })
    }

    /// The known variants for which the seller now asks another price: where that stands in `variants`, the offer, the price.
    fn price_changes(&self, variants: &[NewVariant]) -> impl Iterator<Item = (String, OfferId, Money)> {
        variants.iter().enumerate().filter_map(|(index, variant)| {
            let price = variant.price?;
            let own = self.variant(&variant.sku)?.offers.iter().find(|offer| offer.seller == self.seller)?;
            (own.price != price).then(|| (format!("variants[{index}].price"), own.id.clone(), price))
        })
    }

    fn add(&mut self, added: &AddedVariant) {
        let offer = Offer { id: added.offer.clone(), seller: self.seller.clone(), price: added.price };
        self.variants.push(Variant {
            sku: added.sku.clone(),
            title: added.title.clone(),
            options: added.options.clone(),
            offers: vec![offer],
        });
    }

    fn add_further(&mut self, id: &OfferId, new: &NewOffer) {
        if let Some(variant) = self.variants.iter_mut().find(|variant| variant.sku == new.sku) {
            variant.offers.push(Offer { id: id.clone(), seller: new.seller.clone(), price: new.price });
        }
    }

    fn set_price(&mut self, id: &OfferId, price: Money) {
        let mut offers = self.variants.iter_mut().flat_map(|variant| variant.offers.iter_mut());
        if let Some(offer) = offers.find(|offer| offer.id == *id) {
            offer.price = price;
        }
    }
}

fn added_variants<'a>(
    product: &ProductId,
    seller: &SellerId,
    variants: impl Iterator<Item = (usize, &'a NewVariant)>,
    violations: &mut Vec<Violation>,
) -> Vec<AddedVariant> {
    let mut added = Vec::new();
    for (index, variant) in variants {
        let Some(price) = variant.price else {
            violations.push(Violation::new(format!("variants[{index}].price"), "is required: an amount with its currency"));
            continue;
        };
        added.push(AddedVariant {
            offer: offer_of(product, seller, &variant.sku),
            sku: variant.sku.clone(),
            title: variant.shown_title(),
            options: variant.options.clone(),
            price,
            initial_stock: variant.stock,
        });
    }
    added
}

fn refuse_if_any(violations: Vec<Violation>) -> Result<(), ProductError> {
    if violations.is_empty() { Ok(()) } else { Err(ProductError::Invalid(violations)) }
}

/// The product's title, and the variant's where it says more.
pub fn full_title(product: &str, variant: &str) -> String {
    if variant.is_empty() || variant == product { product.to_owned() } else { format!("{product} ({variant})") }
}

/// The value of the key [`SELLER_SKU`].
pub fn seller_sku(seller: &SellerId, sku: &str) -> String {
    format!("{seller}/{sku}")
}

impl Aggregate for Product {
    const KIND: &'static str = "product";
    const SCHEMA: u32 = 1;
    type Event = ProductEvent;

    fn create(event: &ProductEvent) -> Option<Self> {
        let ProductEvent::Created { id, seller, handle, content, variants, at } = event else { return None };
        let mut product = Product {
            id: id.clone(),
            seller: seller.clone(),
            handle: handle.clone(),
            state: State::Draft,
            content: content.clone(),
            variants: Vec::with_capacity(variants.len()),
            created_at: *at,
        };
        variants.iter().for_each(|variant| product.add(variant));
        Some(product)
    }

    fn apply(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::Created { .. } => {}
            ProductEvent::Described { content } => self.content = content.clone(),
            ProductEvent::VariantsAdded { variants, .. } => variants.iter().for_each(|variant| self.add(variant)),
            ProductEvent::OfferAdded { offer, id, .. } => self.add_further(id, offer),
            ProductEvent::VariantRevised { sku, title, options } => {
                if let Some(variant) = self.variants.iter_mut().find(|variant| variant.sku == *sku) {
                    variant.title.clone_from(title);
                    variant.options.clone_from(options);
                }
            }
            ProductEvent::PricesImported { prices, .. } => prices.iter().for_each(|(offer, price)| self.set_price(offer, *price)),
            ProductEvent::PriceChanged { offer, price } => self.set_price(offer, *price),
            ProductEvent::Published => self.state = State::Published,
            ProductEvent::Archived => self.state = State::Archived,
        }
    }

    fn keys(&self) -> Vec<Key> {
        // Padded microseconds: byte order is time order.
        let made = format!("{:020}", self.created_at.as_microsecond());
        let of_seller = |seller: &SellerId| Key::plain(SELLER, seller.as_str(), made.clone());
        let mut keys: Vec<Key> = self.sellers().into_iter().map(of_seller).collect();
        keys.push(Key::plain(ALL, "", made.clone()));
        for variant in &self.variants {
            keys.push(Key::plain(SKU, variant.sku.clone(), self.seller.as_str()));
            for offer in &variant.offers {
                keys.push(Key::unique(SELLER_SKU, seller_sku(&offer.seller, &variant.sku)));
                keys.push(Key::unique(OFFER, offer.id.as_str()));
            }
        }
        keys
    }
}

#[cfg(test)]
mod tests;
