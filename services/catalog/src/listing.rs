//! What a seller says of a product: its content and its variants, with the limits that both must keep.
//! Whatever enters the catalog (a call, an import, the demo) passes `Content::check` and `check_variants`.

use std::collections::BTreeMap;

use haat_kernel::{Currency, Money, Violation};
use serde::{Deserialize, Serialize};

use crate::ids::ProductId;
use crate::text::slug;

pub const TITLE_MAX: usize = 200;
pub const DESCRIPTION_MAX: usize = 20_000;
pub const VARIANTS_MAX: usize = 100;
pub const IMAGES_MAX: usize = 20;
pub const SKU_MAX: usize = 100;
/// Of category, brand, a tag, a variant's title, an option's value.
const LABEL_MAX: usize = 100;
const OPTION_NAME_MAX: usize = 50;
const OPTIONS_MAX: usize = 3;
const TAGS_MAX: usize = 50;
const URL_MAX: usize = 2_048;
const ALT_MAX: usize = 512;
/// Ten crore rupees.
const PRICE_MAX_MINOR: i64 = 10_000_000_000;
/// What inventory takes in at once.
pub const STOCK_MAX: i64 = 10_000_000;
/// The currency of the marketplace: price ranges, carts and sums have only one.
pub const CURRENCY: Currency = Currency::INR;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub url: String,
    #[serde(default)]
    pub alt: String,
}

/// What describes a product as a whole. `description` is safe HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub category: String,
    #[serde(default)]
    pub brand: String,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub images: Vec<Image>,
}

/// A variant as a seller sends it: without a SKU one is made; a new variant must have a price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVariant {
    pub sku: String,
    pub title: String,
    pub options: BTreeMap<String, String>,
    pub price: Option<Money>,
    /// Pieces at the seller's first warehouse, when the variant is new.
    pub stock: i64,
}

impl Content {
    /// The fields that break a limit.
    pub fn check(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        if self.title.is_empty() {
            violations.push(Violation::new("title", "is required"));
        }
        check_line(&mut violations, "title", &self.title, TITLE_MAX);
        check_line(&mut violations, "category", &self.category, LABEL_MAX);
        check_line(&mut violations, "brand", &self.brand, LABEL_MAX);
        if self.description.chars().count() > DESCRIPTION_MAX {
            violations.push(Violation::new("description", format!("is longer than {DESCRIPTION_MAX} characters")));
        }
        check_count(&mut violations, "tags", self.tags.len(), TAGS_MAX);
        for (index, tag) in self.tags.iter().enumerate() {
            check_line(&mut violations, &format!("tags[{index}]"), tag, LABEL_MAX);
        }
        check_count(&mut violations, "images", self.images.len(), IMAGES_MAX);
        for (index, image) in self.images.iter().enumerate() {
            image.check(&mut violations, &format!("images[{index}]"));
        }
        violations
    }
}

impl Image {
    fn check(&self, violations: &mut Vec<Violation>, path: &str) {
        let is_link = ["https://", "http://", "/"].iter().any(|start| self.url.starts_with(start));
        if !is_link || self.url.contains(char::is_whitespace) {
            violations.push(Violation::new(format!("{path}.url"), "is not a URL"));
        }
        check_line(violations, &format!("{path}.url"), &self.url, URL_MAX);
        check_line(violations, &format!("{path}.alt"), &self.alt, ALT_MAX);
    }
}

/// The fields of `variants` that break a limit; the paths are those of a request that carries them as `variants`.
pub fn check_variants(variants: &[NewVariant]) -> Vec<Violation> {
    let mut violations = Vec::new();
    if variants.is_empty() {
        violations.push(Violation::new("variants", "must have at least one"));
    }
    check_count(&mut violations, "variants", variants.len(), VARIANTS_MAX);
    for (index, variant) in variants.iter().enumerate() {
        variant.check(&mut violations, &format!("variants[{index}]"));
    }
    violations
}

