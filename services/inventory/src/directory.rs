//! Which warehouses someone sees: operators all of them, sellers their own, then the platform's.

use haat_kernel::{Error, Result};
use haat_store::{Page, PageOf, Store, Versioned};

use crate::ids::{SellerId, WarehouseId};
use crate::warehouse::{ALL, SELLER, Warehouse};

/// In the page tokens of a seller's list: which of the two lists behind it the token belongs to.
const OWN: &str = "own.";
const PLATFORM: &str = "platform.";

pub async fn all(store: &Store, page: &Page) -> Result<PageOf<Versioned<Warehouse>>> {
    store.list(ALL, "", page).await
}

/// Two lists as one: the own warehouses to the end, then the platform's.
pub async fn visible_to(store: &Store, seller: &SellerId, page: &Page) -> Result<PageOf<Versioned<Warehouse>>> {
    if let Some(token) = page.token.strip_prefix(PLATFORM) {
        return platforms(store, &page.at(token)).await;
    }
    let token = if page.token.is_empty() { Some("") } else { page.token.strip_prefix(OWN) };
    let token = token.ok_or_else(|| Error::invalid("pageToken", "does not belong to this list"))?;
    let mut own = store.list::<Warehouse>(SELLER, seller.as_str(), &page.at(token)).await?;
    if !own.next_token.is_empty() {
        own.next_token.insert_str(0, OWN);
        return Ok(own);
    }
    let room = page.size.saturating_sub(own.items.len());
    if room == 0 {
        return Ok(PageOf { next_token: PLATFORM.to_owned(), ..own });
    }
    let rest = platforms(store, &Page { size: room, ..page.at("") }).await?;
    own.items.extend(rest.items);
    Ok(PageOf { items: own.items, next_token: rest.next_token })
}

/// Where the opening stock of a seller goes: the oldest warehouse, or the one that is made for who has none.
pub async fn first_of(store: &Store, seller: &SellerId) -> Result<WarehouseId> {
    let oldest = store.list::<Warehouse>(SELLER, seller.as_str(), &Page::first(1)).await?;
    match oldest.items.first() {
        Some(warehouse) => WarehouseId::parse(&warehouse.id).map_err(Error::internal),
        None => Ok(Warehouse::first_id(seller)),
    }
}

async fn platforms(store: &Store, page: &Page) -> Result<PageOf<Versioned<Warehouse>>> {
    let mut platforms = store.list::<Warehouse>(SELLER, "", page).await?;
    if !platforms.next_token.is_empty() {
        platforms.next_token.insert_str(0, PLATFORM);
    }
    Ok(platforms)
}
