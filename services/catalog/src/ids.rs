//! The ids of the catalog. Ids of imported and demo products are derived, so that a repeat finds what it made before.

use haat_kernel::id::derived;
use haat_kernel::id_type;

id_type!(
    /// A product, of the seller who made it.
    ProductId,
    "product"
);
id_type!(
    /// A seller's offer of a variant: it has a price in pricing and a stock in inventory.
    OfferId,
    "offer"
);
id_type!(
    /// A seller.
    SellerId,
    "seller"
);

/// The product that a seller's import means by `handle`: always the same one.
pub fn imported_product(seller: &SellerId, handle: &str) -> ProductId {
    derived(&["catalog import", seller.as_str(), handle])
}

/// A seller's offer of a product's variant. A variant is known by its SKU for good, so its offer's id follows from it.
pub fn offer_of(product: &ProductId, seller: &SellerId, sku: &str) -> OfferId {
    derived(&["catalog offer", product.as_str(), seller.as_str(), sku])
}
