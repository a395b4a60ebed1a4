//! Decisions of a product, given its events.

use haat_kernel::id::derived;
use haat_kernel::{Entropy, Fault};
use proptest::prelude::*;

use super::*;

fn seller() -> SellerId {
    derived(&["a seller"])
}

fn at() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn variant(sku: &str, size: &str, minor: i64) -> NewVariant {
    let options = if size.is_empty() { BTreeMap::new() } else { BTreeMap::from([("size".to_owned(), size.to_owned())]) };
    NewVariant { sku: sku.into(), title: String::new(), options, price: Some(Money::inr(minor)), stock: 3 }
}

fn new_product(variants: Vec<NewVariant>) -> NewProduct {
    let content = Content { title: "Blue kurta".into(), brand: "Jaipur Loom".into(), ..Content::default() };
    let id = crate::ids::imported_product(&seller(), "blue-kurta");
    NewProduct { id, seller: seller(), handle: "blue-kurta".into(), content, variants }
}

fn folded(events: &[ProductEvent]) -> Product {
    let mut product = Product::create(&events[0]).unwrap();
    events[1..].iter().for_each(|event| product.apply(event));
    product
}

fn kurta() -> Product {
    folded(&create(new_product(vec![variant("K-S", "S", 100), variant("K-M", "M", 100)]), at()).unwrap())
}

/// Decides on the kurta and compares the names of the events, or the fields at fault.
fn check(decide: impl FnOnce(&Product) -> Decision, expected: Result<&[&str], &[&str]>) {
    let outcome = decide(&kurta());
    match (&outcome, expected) {
        (Ok(events), Ok(names)) => {
            let found: Vec<String> =
                events.iter().map(|event| serde_json::to_value(event).unwrap()["type"].to_string()).collect();
            assert_eq!(found, names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>());
        }
        (Err(error), Err(fields)) => {
            assert_eq!(error.violations().iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), fields);
        }
        _ => panic!("{outcome:?} is not {expected:?}"),
    }
}

fn import_of(variants: Vec<NewVariant>, is_published: Option<bool>) -> impl FnOnce(&Product) -> Decision {
    move |product| import(Some(product), new_product(variants), is_published, at())
}

#[test]
fn a_new_product_has_the_sellers_offer_on_each_variant() {
    let product = kurta();
    assert_eq!(product.state, State::Draft);
    assert_eq!(product.variants.iter().map(|v| v.title.as_str()).collect::<Vec<_>>(), ["S", "M"]);
    assert!(product.variants.iter().all(|v| v.offers.len() == 1 && v.offers[0].seller == seller()));
    assert_ne!(product.variants[0].offers[0].id, product.variants[1].offers[0].id);
}

#[test]
fn what_breaks_a_limit_is_named_by_its_path() {
    let refused = |variants: Vec<NewVariant>, edit: fn(&mut NewProduct)| {
        move |_: &Product| {
            let mut new = new_product(variants);
            edit(&mut new);
            create(new, at())
        }
    };
    let one = || vec![variant("A", "S", 100)];
    check(refused(one(), |new| new.content.title.clear()), Err(&["title"]));
    check(refused(one(), |new| new.content.title = "x".repeat(201)), Err(&["title"]));
    check(refused(one(), |new| new.content.description = "x".repeat(20_001)), Err(&["description"]));
    check(
        refused(one(), |new| new.content.images = vec![Image { url: "javascript:x".into(), ..Image::default() }]),
        Err(&["images[0].url"]),
    );
    check(refused(Vec::new(), |_| ()), Err(&["variants"]));
    check(refused(vec![variant("A", "S", 0)], |_| ()), Err(&["variants[0].price"]));
    check(refused(one(), |new| new.variants[0].price = None), Err(&["variants[0].price"]));
    check(refused(one(), |new| new.variants[0].stock = -1), Err(&["variants[0].stock"]));
    check(refused(vec![variant("A", "S", 1), variant("A", "M", 1)], |_| ()), Err(&["variants[1].sku"]));
    check(refused(vec![variant("", "S", 1), variant("", "S", 1)], |_| ()), Err(&["variants[1].sku"]));
    check(refused((0..101).map(|i| variant(&format!("S{i}"), "", 1)).collect(), |_| ()), Err(&["variants"]));
    let four = |new: &mut NewProduct| new.variants[0].options = (0..4).map(|i| (format!("o{i}"), "x".into())).collect();
    check(refused(one(), four), Err(&["variants[0].options"]));
    let dollars =
        |new: &mut NewProduct| new.variants[0].price = Some(Money::new(haat_kernel::Currency::parse("USD").unwrap(), 1));
    check(refused(one(), dollars), Err(&["variants[0].price.currencyCode"]));
}

