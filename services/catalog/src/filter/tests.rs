//! What the filter language means, and where it is refused.

use proptest::prelude::*;

use super::*;

fn brand(value: &str) -> Filter {
    Filter::Is(TextField::Brand, value.into())
}

fn price(from: u64, to: u64) -> Filter {
    Filter::Price { from, to }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

#[test]
fn filters_mean_what_aip_160_says() {
    let option = |name: &str, value: &str| Filter::Is(TextField::Option(name.into()), value.into());
    for (text, filter) in [
        (r#"brand = "Jaipur Loom""#, brand("Jaipur Loom")),
        (r#"brand='X'"#, brand("X")),
        ("brand=कपड़ा", brand("कपड़ा")),
        (r#"brand = "say \"hi\"""#, brand(r#"say "hi""#)),
        (r#"brand != "X""#, not(brand("X"))),
        ("seller = seller_1", Filter::Is(TextField::Seller, "seller_1".into())),
        (r#"category:"kurta""#, Filter::Has(TextField::Category, "kurta".into())),
        ("brand:*", Filter::Has(TextField::Brand, String::new())),
        ("options.Color = Blue", option("color", "Blue")),
        (r#"options."shoe size" = "9""#, option("shoe size", "9")),
        ("price = 5", price(5, 5)),
        ("price<100000", price(0, 99_999)),
        ("price <= 5", price(0, 5)),
        ("price > 5", price(6, u64::MAX)),
        ("price >= 5", price(5, u64::MAX)),
        ("price < 0", price(1, 0)),
        ("price != 5", not(price(5, 5))),
        ("available = true", Filter::Available),
        ("available:true", Filter::Available),
        ("available != true", not(Filter::Available)),
        ("available = false", not(Filter::Available)),
        ("NOT available = false", not(not(Filter::Available))),
        ("brand = a AND price < 2", Filter::All(vec![brand("a"), price(0, 1)])),
        ("brand = a AND brand = b OR brand = c", Filter::All(vec![brand("a"), Filter::Any(vec![brand("b"), brand("c")])])),
        ("(brand = a AND brand = b) OR brand = c", Filter::Any(vec![Filter::All(vec![brand("a"), brand("b")]), brand("c")])),
        ("((brand = AND))", brand("AND")),
    ] {
        assert_eq!(parse(text), Ok(Some(filter)), "{text}");
    }
    assert_eq!(parse(""), Ok(None));
    assert_eq!(parse("  \t"), Ok(None));
}

#[test]
fn what_cannot_be_read_is_refused_where_it_begins() {
    for (text, position) in [
        ("brand", 1),
        ("brand =", 8),
        ("brand = ", 9),
        ("= x", 1),
        (r#"brand = "X"#, 9),
        (r#"brand = "X\"#, 9),
        ("color = x", 1),
        ("options. = x", 1),
        ("brand < x", 7),
        ("price = cheap", 9),
        ("price = -1", 9),
        ("price = 9.5", 9),
        ("price : 5", 7),
        ("price = 99999999999999999999999", 9),
        ("available = yes", 13),
        ("available < true", 11),
        ("brand = a price = 5", 11),
        ("brand = a AND", 14),
        ("brand = a and price = 5", 11),
        ("(brand = a", 11),
        ("brand = a)", 10),
        ("NOT NOT brand = a", 5),
        ("brand ! a", 7),
        ("brand = a, price = 5", 10),
        ("()", 2),
        ("नाम = x", 1),
        ("brand = कप)", 11),
    ] {
        assert_eq!(parse(text).map_err(|error| error.position), Err(position), "{text}");
    }
    let deep = format!("{}brand = a{}", "(".repeat(17), ")".repeat(17));
    assert_eq!(parse(&deep).unwrap_err().position, 17);
    assert!(parse(&"x".repeat(LENGTH_MAX + 1)).is_err());
    let error: haat_kernel::Error = parse("brand").unwrap_err().into();
    assert_eq!(
        (error.kind, error.code.as_str(), error.violations[0].field.as_str()),
        (Kind::InvalidArgument, "filter_invalid", "filter")
    );
}

proptest! {
    #[test]
    fn nothing_makes_the_parser_panic(text in "(brand|price|options\\.|AND|OR|NOT|[()\"'=<>!:,\\\\ *]|[a-z0-9कि]){0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.position >= 1 && error.position <= text.chars().count() + 1);
        }
    }

    #[test]
    fn nor_does_any_other_text(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }
}
