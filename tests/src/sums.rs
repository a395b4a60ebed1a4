//! Whether amounts add up, in carts, orders and groups: subtotal − discount + shipping + tax = total.

use serde_json::Value;

use crate::market::amount;

const PARTS: [&str; 5] = ["subtotal", "discount", "shipping", "tax", "total"];

#[track_caller]
fn assert_total(thing: &Value) {
    let [subtotal, discount, shipping, tax, total] = PARTS.map(|part| amount(thing, part));
    assert_eq!(subtotal - discount + shipping + tax, total, "{thing}");
}

#[track_caller]
pub fn assert_cart(cart: &Value) {
    assert_total(cart);
    let items = cart["items"].as_array().unwrap();
    for item in items {
        assert_eq!(amount(item, "unitPrice") * item["quantity"].as_i64().unwrap(), amount(item, "total"), "{item}");
    }
    assert_eq!(items.iter().map(|item| amount(item, "total")).sum::<i64>(), amount(cart, "subtotal"), "{cart}");
}

#[track_caller]
pub fn assert_order(order: &Value) {
    assert_total(order);
    let lines = order["lines"].as_array().unwrap();
    for line in lines {
        let gross = amount(line, "unitPrice") * line["quantity"].as_i64().unwrap();
        assert_eq!(gross - amount(line, "discount"), amount(line, "total"), "{line}");
    }
    assert_eq!(lines.iter().map(|line| amount(line, "discount")).sum::<i64>(), amount(order, "discount"), "{order}");
}

#[track_caller]
pub fn assert_group(group: &Value) {
    assert_total(group);
    let orders = group["orders"].as_array().unwrap();
    assert!(!orders.is_empty());
    orders.iter().for_each(assert_order);
    for part in PARTS {
        assert_eq!(orders.iter().map(|order| amount(order, part)).sum::<i64>(), amount(group, part), "{part}: {group}");
    }
}