#[test]
fn missing_skus_are_made_and_repeat() {
    let made = || create(new_product(vec![variant("", "S", 1), variant("", "Extra large", 1)]), at()).unwrap();
    let product = folded(&made());
    assert_eq!(product.variants.iter().map(|v| v.sku.as_str()).collect::<Vec<_>>(), ["BLUE-KURTA-S", "BLUE-KURTA-EXTRA-LARGE"]);
    assert_eq!(made(), made());
    let without_handle =
        |id| folded(&create(NewProduct { id, handle: String::new(), ..new_product(vec![variant("", "", 1)]) }, at()).unwrap());
    let entropy = Entropy::seeded(1);
    assert_ne!(without_handle(entropy.id(at())).variants[0].sku, without_handle(entropy.id(at())).variants[0].sku);
}

#[test]
fn an_update_changes_what_is_given() {
    check(|p| p.update(Change::default()), Ok(&[]));
    check(|p| p.update(Change { title: Some("Indigo kurta".into()), ..Change::default() }), Ok(&["described"]));
    check(|p| p.update(Change { title: Some(String::new()), ..Change::default() }), Err(&["title"]));
    let variants = |variants| Change { variants: Some(variants), ..Change::default() };
    check(
        |p| p.update(variants(vec![variant("K-S", "Small", 100), variant("K-L", "L", 100)])),
        Ok(&["variant_revised", "variants_added"]),
    );
    check(|p| p.update(variants(vec![variant("K-S", "S", 99)])), Err(&["variants[0].price"]));
    check(|p| p.update(variants(vec![NewVariant { price: None, ..variant("K-L", "L", 1) }])), Err(&["variants[0].price"]));
    check(|p| p.update(variants((0..99).map(|i| variant(&format!("S{i}"), "", 1)).collect())), Err(&["variants"]));
}

#[test]
fn states_move_by_verbs_that_may_be_repeated() {
    let mut product = kurta();
    for (events, state) in [
        (Product::publish as fn(&Product) -> _, State::Published),
        (Product::archive, State::Archived),
        (Product::publish, State::Published),
    ] {
        events(&product).iter().for_each(|event| product.apply(event));
        assert_eq!(product.state, state);
        assert_eq!(events(&product), []);
    }
}

#[test]
fn the_same_file_changes_nothing_and_another_what_differs() {
    let same = || vec![variant("K-S", "S", 100), variant("K-M", "M", 100)];
    check(import_of(same(), Some(false)), Ok(&[]));
    check(import_of(same(), Some(true)), Ok(&["published"]));
    check(import_of(vec![variant("K-S", "S", 120)], None), Ok(&["prices_imported"]));
    check(import_of(vec![variant("K-S", "S", 100), variant("K-L", "L", 1)], None), Ok(&["variants_added"]));
    check(import_of(vec![variant("K-S", "S", 0)], None), Err(&["variants[0].price"]));
    let mut published = kurta();
    published.apply(&ProductEvent::Published);
    assert_eq!(import(Some(&published), new_product(same()), Some(false), at()).unwrap(), [ProductEvent::Archived]);
    assert_eq!(import(Some(&published), new_product(same()), None, at()).unwrap(), []);
    assert_eq!(import(None, new_product(same()), Some(true), at()).unwrap().len(), 2);
}

fn further(sku: &str, minor: i64) -> NewOffer {
    NewOffer { seller: derived(&["another seller"]), sku: sku.into(), price: Money::inr(minor), stock: 2 }
}

