//! The start page: what there is, by category and by occasion, what is new, and what costs little.

use haat_contracts::catalog::{SearchProductsRequest, SearchProductsResponse};
use haat_web::axum::extract::State;
use haat_web::{Head, Page, Result, Visit, ui};
use maud::{Markup, html};
use serde_json::json;

use crate::parts;
use crate::pictures;
use crate::wanted::Wanted;
use crate::{Front, goods};

const SHELF: i32 = 10;
const CATEGORIES: usize = 12;
/// Pictures beside the greeting.
const HERO_PICTURES: usize = 4;

/// An occasion to look for things: its message, the words that find them, and a picture.
const COLLECTIONS: [(&str, &str, &str); 4] = [
    ("collection-weddings", "weddings", "/pictures/saree/maroon/banarasi/2.svg"),
    ("collection-gifting", "gifting", "/pictures/tea-set/ceramic/blue-pottery/3.svg"),
    ("collection-monsoon", "monsoon", "/pictures/juttis/teal/embroidered/1.svg"),
    ("collection-office", "office", "/pictures/nehru-jacket/navy/ikat/5.svg"),
];

pub async fn page(State(front): State<Front>, visit: Visit) -> Result<Page> {
    let ctx = visit.ctx();
    let search = |filter: &str, order: &str| {
        let message = SearchProductsRequest {
            filter: filter.to_owned(),
            order_by: order.to_owned(),
            facets: "category".to_owned(),
            page_size: SHELF,
            ..SearchProductsRequest::default()
        };
        front.shop.search(&ctx, message)
    };
    let (newest, cheap, finishing) = futures::join!(
        search("available = true", "newest"),
        search("available = true AND price < 50000", ""),
        search(
            "available = true AND (category = \"Jewellery\" OR category = \"Bags\" OR category = \"Footwear\" OR category = \"Dupattas & stoles\")",
            ""
        ),
    );
    let newest = newest?;
    let title = visit.t("home-title");
    let head = Head::titled(visit.t("site-name")).described(visit.t("home-description")).at("/").with_data(site_data(&visit));
    // The other shelves are worth a page less than the page itself.
    let body = html! {
        (hero(&visit, &title, &newest))
        (categories(&visit, &newest))
        (shelf(&visit, "home-new", "/search?sort=newest", Some(&newest)))
        (collections(&visit))
        (shelf(&visit, "home-finishing", "/search?category=Jewellery&category=Bags&category=Footwear&category=Dupattas%20%26%20stoles", finishing.as_ref().ok()))
        (shelf(&visit, "home-cheap", "/search?price=0-50000", cheap.as_ref().ok()))
        (promises(&visit))
    };
    Ok(Page::new(head, body))
}

fn hero(visit: &Visit, title: &str, newest: &SearchProductsResponse) -> Markup {
    html! {
        section.hero {
            div.hero-text {
                p.eyebrow { (visit.t("home-eyebrow")) }
                h1 { (title) }
                p.lead { (visit.t("home-lead")) }
                div.actions {
                    (ui::link_button(ui::Look::Primary, "/search", &visit.t("home-shop-all")))
                    (ui::link_button(ui::Look::Secondary, "/search?sort=newest", &visit.t("home-see-new")))
                }
            }
            div.hero-pictures aria-hidden="true" {
                @for product in newest.products.iter().take(HERO_PICTURES) { (parts::decoration(&goods::picture(product).path)) }
            }
        }
    }
}

fn categories(visit: &Visit, found: &SearchProductsResponse) -> Markup {
    let buckets = found.facets.first().map(|facet| facet.buckets.as_slice()).unwrap_or_default();
    let tile = |name: &str, count: i64| {
        let picture = pictures::path_for(name, name, "", name);
        html! {
            a.tile href=(Wanted::in_category(name).path()) {
                (parts::decoration(&picture))
                span.tile-name { (parts::category_name(visit, name)) }
                span.tile-count { (visit.t_with("products-count", &[("count", count.into())])) }
            }
        }
    };
    html! {
        @if !buckets.is_empty() {
            (parts::section(&visit.t("home-categories"), None, &html! {
                ul.tiles { @for bucket in buckets.iter().take(CATEGORIES) { li { (tile(&bucket.value, bucket.count)) } } }
            }))
        }
    }
}

fn shelf(visit: &Visit, title: &str, more: &str, found: Option<&SearchProductsResponse>) -> Markup {
    let products = found.map(|found| found.products.as_slice()).unwrap_or_default();
    html! {
        @if !products.is_empty() {
            (parts::section(&visit.t(title), Some((&visit.t("see-all"), more)), &parts::cards(visit, products)))
        }
    }
}

fn collections(visit: &Visit) -> Markup {
    parts::section(
        &visit.t("home-collections"),
        None,
        &html! {
            ul.collections {
                @for (message, words, picture) in COLLECTIONS {
                    li { a.collection href=(Wanted::query(words).path()) {
                        (parts::decoration(picture))
                        span.collection-name { (visit.t(message)) }
                        span.collection-text { (visit.t(&format!("{message}-text"))) }
                    } }
                }
            }
        },
    )
}

fn promises(visit: &Visit) -> Markup {
    let promise = |icon: ui::Icon, message: &str| {
        html! {
            li { span.promise-icon { (ui::icon(icon)) } div { h3 { (visit.t(message)) } p { (visit.t(&format!("{message}-text"))) } } }
        }
    };
    html! {
        section.promises aria-labelledby="promises" {
            h2.visually-hidden id="promises" { (visit.t("promises")) }
            ul {
                (promise(ui::Icon::Store, "promise-sellers"))
                (promise(ui::Icon::Refresh, "promise-cancel"))
                (promise(ui::Icon::Lock, "promise-payment"))
            }
        }
    }
}

fn site_data(visit: &Visit) -> serde_json::Value {
    let origin = visit.origin();
    json!({
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": visit.t("site-name"),
        "url": format!("{origin}/"),
        "potentialAction": {
            "@type": "SearchAction",
            "target": format!("{origin}/search?query={{query}}"),
            "query-input": "required name=query",
        },
    })
}
