//! The frame of every page: what the shop's header and footer name, and the styles that are the shop's own.

use std::sync::Arc;

use haat_contracts::catalog::SearchProductsRequest;
use haat_web::{Head, Page, Visit, ui};
use maud::Markup;
use parking_lot::RwLock;

use crate::basket;
use crate::shop::Shop;
use crate::style;
use crate::wanted::Wanted;

/// Categories in the header, the largest first.
const SHOWN: usize = 9;
const FRESH_S: i64 = 60;

/// The categories that there are, as of a moment ago. Pages are made without waiting for a newer list, but for the first.
#[derive(Clone, Default)]
pub struct Categories(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    names: Vec<String>,
    /// Unix seconds.
    asked: i64,
}

impl Categories {
    pub fn names(&self) -> Vec<String> {
        self.0.read().names.clone()
    }

    /// Asks again once a minute. Without an answer the last list stays.
    pub async fn refresh(&self, shop: &Shop, visit: &Visit) {
        let now = visit.now().as_second();
        if now < self.0.read().asked + FRESH_S {
            return;
        }
        self.0.write().asked = now;
        let message = SearchProductsRequest { facets: "category".into(), page_size: 1, ..SearchProductsRequest::default() };
        match shop.search(&visit.ctx(), message).await {
            Ok(found) => {
                let buckets = found.facets.into_iter().flat_map(|facet| facet.buckets);
                let names: Vec<String> = buckets.map(|bucket| bucket.value).collect();
                // A catalogue that is only just filling is asked for again by the next page.
                let asked = if names.is_empty() { 0 } else { now };
                *self.0.write() = Known { names, asked };
            }
            Err(error) => {
                tracing::warn!(%error, "the header does without the newest categories");
            }
        }
    }
}

pub fn layout(visit: &Visit, page: &Page, categories: &Categories) -> Markup {
    let link = |label: String, href: &str| ui::ShopLink { label, href: href.to_owned() };
    let query = visit.url().query().unwrap_or_default();
    let wanted: Wanted = serde_html_form::from_str(query).unwrap_or_default();
    let frame = ui::Shop {
        query: wanted.query,
        suggestions: Some("/suggest".to_owned()),
        cart_count: Some(basket::count(visit)),
        categories: categories
            .names()
            .into_iter()
            .take(SHOWN)
            .map(|name| link(name.clone(), &Wanted::in_category(&name).path()))
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
