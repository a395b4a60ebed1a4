//! What a visitor looks for, as the address says it: words, chosen values of facets, an order and a page. From it come the
//! call's filter and the addresses of every variation of the search.

use haat_contracts::catalog::SearchProductsRequest;
use serde::Deserialize;

pub const PAGE_SIZE: i32 = 24;
/// Chosen values of one facet; more are ignored.
const CHOSEN_MAX: usize = 12;
/// The facets of the shop, in the order of the page, as the catalog names them.
pub const FACETS: [&str; 4] = ["category", "price", "brand", "color"];
pub const ORDERS: [&str; 4] = ["relevance", "newest", "price", "price desc"];

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Wanted {
    pub query: String,
    pub category: Vec<String>,
    pub brand: Vec<String>,
    pub price: Vec<String>,
    pub color: Vec<String>,
    pub sort: String,
    /// `yes`: only what can be had now.
    pub available: String,
    pub page: String,
}

impl Wanted {
    /// Everything of one category.
    pub fn in_category(name: &str) -> Self {
        Wanted { category: vec![name.to_owned()], ..Wanted::default() }
    }

    pub fn query(words: &str) -> Self {
        Wanted { query: words.to_owned(), ..Wanted::default() }
    }

    /// Without what is empty, unknown or too much.
    pub fn tidied(mut self) -> Self {
        self.query = self.query.trim().to_owned();
        for chosen in [&mut self.category, &mut self.brand, &mut self.price, &mut self.color] {
            chosen.retain(|value| !value.is_empty());
            chosen.truncate(CHOSEN_MAX);
        }
        self.price.retain(|range| bounds(range).is_some());
        if !ORDERS.contains(&self.sort.as_str()) {
            self.sort.clear();
        }
        self
    }

    pub fn chosen(&self, facet: &str) -> &[String] {
        match facet {
            "category" => &self.category,
            "brand" => &self.brand,
            "price" => &self.price,
            "color" => &self.color,
            _ => &[],
        }
    }

    pub fn is_available_only(&self) -> bool {
        self.available == "yes"
    }

    pub fn has_filters(&self) -> bool {
        FACETS.iter().any(|facet| !self.chosen(facet).is_empty()) || self.is_available_only()
    }

    pub fn request(&self) -> SearchProductsRequest {
        SearchProductsRequest {
            query: self.query.clone(),
            facets: FACETS.join(","),
            filter: self.filter(),
            order_by: self.sort.clone(),
            page_size: PAGE_SIZE,
            page_token: self.page.clone(),
        }
    }

    fn filter(&self) -> String {
        let any_of = |field: &str, values: &[String]| {
            let tests = values.iter().map(|value| format!("{field} = {}", quoted(value)));
            (!values.is_empty()).then(|| format!("({})", tests.collect::<Vec<_>>().join(" OR ")))
        };
        let prices = self.price.iter().filter_map(|range| bounds(range)).map(|(from, to)| match to {
            Some(to) => format!("(price >= {from} AND price < {to})"),
            None => format!("price >= {from}"),
        });
        let prices: Vec<String> = prices.collect();
        let parts = [
            any_of("category", &self.category),
            any_of("brand", &self.brand),
            any_of("options.color", &self.color),
            (!prices.is_empty()).then(|| format!("({})", prices.join(" OR "))),
            self.is_available_only().then(|| "available = true".to_owned()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" AND ")
    }

    /// The address of this search; of a whole category its own address.
    pub fn path(&self) -> String {
        if let [category] = self.category.as_slice()
            && *self == (Wanted { page: self.page.clone(), ..Wanted::in_category(category) })
        {
            let page = if self.page.is_empty() { String::new() } else { format!("?page={}", encoded(&self.page)) };
            return format!("/category/{}{page}", encoded(category));
        }
        let mut pairs: Vec<(&str, &str)> = vec![("query", self.query.as_str())];
        for facet in FACETS {
            pairs.extend(self.chosen(facet).iter().map(|value| (facet, value.as_str())));
        }
        pairs.extend([("sort", self.sort.as_str()), ("available", self.available.as_str()), ("page", self.page.as_str())]);
        let pairs: Vec<String> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        if pairs.is_empty() { "/search".to_owned() } else { format!("/search?{}", pairs.join("&")) }
    }

    /// The same search without this value of a facet.
    pub fn without(&self, facet: &str, value: &str) -> Self {
        let mut other = self.first_page();
        let chosen = match facet {
            "category" => &mut other.category,
            "brand" => &mut other.brand,
            "price" => &mut other.price,
            _ => &mut other.color,
        };
        chosen.retain(|kept| kept != value);
        other
    }

    pub fn without_filters(&self) -> Self {
        Wanted { query: self.query.clone(), sort: self.sort.clone(), ..Wanted::default() }
    }

    pub fn first_page(&self) -> Self {
        Wanted { page: String::new(), ..self.clone() }
    }

    pub fn on_page(&self, token: &str) -> Self {
        Wanted { page: token.to_owned(), ..self.clone() }
    }
}

/// The ends of a range such as `50000-100000`, in minor units; the last range has no upper end.
pub fn bounds(range: &str) -> Option<(u64, Option<u64>)> {
    let (from, to) = range.split_once('-')?;
    let to = if to.is_empty() { None } else { Some(to.parse().ok()?) };
    Some((from.parse().ok()?, to))
}

/// A text as filters take it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text as part of an address.
pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Wanted {
        Wanted {
            query: "blue kurta".into(),
            category: vec!["Kurtas".into(), "Bed & bath".into()],
            brand: vec!["A \"B\" \\".into()],
            price: vec!["50000-100000".into(), "2500000-".into()],
            color: vec!["Blue".into()],
            sort: "price desc".into(),
            available: "yes".into(),
            page: "t1".into(),
        }
    }

    #[test]
    fn a_search_becomes_a_filter() {
        assert_eq!(
            full().request().filter,
            r#"(category = "Kurtas" OR category = "Bed & bath") AND (brand = "A \"B\" \\") AND (options.color = "Blue") AND ((price >= 50000 AND price < 100000) OR price >= 2500000) AND available = true"#
        );
        assert_eq!(Wanted::default().request().filter, "");
    }

    #[test]
    fn an_address_says_the_whole_search_and_is_read_back() {
        for wanted in [full(), Wanted::query("100% \"cotton\" & <b>"), Wanted::default()] {
            let path = wanted.path();
            let query = path.split_once('?').map(|(_, query)| query).unwrap_or_default();
            assert_eq!(serde_html_form::from_str::<Wanted>(query).unwrap(), wanted, "{path}");
        }
        assert_eq!(Wanted::in_category("Tea & coffee").path(), "/category/Tea%20%26%20coffee");
        assert_eq!(full().without("price", "2500000-").price, ["50000-100000"]);
        assert_eq!(full().without_filters().path(), "/search?query=blue%20kurta&sort=price%20desc");
    }

    #[test]
    fn what_means_nothing_is_left_out() {
        let odd =
            Wanted { sort: "upside down".into(), price: vec!["cheap".into()], brand: vec![String::new()], ..Wanted::default() };
        assert_eq!(odd.tidied(), Wanted::default());
    }
}
