//! Searches over a small index: words, facets, filters, orders, pages.

use std::collections::BTreeMap;

use haat_kernel::id::derived;
use haat_kernel::{Money, Timestamp};
use haat_store::{Aggregate, Positions};

use super::*;
use crate::document::document;
use crate::ids::{SellerId, imported_product};
use crate::index::Writer;
use crate::listing::{Content, NewVariant};
use crate::product::{self, NewProduct, Product, ProductEvent};
use crate::shelf::Shelf;

struct Item {
    title: &'static str,
    brand: &'static str,
    category: &'static str,
    colors: &'static [&'static str],
    rupees: i64,
    is_available: bool,
    description: &'static str,
}

const ITEMS: [Item; 7] = [
    Item {
        title: "Block-print cotton kurta, blue",
        brand: "Jaipur Loom",
        category: "Kurtas",
        colors: &["Blue"],
        rupees: 899,
        is_available: true,
        description: "<p>Soft <b>handloom</b> cotton</p>",
    },
    Item {
        title: "Silk kurta",
        brand: "Kanchi House",
        category: "Kurtas",
        colors: &["Red", "Blue"],
        rupees: 2_499,
        is_available: true,
        description: "Festive",
    },
    Item {
        title: "Linen shirt",
        brand: "Jaipur Loom",
        category: "Shirts",
        colors: &["White"],
        rupees: 1_299,
        is_available: true,
        description: "Goes with a kurta",
    },
    Item {
        title: "Women's running shoes",
        brand: "Pace",
        category: "Shoes",
        colors: &["Black"],
        rupees: 3_999,
        is_available: false,
        description: "Light",
    },
    Item {
        title: "Steel bottle, 1 litre",
        brand: "",
        category: "Kitchen",
        colors: &[],
        rupees: 450,
        is_available: true,
        description: "Keeps water cold",
    },
    Item {
        title: "नीला सूती कुर्ता",
        brand: "Jaipur Loom",
        category: "Kurtas",
        colors: &["Blue"],
        rupees: 999,
        is_available: true,
        description: "हाथ से बुना",
    },
    Item {
        title: "Café mugs, set of six",
        brand: "Clay & Co",
        category: "Kitchen",
        colors: &["White"],
        rupees: 450,
        is_available: true,
        description: "Stoneware",
    },
];

fn seller(index: usize) -> SellerId {
    derived(&["seller", if index.is_multiple_of(2) { "even" } else { "odd" }])
}

fn id(index: usize) -> ProductId {
    imported_product(&seller(index), &index.to_string())
}

fn made(index: usize, item: &Item) -> (Product, Shelf) {
    let variant = |color: Option<&str>| NewVariant {
        options: color.map(|color| ("Color".to_owned(), color.to_owned())).into_iter().collect(),
        price: Some(Money::inr(item.rupees * 100)),
        ..NewVariant::default()
    };
    let variants =
        if item.colors.is_empty() { vec![variant(None)] } else { item.colors.iter().map(|color| variant(Some(color))).collect() };
    let content = Content {
        title: item.title.into(),
        brand: item.brand.into(),
        category: item.category.into(),
        description: item.description.into(),
        ..Content::default()
    };
    let new = NewProduct { id: id(index), seller: seller(index), handle: index.to_string(), content, variants };
    let at = Timestamp::from_second(1_750_000_000 + i64::try_from(index).unwrap()).unwrap();
    let mut product = Product::create(&product::create(new, at).unwrap()[0]).unwrap();
    product.apply(&ProductEvent::Published);
    let mut shelf = Shelf::default();
    for offer in product.variants.iter().flat_map(|variant| &variant.offers).filter(|_| item.is_available) {
        Shelf::stock(None, &offer.id, 100).iter().for_each(|event| shelf.apply(event));
    }
    (product, shelf)
}

fn put(writer: &Writer, product: &Product, shelf: &Shelf) {
    match document(product, shelf) {
        Some(document) => writer.put(&product.id, &document).unwrap(),
        None => writer.remove(&product.id),
    }
}

fn index() -> Index {
    let index = Index::in_memory().unwrap();
    let mut writer = index.writer().unwrap();
    for (place, item) in ITEMS.iter().enumerate() {
        let (product, shelf) = made(place, item);
        put(&writer, &product, &shelf);
        // Several segments, as in real life.
        if place == 3 {
            writer.commit(&Positions::default()).unwrap();
        }
    }
    writer.commit(&Positions::default()).unwrap();
    index
}

fn search(index: &Index, query: &str, filter: &str, facets: &str, order: &str) -> Found {
    index.search(&Search::read(query, filter, facets, order, 20, "").unwrap()).unwrap()
}

