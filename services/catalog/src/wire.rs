//! All translation between the contract and the domain, and which private events become public ones.

use std::collections::BTreeMap;

use async_trait::async_trait;
use haat_contracts::{catalog as pb, common, convert};
use haat_kernel::{Currency, Error, Money, Result};
use haat_service::{PublicEvent, Publisher};
use haat_store::{Aggregate, StoredEvent};

use crate::ids::{OfferId, ProductId, SellerId};
use crate::import::Report;
use crate::listing::{Content, Image, NewVariant};
use crate::product::{AddedVariant, Change, NewOffer, Offer, Product, ProductEvent, State, Variant, full_title};
use crate::search::Facet;
use crate::shelf::Shelf;
use crate::text::safe_html;

/// An id that is none of ours names no product.
pub fn product_id(id: &str) -> Result<ProductId> {
    ProductId::parse(id).map_err(|_| Error::not_found("product", id))
}

pub fn content(request: &pb::CreateProductRequest) -> Content {
    Content {
        title: line(&request.title),
        description: safe_html(&request.description),
        category: line(&request.category),
        brand: line(&request.brand),
        tags: Vec::new(),
        images: images(&request.images),
    }
}

fn line(text: &str) -> String {
    text.trim().to_owned()
}

fn images(images: &[pb::Image]) -> Vec<Image> {
    images.iter().map(|image| Image { url: line(&image.url), alt: line(&image.alt) }).collect()
}

pub fn variants(variants: &[pb::NewVariant]) -> Result<Vec<NewVariant>> {
    variants.iter().enumerate().map(|(index, variant)| new_variant(index, variant)).collect()
}

fn new_variant(index: usize, variant: &pb::NewVariant) -> Result<NewVariant> {
    let options: BTreeMap<String, String> = variant.options.iter().map(|(name, value)| (line(name), line(value))).collect();
    let price = variant.price.as_ref().map(|price| {
        let currency = Currency::parse(&price.currency_code)
            .map_err(|error| Error::invalid(format!("variants[{index}].price.currencyCode"), error.to_string()))?;
        Ok::<_, Error>(Money::new(currency, price.amount))
    });
    Ok(NewVariant { sku: line(&variant.sku), title: line(&variant.title), options, price: price.transpose()?, stock: 0 })
}

pub fn new_offer(seller: SellerId, request: &pb::CreateOfferRequest) -> Result<NewOffer> {
    let price = convert::amount("price", request.price.as_ref())?;
    Ok(NewOffer { seller, sku: line(&request.sku), price, stock: request.initial_stock })
}

/// What an update changes: the fields of its mask, or all that it gives.
pub fn change(request: &pb::UpdateProductRequest) -> Result<Change> {
    let mask = request.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    let known = ["title", "description", "category", "brand", "images", "variants"];
    if let Some(path) = mask.iter().find(|path| !known.contains(&path.as_str())) {
        return Err(Error::invalid("updateMask", format!("`{path}` is no field that can be changed")));
    }
    let is_wanted = |name: &str, is_given: bool| if mask.is_empty() { is_given } else { mask.iter().any(|path| path == name) };
    let text = |name: &str, given: &Option<String>| is_wanted(name, given.is_some()).then(|| given.clone().unwrap_or_default());
    Ok(Change {
        title: text("title", &request.title).map(|title| line(&title)),
        description: text("description", &request.description).map(|html| safe_html(&html)),
        category: text("category", &request.category).map(|category| line(&category)),
        brand: text("brand", &request.brand).map(|brand| line(&brand)),
        images: is_wanted("images", !request.images.is_empty()).then(|| images(&request.images)),
        variants: is_wanted("variants", !request.variants.is_empty()).then(|| variants(&request.variants)).transpose()?,
    })
}

pub fn product(product: &Product, version: u64, shelf: Option<&Shelf>) -> pb::Product {
    let state = match product.state {
        State::Draft => pb::product::State::Draft,
        State::Published => pb::product::State::Published,
        State::Archived => pb::product::State::Archived,
    };
    let content = &product.content;
    pb::Product {
        id: product.id.to_string(),
        title: content.title.clone(),
        description: content.description.clone(),
        category: content.category.clone(),
        brand: content.brand.clone(),
        images: content.images.iter().map(|image| pb::Image { url: image.url.clone(), alt: image.alt.clone() }).collect(),
        variants: product.variants.iter().map(|one| variant(one, shelf)).collect(),
        rating: Some(pb::Rating::default()),
        state: state.into(),
        etag: haat_kernel::etag(version),
        seller_id: product.seller.to_string(),
    }
}

fn variant(variant: &Variant, shelf: Option<&Shelf>) -> pb::Variant {
    pb::Variant {
        sku: variant.sku.clone(),
        title: variant.title.clone(),
        options: variant.options.clone(),
        offers: variant.offers.iter().map(|one| offer(one, shelf)).collect(),
    }
}

