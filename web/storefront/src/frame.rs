//! The frame of every page: what the shop's header and footer name, and the styles that are the shop's own.

use haat_contracts::catalog::SearchProductsRequest;
use haat_kernel::Result;
use haat_web::{Head, Page, Visit, ui};
use maud::Markup;

use crate::basket;
use crate::parts::category_name;
use crate::shop::Shop;
use crate::style;
use crate::wanted::Wanted;

/// Categories in the header, the largest first.
const SHOWN: usize = 9;

/// The names of all categories. A catalogue that is only just filling has none yet.
pub async fn categories(shop: &Shop, visit: &Visit) -> Result<Option<Vec<String>>> {
    let message = SearchProductsRequest { facets: "category".into(), page_size: 1, ..SearchProductsRequest::default() };
    let found = shop.search(&visit.ctx(), message).await?;
    let buckets = found.facets.into_iter().flat_map(|facet| facet.buckets);
    let names: Vec<String> = buckets.map(|bucket| bucket.value).collect();
    Ok(Some(names).filter(|names| !names.is_empty()))
}

pub fn layout(visit: &Visit, page: &Page, categories: &[String]) -> Markup {
    let link = |label: String, href: &str| ui::ShopLink { label, href: href.to_owned() };
    let query = visit.url().query().unwrap_or_default();
    let wanted: Wanted = serde_html_form::from_str(query).unwrap_or_default();
    let frame = ui::Shop {
        query: wanted.query,
        suggestions: Some("/suggest".to_owned()),
        cart_count: Some(basket::count(visit)),
        categories: categories
            .iter()
            .take(SHOWN)
            .map(|name| link(category_name(visit, name), &Wanted::in_category(name).path()))
            .collect(),
        account: vec![link(visit.t("my-account"), "/account"), link(visit.t("my-orders"), "/account/orders")],
        footer: vec![
            link(visit.t("footer-all"), "/search"),
            link(visit.t("footer-new"), "/search?sort=newest"),
            link(visit.t("find-order"), "/orders"),
            link(visit.t("footer-sell"), "/seller"),
            link(visit.t("footer-feed"), "/feed.atom"),
            link(visit.t("footer-api"), "/docs"),
        ],
    };
    let head = Head { styles: vec![style::path()], ..page.head.clone() };
    ui::shop(visit, &Page { head, ..page.clone() }, &frame)
}
