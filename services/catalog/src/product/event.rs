//! What happens to a product, as it is stored. Old events must load for good: golden files say so.

use std::collections::BTreeMap;

use haat_kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{OfferId, ProductId, SellerId};
use crate::listing::Content;

/// What a further seller asks for a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOffer {
    pub seller: SellerId,
    pub sku: String,
    pub price: Money,
    pub stock: i64,
}

/// A variant that came into being, with the seller's offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedVariant {
    pub offer: OfferId,
    pub sku: String,
    pub title: String,
    pub options: BTreeMap<String, String>,
    pub price: Money,
    pub initial_stock: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ProductEvent {
    Created {
        id: ProductId,
        seller: SellerId,
        handle: String,
        content: Content,
        variants: Vec<AddedVariant>,
        at: Timestamp,
    },
    Described {
        content: Content,
    },
    /// Seller and title are those of the product, so that the event can be told on by itself.
    VariantsAdded {
        seller: SellerId,
        product_title: String,
        variants: Vec<AddedVariant>,
    },
    /// A further seller sells a variant. The title is that of product and variant, so that the event can be told on by itself.
    OfferAdded {
        offer: NewOffer,
        id: OfferId,
        title: String,
    },
    VariantRevised {
        sku: String,
        title: String,
        options: BTreeMap<String, String>,
    },
    /// The seller's file asks for other prices; pricing takes them over.
    PricesImported {
        seller: SellerId,
        prices: BTreeMap<OfferId, Money>,
    },
    /// Pricing says what an offer costs.
    PriceChanged {
        offer: OfferId,
        price: Money,
    },
    Published,
    Archived,
}