/// The items found, by their places in [`ITEMS`].
fn places(found: &Found) -> Vec<usize> {
    found.products.iter().map(|product| (0..ITEMS.len()).find(|place| id(*place) == *product).unwrap()).collect()
}

fn check(query: &str, filter: &str, order: &str, expected: &[usize]) {
    let found = search(&index(), query, filter, "", order);
    assert_eq!(places(&found), expected, "{query} {filter} {order}");
    assert_eq!(found.total, expected.len() as u64);
}

#[test]
fn words_find_what_they_mean() {
    check("blue kurta", "", "price", &[0, 5, 1]);
    check("KURTAS", "", "price", &[0, 5, 2, 1]);
    check("handloom", "", "", &[0]);
    check("kurt", "", "price", &[0, 5, 2, 1]);
    check("cotton blu", "", "", &[0]);
    check("womens shoe", "", "", &[3]);
    check("women's shoes for the", "", "", &[3]);
    check("cafe", "", "", &[6]);
    check("loom shirt", "", "", &[2]);
    check("100% cotton", "", "", &[]);
    check("कुर्ता", "", "", &[5]);
    check("सूती नीला", "", "", &[5]);
    check("नी", "", "", &[5]);
    check("!!! ''", "available = false", "", &[3]);
}

#[test]
fn what_a_thing_is_weighs_more_than_what_is_said_of_it() {
    let found = search(&index(), "kurta", "", "", "");
    assert_eq!(places(&found).last(), Some(&2), "the shirt that only mentions a kurta comes last");
}

#[test]
fn one_wrong_letter_is_forgiven_where_nothing_else_is_found() {
    check("kurtta", "", "price", &[0, 5, 2, 1]);
    check("bottel", "", "", &[4]);
    check("linne shirt", "", "", &[2]);
    check("mgs", "", "", &[]);
    check("zzzzzz", "", "", &[]);
}

#[test]
fn without_words_the_available_and_the_newest_come_first() {
    check("", "", "", &[6, 5, 4, 2, 1, 0, 3]);
    check("", "", "newest", &[6, 5, 4, 3, 2, 1, 0]);
    // The last two cost the same: the order of their ids is nobody's business.
    assert_eq!(places(&search(&index(), "", "", "", "price desc"))[..5], [3, 1, 2, 5, 0]);
}

