//! Search and category pages: what was found, how to narrow it down, and what to do when nothing was found.

use haat_contracts::catalog::{Facet, SearchProductsResponse};
use haat_contracts::common::Money;
use haat_kernel::Kind;
use haat_web::axum::extract::{Path, State};
use haat_web::{Head, Page, Query, Result, Visit, ui};
use maud::{Markup, html};

use crate::Front;
use crate::parts;
use crate::wanted::{FACETS, ORDERS, Wanted, bounds};

/// Values of a facet that are shown at once; the rest on demand.
const VALUES_SHOWN: usize = 8;

pub async fn search(State(front): State<Front>, visit: Visit, Query(wanted): Query<Wanted>) -> Result<Page> {
    let wanted = wanted.tidied();
    page(&front, &visit, &wanted).await
}

pub async fn category(
    State(front): State<Front>,
    visit: Visit,
    Path(name): Path<String>,
    Query(asked): Query<Wanted>,
) -> Result<Page> {
    let wanted = Wanted { category: vec![name], ..asked }.tidied();
    page(&front, &visit, &wanted).await
}

async fn page(front: &Front, visit: &Visit, wanted: &Wanted) -> Result<Page> {
    let found = match front.shop.search(&visit.ctx(), wanted.request()).await {
        // A page of a list that has changed meanwhile: its beginning.
        Err(error) if error.kind == Kind::InvalidArgument && !wanted.page.is_empty() => {
            front.shop.search(&visit.ctx(), wanted.first_page().request()).await?
        }
        found => found?,
    };
    let title = title(visit, wanted);
    let canonical = Wanted { sort: String::new(), available: String::new(), ..wanted.first_page() }.path();
    let description = visit.t_with("search-description", &[("what", title.as_str().into())]);
    let head = Head::titled(title.as_str()).described(description).at(canonical);
    // Search engines follow categories; pages of words and filters are for people.
    let head = if wanted.query.is_empty() && wanted.page.is_empty() { head } else { head.private() };
    Ok(Page::new(head, body(visit, wanted, &title, &found, &front.categories.value())))
}

fn title(visit: &Visit, wanted: &Wanted) -> String {
    match (wanted.query.as_str(), wanted.category.as_slice()) {
        ("", [category]) => parts::category_name(visit, category),
        ("", _) if wanted.sort == "newest" => visit.t("home-new"),
        ("", _) => visit.t("all-products"),
        (query, _) => visit.t_with("search-results-for", &[("query", query.into())]),
    }
}

fn body(visit: &Visit, wanted: &Wanted, title: &str, found: &SearchProductsResponse, categories: &[String]) -> Markup {
    if found.total_size == 0 {
        return nothing(visit, wanted, categories);
    }
    let home = visit.t("home");
    html! {
        (ui::breadcrumbs(visit, &[(home.as_str(), "/"), (title, "")]))
        div.listing {
            form.narrow action="/search" method="get" {
                @if !wanted.query.is_empty() { input type="hidden" name="query" value=(wanted.query); }
                (facets(visit, wanted, &found.facets))
            }
            div.results {
                header.results-head {
                    h1 { (title) }
                    p.results-count role="status" { (visit.t_with("products-found", &[("count", found.total_size.into())])) }
                    (sort_links(visit, wanted))
                }
                (corrected(visit, wanted, &found.corrected_query))
                (chips(visit, wanted))
                h2.visually-hidden { (visit.t("products")) }
                (parts::cards(visit, &found.products))
                (ui::pagination(visit, &pager(wanted, found)))
            }
        }
    }
}

fn pager(wanted: &Wanted, found: &SearchProductsResponse) -> ui::Pager {
    ui::Pager {
        first: (!wanted.page.is_empty()).then(|| wanted.first_page().path()),
        next: (!found.next_page_token.is_empty()).then(|| wanted.on_page(&found.next_page_token).path()),
        position: String::new(),
    }
}

fn corrected(visit: &Visit, wanted: &Wanted, query: &str) -> Markup {
    html! {
        @if !query.is_empty() {
            (ui::notice(ui::Tone::Info, &html! {
                (visit.t_with("nothing-for-showing", &[("query", wanted.query.as_str().into())])) " "
                a href=(Wanted { query: query.to_owned(), ..Wanted::default() }.path()) { strong { (query) } }
            }))
        }
    }
}

fn sort_links(visit: &Visit, wanted: &Wanted) -> Markup {
    let current = if wanted.sort.is_empty() { ORDERS[0] } else { wanted.sort.as_str() };
    html! {
        nav.sorts aria-label=(visit.t("sort-by")) {
            span.sorts-label aria-hidden="true" { (visit.t("sort-by")) }
            ul {
                @for order in ORDERS {
                    @let path = Wanted { sort: if order == ORDERS[0] { String::new() } else { order.to_owned() }, ..wanted.first_page() }.path();
                    li { a href=(path) aria-current=[(order == current).then_some("true")] { (visit.t(&format!("sort-{}", order.replace(' ', "-")))) } }
                }
            }
        }
    }
}