impl NewVariant {
    fn check(&self, violations: &mut Vec<Violation>, path: &str) {
        check_line(violations, &format!("{path}.sku"), &self.sku, SKU_MAX);
        check_line(violations, &format!("{path}.title"), &self.title, LABEL_MAX * OPTIONS_MAX);
        check_count(violations, &format!("{path}.options"), self.options.len(), OPTIONS_MAX);
        for (name, value) in &self.options {
            let option = format!("{path}.options.{name}");
            if name.trim().is_empty() || value.trim().is_empty() {
                violations.push(Violation::new(option.clone(), "must have a name and a value"));
            }
            check_line(violations, &option, name, OPTION_NAME_MAX);
            check_line(violations, &option, value, LABEL_MAX);
        }
        if let Some(price) = self.price {
            check_price(violations, &format!("{path}.price"), price);
        }
        if !(0..=STOCK_MAX).contains(&self.stock) {
            violations.push(Violation::new(format!("{path}.stock"), format!("must be 0 to {STOCK_MAX}")));
        }
    }

    /// The title that buyers see: the given one, or the options' values.
    pub fn shown_title(&self) -> String {
        if !self.title.is_empty() {
            return self.title.clone();
        }
        self.options.values().map(String::as_str).collect::<Vec<_>>().join(" / ")
    }
}

/// What is wrong with an offer of a further seller.
pub fn check_offer(price: Money, stock: i64) -> Vec<Violation> {
    let mut violations = Vec::new();
    check_price(&mut violations, "price", price);
    if !(0..=STOCK_MAX).contains(&stock) {
        violations.push(Violation::new("initialStock", format!("must be 0 to {STOCK_MAX}")));
    }
    violations
}

fn check_price(violations: &mut Vec<Violation>, path: &str, price: Money) {
    if price.currency != CURRENCY {
        violations.push(Violation::new(format!("{path}.currencyCode"), format!("must be {}", CURRENCY.code())));
    }
    if price.minor <= 0 {
        violations.push(Violation::new(path, "must be more than 0"));
    } else if price.minor > PRICE_MAX_MINOR {
        violations.push(Violation::new(path, format!("must be at most {PRICE_MAX_MINOR}")));
    }
}

fn check_line(violations: &mut Vec<Violation>, path: &str, text: &str, chars_max: usize) {
    if text.chars().count() > chars_max {
        violations.push(Violation::new(path, format!("is longer than {chars_max} characters")));
    }
    if text.contains(char::is_control) {
        violations.push(Violation::new(path, "must not contain control characters"));
    }
}

fn check_count(violations: &mut Vec<Violation>, path: &str, count: usize, max: usize) {
    if count > max {
        violations.push(Violation::new(path, format!("has {count} entries; at most {max} are taken")));
    }
}

/// Each variant with a SKU; one is made where there is none.
pub fn with_skus(id: &ProductId, handle: &str, mut variants: Vec<NewVariant>) -> Vec<NewVariant> {
    // Without a handle the product's own id keeps made SKUs apart from those of other products.
    let base = if handle.is_empty() { &id.as_str()[id.as_str().len().saturating_sub(10)..] } else { handle };
    for variant in variants.iter_mut().filter(|variant| variant.sku.is_empty()) {
        variant.sku = made_sku(base, &variant.options);
    }
    variants
}

/// The SKUs that stand more than once among `variants`.
pub fn repeated_skus(variants: &[NewVariant]) -> Vec<Violation> {
    let mut seen = BTreeMap::new();
    let mut violations = Vec::new();
    for (index, variant) in variants.iter().enumerate() {
        if let Some(before) = seen.insert(&variant.sku, index) {
            let text = format!("`{}` is the SKU of variants[{before}] too", variant.sku);
            violations.push(Violation::new(format!("variants[{index}].sku"), text));
        }
    }
    violations
}

/// A SKU for a variant that came without one. The same base and options always make the same SKU.
pub fn made_sku(base: &str, options: &BTreeMap<String, String>) -> String {
    let parts = std::iter::once(base).chain(options.values().map(String::as_str));
    let whole = parts.map(slug).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-").to_uppercase();
    if whole.chars().count() <= SKU_MAX {
        return whole;
    }
    // Cut, with a trace of what was cut away, so that long ones stay apart.
    let trace = haat_kernel::id::Uuid::new_v5(&haat_kernel::id::Uuid::NAMESPACE_OID, whole.as_bytes()).simple().to_string();
    format!("{}-{}", whole.chars().take(SKU_MAX - 9).collect::<String>(), &trace[..8])
}