#[test]
fn filters_reduce() {
    check("", r#"brand = "Jaipur Loom""#, "price", &[0, 5, 2]);
    check("", r#"brand = "jaipur loom""#, "", &[]);
    check("", "brand:LOOM AND price < 100000", "price", &[0, 5]);
    check("", "brand != Pace AND NOT brand:*", "", &[4]);
    check("", "category = Kurtas OR category = Shoes", "price", &[0, 5, 1, 3]);
    check("", "price >= 249900", "price", &[1, 3]);
    check("", "price < 0", "", &[]);
    check("", "options.color = Red", "", &[1]);
    check("", "options.color:bl AND available = true", "price", &[0, 5, 1]);
    check("", &format!("seller = {} AND price < 100000", seller(1)), "", &[5]);
    check("kurta", "NOT options.color = White", "price", &[0, 5, 1]);
}

#[test]
fn a_facets_own_filter_leaves_its_counts_alone() {
    let index = index();
    let buckets = |filter: &str, facets: &str| -> BTreeMap<String, Vec<(String, u64)>> {
        search(&index, "", filter, facets, "").facets.into_iter().map(|facet| (facet.name, facet.buckets)).collect()
    };
    let pairs = |pairs: &[(&str, u64)]| pairs.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect::<Vec<_>>();
    let all = buckets("", "brand, category,price,color");
    assert_eq!(all["brand"], pairs(&[("Jaipur Loom", 3), ("Clay & Co", 1), ("Kanchi House", 1), ("Pace", 1)]));
    assert_eq!(all["category"], pairs(&[("Kurtas", 3), ("Kitchen", 2), ("Shirts", 1), ("Shoes", 1)]));
    assert_eq!(all["price"], pairs(&[("0-50000", 2), ("50000-100000", 2), ("100000-200000", 1), ("200000-500000", 2)]));
    assert_eq!(all["color"], pairs(&[("Blue", 3), ("White", 2), ("Black", 1), ("Red", 1)]));

    let loom = buckets(r#"brand = "Jaipur Loom""#, "brand,category");
    assert_eq!(loom["brand"], all["brand"]);
    assert_eq!(loom["category"], pairs(&[("Kurtas", 2), ("Shirts", 1)]));
    let two = buckets(r#"(brand = "Jaipur Loom" OR brand = Pace) AND price < 100000"#, "brand,category,price");
    assert_eq!(two["brand"], pairs(&[("Clay & Co", 1), ("Jaipur Loom", 2)]).into_iter().rev().collect::<Vec<_>>());
    assert_eq!(two["category"], pairs(&[("Kurtas", 2)]));
    assert_eq!(two["price"], pairs(&[("50000-100000", 2), ("100000-200000", 1), ("200000-500000", 1)]));
    let blue = buckets("options.color = Blue AND available = true", "color,brand,nothing");
    assert_eq!((blue["color"].len(), blue["brand"].len(), blue["nothing"].len()), (3, 2, 0));
    assert_eq!(search(&index, "", "options.color = Blue", "", "").total, 3);
}

#[test]
fn pages_follow_one_another_and_belong_to_their_search() {
    let index = index();
    for order in ["", "price", "price desc", "newest"] {
        for query in ["", "kurta"] {
            let whole = search(&index, query, "", "", order);
            let (mut token, mut seen) = (String::new(), Vec::new());
            loop {
                let page = index.search(&Search::read(query, "", "", order, 2, &token).unwrap()).unwrap();
                assert!(page.products.len() <= 2 && page.total == whole.total);
                seen.extend(page.products);
                token = page.next_token;
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(seen, whole.products, "{query} {order}");
        }
    }
    let token = index.search(&Search::read("", "", "", "", 2, "").unwrap()).unwrap().next_token;
    for foreign in [
        Search::read("kurta", "", "", "", 2, &token),
        Search::read("", "", "", "newest", 2, &token),
        Search::read("", "", "", "", 2, "x"),
    ] {
        assert_eq!(foreign.unwrap_err().violations[0].field, "pageToken");
    }
    assert!(Search::read("", "", "brand", "", 5, &token).is_ok(), "facets and sizes may differ from page to page");
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let code = |search: Result<Search>| search.unwrap_err().code;
    assert_eq!(code(Search::read("", "brand =", "", "", 1, "")), "filter_invalid");
    assert_eq!(code(Search::read("", "", "", "rating", 1, "")), "order_by_invalid");
    assert_eq!(code(Search::read(&"x".repeat(401), "", "", "", 1, "")), "invalid_argument");
    assert_eq!(code(Search::read("", "", "a,b,c,d,e,f,g,h,i,j,k", "", 1, "")), "invalid_argument");
}

#[test]
fn an_index_follows_its_products_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut positions = Positions::default();
    positions.set(3, 17);
    let (mut product, shelf) = made(0, &ITEMS[0]);
    {
        let index = Index::open(folder.path()).unwrap();
        let mut writer = index.writer().unwrap();
        put(&writer, &product, &shelf);
        writer.commit(&positions).unwrap();
        put(&writer, &product, &Shelf::default());
        writer.commit(&positions).unwrap();
        assert_eq!(search(&index, "", "available = false", "", "").total, 1);
    }
    let index = Index::open(folder.path()).unwrap();
    assert_eq!((index.positions(), search(&index, "blue kurta", "", "", "").total), (positions, 1));
    product.apply(&ProductEvent::Archived);
    let mut writer = index.writer().unwrap();
    put(&writer, &product, &shelf);
    writer.commit(&Positions::default()).unwrap();
    assert_eq!(search(&index, "", "", "", "").total, 0);
    drop((writer, index));

    std::fs::write(folder.path().join("meta.json"), "garbage").unwrap();
    let anew = Index::open(folder.path()).unwrap();
    assert_eq!((anew.positions(), search(&anew, "", "", "", "").total), (Positions::default(), 0));
}

#[test]
fn misspelt_words_are_corrected_and_beginnings_go_on() {
    let index = index();
    let corrected = |query: &str| search(&index, query, "", "", "").corrected_query;
    assert_eq!(corrected("kutra"), "kurta");
    assert_eq!(corrected("silk krta"), "silk kurta");
    assert_eq!(corrected("silk kurta"), "", "what matches is not corrected");
    assert_eq!(corrected("zzzzzz"), "", "nothing is near");
    let completions = |query: &str| index.completions(query, 3).unwrap();
    assert!(completions("kur").contains(&"kurta".to_owned()), "{:?}", completions("kur"));
    assert_eq!(completions("silk ku"), ["silk kurta"]);
    assert_eq!(completions("linen silk"), Vec::<String>::new(), "only what finds something");
    assert_eq!(completions(""), Vec::<String>::new());
}