fn chips(visit: &Visit, wanted: &Wanted) -> Markup {
    let chosen = || FACETS.iter().flat_map(|facet| wanted.chosen(facet).iter().map(move |value| (*facet, value)));
    html! {
        @if wanted.has_filters() {
            ul.chips aria-label=(visit.t("chosen-filters")) {
                @for (facet, value) in chosen() {
                    li { a.chip href=(wanted.without(facet, value).path()) {
                        span { (value_name(visit, facet, value)) }
                        (ui::icon(ui::Icon::Close))
                        span.visually-hidden { " " (visit.t("remove-filter")) }
                    } }
                }
                @if wanted.is_available_only() {
                    li { a.chip href=(Wanted { available: String::new(), ..wanted.first_page() }.path()) {
                        span { (visit.t("available-only")) } (ui::icon(ui::Icon::Close)) span.visually-hidden { " " (visit.t("remove-filter")) }
                    } }
                }
                li { a.chips-clear href=(wanted.without_filters().path()) { (visit.t("clear-filters")) } }
            }
        }
    }
}

fn facets(visit: &Visit, wanted: &Wanted, facets: &[Facet]) -> Markup {
    html! {
        details.filters {
            summary { (ui::icon(ui::Icon::Filter)) (visit.t("filters")) }
            div.filters-content {
                @if !wanted.sort.is_empty() { input type="hidden" name="sort" value=(wanted.sort); }
                label.filter-value {
                    input type="checkbox" name="available" value="yes" checked[wanted.is_available_only()];
                    span { (visit.t("available-only")) }
                }
                @for facet in facets.iter().filter(|facet| !facet.buckets.is_empty()) { (one_facet(visit, wanted, facet)) }
                div.filters-apply { (ui::submit(ui::Look::Primary, &visit.t("apply-filters"))) }
            }
        }
    }
}

fn one_facet(visit: &Visit, wanted: &Wanted, facet: &Facet) -> Markup {
    let chosen = wanted.chosen(&facet.name);
    let value = |value: &str, count: i64| {
        html! {
            label.filter-value {
                input type="checkbox" name=(facet.name) value=(value) checked[chosen.iter().any(|own| own == value)];
                @if facet.name == "color" { span.swatch data-color=(value.to_lowercase()) {} }
                span { (value_name(visit, &facet.name, value)) }
                span.filter-count { (count) }
            }
        }
    };
    let (first, rest) = facet.buckets.split_at(facet.buckets.len().min(VALUES_SHOWN));
    html! {
        fieldset.facet {
            legend { (visit.t(&format!("facet-{}", facet.name))) }
            @for bucket in first { (value(&bucket.value, bucket.count)) }
            @if !rest.is_empty() {
                details.facet-rest {
                    summary { (visit.t_with("more-values", &[("count", rest.len().into())])) }
                    @for bucket in rest { (value(&bucket.value, bucket.count)) }
                }
            }
        }
    }
}

fn value_name(visit: &Visit, facet: &str, value: &str) -> String {
    match facet {
        "category" => return parts::category_name(visit, value),
        "price" => {}
        _ => return value.to_owned(),
    }
    let Some((from, to)) = bounds(value) else { return value.to_owned() };
    let rupees = |minor: u64| {
        let amount = i64::try_from(minor).unwrap_or(i64::MAX);
        parts::price(visit, &Money { currency_code: "INR".to_owned(), amount })
    };
    match (from, to) {
        (0, Some(to)) => visit.t_with("price-below", &[("to", rupees(to).into())]),
        (from, None) => visit.t_with("price-above", &[("from", rupees(from).into())]),
        (from, Some(to)) => format!("{} – {}", rupees(from), rupees(to)),
    }
}

fn nothing(visit: &Visit, wanted: &Wanted, categories: &[String]) -> Markup {
    let title = match wanted.query.as_str() {
        "" => visit.t("nothing-found"),
        query => visit.t_with("nothing-found-for", &[("query", query.into())]),
    };
    let actions = html! {
        @if wanted.has_filters() { (ui::link_button(ui::Look::Primary, &wanted.without_filters().path(), &visit.t("clear-filters"))) }
        (ui::link_button(ui::Look::Secondary, "/search", &visit.t("all-products")))
    };
    html! {
        (chips(visit, wanted))
        (ui::empty_state(ui::Icon::Search, &title, &visit.t("nothing-found-text"), &actions))
        @if !categories.is_empty() {
            section.nothing-else {
                h2 { (visit.t("home-categories")) }
                ul.chips { @for name in categories { li { a.chip href=(Wanted::in_category(name).path()) { (parts::category_name(visit, name)) } } } }
            }
        }
    }
}