fn offer(offer: &Offer, shelf: Option<&Shelf>) -> pb::Offer {
    pb::Offer {
        id: offer.id.to_string(),
        seller_id: offer.seller.to_string(),
        price: Some(offer.price.into()),
        available: shelf.is_some_and(|shelf| shelf.is_available(&offer.id)),
        quantity_left: shelf.and_then(|shelf| shelf.left(&offer.id)),
    }
}

pub fn resolved(product: &Product, variant: &Variant, offer: &Offer, shelf: Option<&Shelf>) -> pb::ResolvedOffer {
    pb::ResolvedOffer {
        offer_id: offer.id.to_string(),
        product_id: product.id.to_string(),
        seller_id: offer.seller.to_string(),
        sku: variant.sku.clone(),
        title: full_title(&product.content.title, &variant.title),
        price: Some(offer.price.into()),
        sellable: product.state == State::Published,
        available: shelf.is_some_and(|shelf| shelf.is_available(&offer.id)),
    }
}

pub fn facet(facet: Facet) -> pb::Facet {
    let bucket = |(value, count)| pb::facet::Bucket { value, count: count_of(count) };
    pb::Facet { name: facet.name, buckets: facet.buckets.into_iter().map(bucket).collect() }
}

pub fn count_of(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn report(report: Report) -> pb::ImportReport {
    let error = |error: crate::import::RowError| pb::import_report::RowError {
        line: count_of(error.line),
        handle: error.handle,
        field: error.field,
        description: error.description,
    };
    pb::ImportReport {
        rows: count_of(report.rows),
        products_created: count_of(report.created),
        products_updated: count_of(report.updated),
        products_unchanged: count_of(report.unchanged),
        products_failed: count_of(report.failed),
        errors: report.errors.into_iter().map(error).collect(),
    }
}

/// Tells pricing and inventory of new offers, and pricing of prices that came with a file.
pub struct CatalogPublisher;

#[async_trait]
impl Publisher for CatalogPublisher {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        if event.kind != Product::KIND {
            return Ok(None);
        }
        let private: ProductEvent = serde_json::from_slice(&event.body)
            .map_err(|error| Error::internal(format!("{} of {}: {error}", event.event_type, event.id)))?;
        Ok(public(&event.id, &private))
    }
}

fn public(product: &str, event: &ProductEvent) -> Option<PublicEvent> {
    match event {
        ProductEvent::Created { seller, content, variants, .. } => {
            Some(offers_created(product, seller, &content.title, variants))
        }
        ProductEvent::VariantsAdded { seller, product_title, variants } => {
            Some(offers_created(product, seller, product_title, variants))
        }
        ProductEvent::OfferAdded { offer, id, title } => Some(offer_added(product, offer, id, title)),
        ProductEvent::PricesImported { seller, prices } => Some(prices_imported(product, seller, prices)),
        ProductEvent::Described { .. }
        | ProductEvent::VariantRevised { .. }
        | ProductEvent::PriceChanged { .. }
        | ProductEvent::Published
        | ProductEvent::Archived => None,
    }
}

fn offers_created(product: &str, seller: &SellerId, title: &str, variants: &[AddedVariant]) -> PublicEvent {
    let offer = |variant: &AddedVariant| pb::offers_created::NewOffer {
        offer_id: variant.offer.to_string(),
        sku: variant.sku.clone(),
        title: full_title(title, &variant.title),
        price: Some(variant.price.into()),
        initial_stock: variant.initial_stock,
    };
    let offers = variants.iter().map(offer).collect();
    PublicEvent::of(&pb::OffersCreated { product_id: product.to_owned(), seller_id: seller.to_string(), offers })
}

fn offer_added(product: &str, new: &NewOffer, id: &OfferId, title: &str) -> PublicEvent {
    let offer = pb::offers_created::NewOffer {
        offer_id: id.to_string(),
        sku: new.sku.clone(),
        title: title.to_owned(),
        price: Some(new.price.into()),
        initial_stock: new.stock,
    };
    let seller_id = new.seller.to_string();
    PublicEvent::of(&pb::OffersCreated { product_id: product.to_owned(), seller_id, offers: vec![offer] })
}

fn prices_imported(product: &str, seller: &SellerId, prices: &BTreeMap<OfferId, Money>) -> PublicEvent {
    let price = |(offer, price): (&OfferId, &Money)| pb::prices_imported::ImportedPrice {
        offer_id: offer.to_string(),
        price: Some(common::Money::from(*price)),
    };
    let prices = prices.iter().map(price).collect();
    PublicEvent::of(&pb::PricesImported { product_id: product.to_owned(), seller_id: seller.to_string(), prices })
}
