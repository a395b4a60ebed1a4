//! Carts with known answers, and the sums that hold for every cart.

use haat_kernel::id::derived;
use proptest::prelude::*;

use super::*;

fn rates() -> Rates {
    Rates::at("2026-11-21T12:00:00Z".parse().unwrap())
}

fn item(seller: &str, quantity: u32, unit_price: i64) -> Item {
    Item { offer: derived(&[seller]), seller: derived(&[seller]), quantity, unit_price: Money::inr(unit_price) }
}

fn ten_percent() -> Benefit {
    Benefit::Percent(10)
}

/// `expected`: subtotal, discount, shipping, tax included, total.
#[track_caller]
fn check(items: &[Item], benefit: Option<Benefit>, has_address: bool, expected: [i64; 5]) {
    let Quote { totals, .. } = quote(items.to_vec(), benefit.as_ref(), has_address, &rates()).unwrap();
    let found = [totals.subtotal, totals.discount, totals.shipping, totals.tax_included, totals.total].map(|money| money.minor);
    assert_eq!(found, expected, "{items:?} {benefit:?}");
}

#[test]
fn carts_with_known_answers() {
    check(&[], Some(ten_percent()), true, [0, 0, 0, 0, 0]);
    check(&[item("s", 1, 129_900)], None, true, [129_900, 0, 0, 19_815, 129_900]);
    check(&[item("s", 2, 20_000)], None, true, [40_000, 0, 4_900, 6_849, 44_900]);
    check(&[item("s", 2, 20_000)], None, false, [40_000, 0, 0, 6_102, 40_000]);
    check(&[item("s", 1, 49_900)], Some(ten_percent()), true, [49_900, 4_990, 4_900, 7_598, 49_810]);
    check(&[item("s", 1, 129_900), item("t", 1, 10_000)], None, true, [139_900, 0, 4_900, 22_088, 144_800]);
    check(&[item("s", 1, 10_000)], Some(Benefit::Amount(Money::inr(50_000))), true, [10_000, 10_000, 4_900, 747, 4_900]);
}

#[test]
fn a_coupon_is_borne_in_proportion() {
    let items = vec![item("s", 1, 30_000), item("t", 1, 60_000), item("s", 1, 10_000)];
    let quote = quote(items, Some(&Benefit::Amount(Money::inr(1_001))), false, &rates()).unwrap();
    assert_eq!(quote.lines.iter().map(|line| line.discount.minor).collect::<Vec<_>>(), [300, 601, 100]);
    let shares: Vec<i64> = quote.sellers.values().map(|totals| totals.discount.minor).collect();
    assert!(shares == [400, 601] || shares == [601, 400], "{shares:?}");
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    assert_eq!(quote(vec![item("s", u32::MAX, i64::MAX / 2)], None, true, &rates()), Err(MoneyError::OutOfRange));
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = (0..4u8, 1..100u32, 1..2_000_000i64);
    prop::collection::vec(item.prop_map(|(seller, quantity, price)| item_of(seller, quantity, price)), 0..25)
}

fn item_of(seller: u8, quantity: u32, price: i64) -> Item {
    item(&seller.to_string(), quantity, price)
}

fn benefit() -> impl Strategy<Value = Option<Benefit>> {
    prop_oneof![
        Just(None),
        (1..=100u32).prop_map(|percent| Some(Benefit::Percent(percent))),
        (1..50_000_000i64).prop_map(|minor| Some(Benefit::Amount(Money::inr(minor)))),
    ]
}

fn sum(amounts: impl IntoIterator<Item = Money>) -> i64 {
    amounts.into_iter().map(|money| money.minor).sum()
}

fn adds_up(totals: &Totals) -> bool {
    totals.subtotal.minor - totals.discount.minor + totals.shipping.minor + totals.tax.minor == totals.total.minor
        && totals.tax.is_zero()
        && [totals.subtotal, totals.discount, totals.shipping, totals.tax_included].iter().all(|money| money.minor >= 0)
        && totals.discount.minor <= totals.subtotal.minor
        && totals.tax_included.minor <= totals.total.minor
}

proptest! {
    #[test]
    fn every_quote_adds_up(items in items(), benefit in benefit(), has_address: bool) {
        let off = benefit.map_or(Money::inr(0), |benefit| benefit.off(subtotal(&items).unwrap()).unwrap());
        let Quote { lines, sellers, totals } = quote(items.clone(), benefit.as_ref(), has_address, &rates()).unwrap();

        prop_assert_eq!(lines.iter().map(|line| line.item.clone()).collect::<Vec<_>>(), items);
        for line in &lines {
            prop_assert_eq!(line.subtotal, line.item.unit_price.times(line.item.quantity).unwrap());
            prop_assert_eq!(line.total.minor, line.subtotal.minor - line.discount.minor);
            prop_assert!(line.discount.minor >= 0 && line.total.minor >= 0);
        }
        for (seller, of_seller) in &sellers {
            prop_assert!(adds_up(of_seller), "{:?}", of_seller);
            let lines = || lines.iter().filter(|line| line.item.seller == *seller);
            prop_assert_eq!(of_seller.subtotal.minor, sum(lines().map(|line| line.subtotal)));
            prop_assert_eq!(of_seller.discount.minor, sum(lines().map(|line| line.discount)));
            let share = i128::from(off.minor) * i128::from(of_seller.subtotal.minor) / i128::from(totals.subtotal.minor.max(1));
            prop_assert!((0..=1).contains(&(i128::from(of_seller.discount.minor) - share)), "a share leaks");
        }
        prop_assert!(adds_up(&totals));
        prop_assert_eq!(totals.discount, off);
        prop_assert_eq!(totals.subtotal.minor, sum(sellers.values().map(|of| of.subtotal)));
        prop_assert_eq!(totals.shipping.minor, sum(sellers.values().map(|of| of.shipping)));
        prop_assert_eq!(totals.tax_included.minor, sum(sellers.values().map(|of| of.tax_included)));
        prop_assert_eq!(totals.total.minor, sum(sellers.values().map(|of| of.total)));
        prop_assert!(has_address || totals.shipping.is_zero());
    }
}
