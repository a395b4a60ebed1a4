//! The seller's own products: by state or low stock, by words, a page at a time.

use haat_contracts::catalog::product::State as ProductState;
use haat_contracts::catalog::{ListProductsRequest, ListProductsResponse, Product};
use haat_contracts::common::Money;
use haat_kernel::Kind;
use haat_web::axum::extract::State;
use haat_web::ui::{self, Column, Icon, Look, Pager, Tab};
use haat_web::{Page, Query, Result, Visit};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::calls::Calls;
use crate::parts;
use crate::staff::{Staff, own_seller};

const PAGE_SIZE: i32 = 25;
/// The values of `state` that have a tab; `low` asks for low stock.
const TABS: [(&str, &str); 5] = [
    ("", "all"),
    ("published", "state-published"),
    ("draft", "state-draft"),
    ("archived", "state-archived"),
    ("low", "low-stock"),
];

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Wanted {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    state: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    query: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    page: String,
}

impl Wanted {
    fn request(&self) -> ListProductsRequest {
        let state = match self.state.as_str() {
            "published" => ProductState::Published,
            "draft" => ProductState::Draft,
            "archived" => ProductState::Archived,
            _ => ProductState::Unspecified,
        };
        ListProductsRequest {
            page_size: PAGE_SIZE,
            page_token: self.page.clone(),
            state: state.into(),
            query: self.query.clone(),
            low_stock: self.state == "low",
        }
    }

    fn path(&self, visit: &Visit) -> String {
        let query = serde_html_form::to_string(self).unwrap_or_default();
        let path = visit.path("/products");
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    fn on_page(&self, token: &str) -> Self {
        Wanted { page: token.to_owned(), ..self.clone() }
    }
}

/// What of it is the seller's: their own offers, and the variants that have one.
pub fn as_own(visit: &Visit, mut product: Product) -> Product {
    let seller = own_seller(visit);
    for variant in &mut product.variants {
        variant.offers.retain(|offer| offer.seller_id == seller);
    }
    product.variants.retain(|variant| !variant.offers.is_empty());
    product
}

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff, Query(wanted): Query<Wanted>) -> Result<Page> {
    let ctx = visit.ctx();
    let found = match calls.products(&ctx, wanted.request()).await {
        // A token of another list: the beginning.
        Err(error) if error.kind == Kind::InvalidArgument && !wanted.page.is_empty() => {
            calls.products(&ctx, wanted.on_page("").request()).await?
        }
        found => found?,
    };
    let actions = html! {
        (ui::link_button(Look::Secondary, &visit.path("/import"), &visit.t("import")))
        (ui::link_button(Look::Primary, &visit.path("/products/new"), &visit.t("new-product")))
    };
    let content = html! {
        (tabs(&visit, &wanted))
        div.stack {
            (search(&visit, &wanted))
            (list(&visit, &wanted, &found))
        }
    };
    Ok(parts::page(&visit.t("products"), &actions, &content))
}

fn tabs(visit: &Visit, wanted: &Wanted) -> Markup {
    let tab = |(state, label): (&str, &str)| Tab {
        label: visit.t(label),
        href: Wanted { state: state.to_owned(), page: String::new(), ..wanted.clone() }.path(visit),
        is_current: wanted.state == state,
    };
    ui::tabs(&visit.t("state"), &TABS.map(tab))
}

fn search(visit: &Visit, wanted: &Wanted) -> Markup {
    html! {
        search {
            form.inline action=(visit.path("/products")) method="get" {
                @if !wanted.state.is_empty() { input type="hidden" name="state" value=(wanted.state); }
                (ui::Field::search("query", &visit.t("search-products")).value(&wanted.query))
                (ui::submit(Look::Secondary, &visit.t("search")))
            }
        }
    }
}

fn list(visit: &Visit, wanted: &Wanted, found: &ListProductsResponse) -> Markup {
    if found.products.is_empty() && found.next_page_token.is_empty() {
        return nothing(visit, wanted);
    }
    let columns = [Column::text(visit.t("product")), Column::text(visit.t("state")), Column::number(visit.t("price"))];
    let row = |product: &Product| {
        let product = &as_own(visit, product.clone());
        vec![
            link(visit, product),
            html! { div.row { (parts::product_state(visit, product.state())) (parts::availability(visit, product)) } },
            html! { (price_range(visit, product)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = found.products.iter().map(row).collect();
    let pager = Pager {
        first: (!wanted.page.is_empty()).then(|| wanted.on_page("").path(visit)),
        next: (!found.next_page_token.is_empty()).then(|| wanted.on_page(&found.next_page_token).path(visit)),
        position: String::new(),
    };
    html! {
        div {
            (ui::table(&visit.t("products"), &columns, &rows))
            (ui::pagination(visit, &pager))
        }
    }
}

fn nothing(visit: &Visit, wanted: &Wanted) -> Markup {
    let is_filtered = !wanted.state.is_empty() || !wanted.query.is_empty();
    html! {
        div.card {
            p { (ui::icon(Icon::Tag)) " " (visit.t(if is_filtered { "no-such-products" } else { "no-products-yet" })) }
            div.row {
                @if is_filtered { (ui::link_button(Look::Secondary, &visit.path("/products"), &visit.t("all-products"))) }
                @else { (ui::link_button(Look::Primary, &visit.path("/import"), &visit.t("import-first"))) }
            }
        }
    }
}

pub fn link(visit: &Visit, product: &Product) -> Markup {
    html! {
        a href=(path(visit, &product.id)) { (product.title) }
        br;
        span.soft.small {
            @if !product.brand.is_empty() { (product.brand) " · " }
            (visit.t_with("count-variants", &[("count", product.variants.len().into())]))
        }
    }
}

pub fn path(visit: &Visit, product: &str) -> String {
    visit.path(&format!("/products/{product}"))
}

/// From the cheapest to the dearest variant.
fn price_range(visit: &Visit, product: &Product) -> String {
    let prices = || product.variants.iter().flat_map(|variant| &variant.offers).filter_map(|offer| offer.price.as_ref());
    let least = prices().min_by_key(|price: &&Money| price.amount);
    let most = prices().max_by_key(|price: &&Money| price.amount);
    match (least, most) {
        (Some(least), Some(most)) if least.amount < most.amount => format!("{} – {}", visit.money(least), visit.money(most)),
        (least, _) => parts::money(visit, least),
    }
}