#[test]
fn further_sellers_have_one_offer_on_a_variant_each() {
    check(|product| product.add_offer(further("K-S", 90)), Ok(&["offer_added"]));
    check(|product| product.add_offer(further("K-S", 0)), Err(&["price"]));
    check(|product| product.add_offer(NewOffer { stock: -1, ..further("K-S", 90) }), Err(&["initialStock"]));
    assert_eq!(kurta().add_offer(further("K-XXL", 90)), Err(ProductError::VariantNotFound));
    assert_eq!(kurta().add_offer(NewOffer { seller: seller(), ..further("K-S", 90) }), Err(ProductError::OfferExists));

    let mut product = kurta();
    product.add_offer(further("K-S", 90)).unwrap().iter().for_each(|event| product.apply(event));
    assert_eq!(product.add_offer(further("K-S", 80)), Err(ProductError::OfferExists));
    let offers = &product.variant("K-S").unwrap().offers;
    assert_eq!(offers.iter().map(|offer| offer.price.minor).collect::<Vec<_>>(), [100, 90]);
    let sellers = product.keys().into_iter().filter(|key| key.name == SELLER).count();
    assert_eq!(sellers, 2, "both find it among what they sell");
    let skus = product.keys().into_iter().filter(|key| key.name == SELLER_SKU).count();
    assert_eq!(skus, 3, "each seller's SKU is taken");
    // The maker's file leaves the other's offer alone.
    let file = vec![variant("K-S", "S", 110), variant("K-M", "M", 100)];
    import_of(file, None)(&product).unwrap().iter().for_each(|event| product.apply(event));
    assert_eq!(product.variant("K-S").unwrap().offers[1].price.minor, 90);
}

#[test]
fn pricing_has_the_last_word_on_prices() {
    let mut product = kurta();
    let offer = product.variants[0].offers[0].id.clone();
    assert_eq!(product.reprice(&offer, Money::inr(100)), []);
    product.reprice(&offer, Money::inr(90)).iter().for_each(|event| product.apply(event));
    assert_eq!(product.offer(&offer).unwrap().1.price, Money::inr(90));
    assert_eq!(product.reprice(&derived(&["unknown"]), Money::inr(1)), []);
}

#[test]
fn stored_events_keep_loading() {
    let content = Content {
        title: "Blue kurta".into(),
        description: "<p>Soft</p>".into(),
        category: "Kurtas".into(),
        brand: "Jaipur Loom".into(),
        tags: vec!["cotton".into()],
        images: vec![Image { url: "/a.jpg".into(), alt: "front".into() }],
    };
    let created =
        create(NewProduct { content: content.clone(), ..new_product(vec![variant("K-S", "S", 100)]) }, at()).unwrap().remove(0);
    let ProductEvent::Created { variants, .. } = created.clone() else { panic!("a creation") };
    let (offer, options) = (variants[0].offer.clone(), variants[0].options.clone());
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    haat_store::golden::check_events::<Product>(
        golden,
        &[
            ("created", created),
            ("described", ProductEvent::Described { content }),
            ("variants_added", ProductEvent::VariantsAdded { seller: seller(), product_title: "Blue kurta".into(), variants }),
            ("variant_revised", ProductEvent::VariantRevised { sku: "K-S".into(), title: "Small".into(), options }),
            (
                "prices_imported",
                ProductEvent::PricesImported { seller: seller(), prices: BTreeMap::from([(offer.clone(), Money::inr(120))]) },
            ),
            ("price_changed", ProductEvent::PriceChanged { offer, price: Money::inr(90) }),
            (
                "offer_added",
                ProductEvent::OfferAdded {
                    offer: further("K-S", 90),
                    id: derived(&["an offer"]),
                    title: "Blue kurta (S)".into(),
                },
            ),
            ("published", ProductEvent::Published),
            ("archived", ProductEvent::Archived),
        ],
    );
}

proptest! {
    /// Whatever is imported in whatever order: importing the same again changes nothing.
    #[test]
    fn an_import_settles_at_once(files in prop::collection::vec(prop::collection::vec((0u8..6, 1i64..4), 1..5), 1..5), published in any::<Option<bool>>()) {
        let mut product: Option<Product> = None;
        for file in files {
            let file: BTreeMap<u8, i64> = file.into_iter().collect();
            let variants: Vec<NewVariant> = file.iter().map(|(n, price)| variant("", &format!("size {n}"), *price)).collect();
            for round in 0..2 {
                let events = import(product.as_ref(), new_product(variants.clone()), published, at()).unwrap();
                prop_assert!(round == 0 || events.is_empty(), "{events:?}");
                for event in &events {
                    match &mut product {
                        Some(product) => product.apply(event),
                        None => product = Product::create(event),
                    }
                }
            }
        }
    }
}
