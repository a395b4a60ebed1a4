//! The visitor's cart: its id and the number of its pieces, remembered in a cookie, so that every page can show the number
//! without asking for the cart. A cart that is gone or was bought is replaced by a new one when something is added.

use haat_contracts::checkout::Cart;
use haat_kernel::{Error, Result};
use haat_web::{Cookie, Visit};

use crate::shop::Shop;

const CART: &str = "haat_cart";
/// The e-mail address with which a guest sees what they bought.
const GUEST: &str = "haat_guest";

/// The id of the visitor's cart.
pub fn id(visit: &Visit) -> Option<&str> {
    visit.cookie(CART).map(|value| value.split(' ').next().unwrap_or(value)).filter(|id| id.starts_with("cart_"))
}

pub fn count(visit: &Visit) -> u64 {
    visit.cookie(CART).and_then(|value| value.split(' ').nth(1)?.parse().ok()).unwrap_or(0)
}

pub fn remember(visit: &Visit, cart: &Cart) {
    let pieces: i64 = cart.items.iter().map(|item| i64::from(item.quantity)).sum();
    visit.set_cookie(Cookie::lasting(CART, format!("{} {pieces}", cart.id)));
}

/// The cart was bought, or is gone.
pub fn forget(visit: &Visit) {
    visit.set_cookie(Cookie::gone(CART));
}

pub fn guest_email(visit: &Visit) -> &str {
    visit.cookie(GUEST).unwrap_or_default()
}

pub fn remember_guest(visit: &Visit, email: &str) {
    visit.set_cookie(Cookie::until_closed(GUEST, email));
}

/// The visitor's cart with what it costs now; None where there is none that is still open to them.
pub async fn open(shop: &Shop, visit: &Visit) -> Result<Option<Cart>> {
    let Some(id) = id(visit) else { return Ok(None) };
    match shop.cart(&visit.ctx(), id).await {
        Ok(cart) => {
            remember(visit, &cart);
            Ok(Some(cart))
        }
        Err(error) if is_gone(&error) => {
            forget(visit);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Adds to the visitor's cart, or to a new one. The same key adds once.
pub async fn add(shop: &Shop, visit: &Visit, offer: &str, quantity: i32, key: &str) -> Result<Cart> {
    if let Some(id) = id(visit) {
        match shop.add_item(&visit.ctx_keyed(key), id, offer, quantity).await {
            Err(error) if is_gone(&error) || error.code == "cart_closed" => {}
            added => return added,
        }
    }
    let cart = shop.create_cart(&visit.ctx_keyed(&format!("{key}-cart"))).await?;
    shop.add_item(&visit.ctx_keyed(key), &cart.id, offer, quantity).await
}

fn is_gone(error: &Error) -> bool {
    error.code == "cart_not_found"
}
