//! A product's page: its pictures, its variants to choose from, and what is said of it. The sellers' offers are in `offers`.

use haat_contracts::catalog::{Product, SearchProductsRequest, Variant};
use haat_contracts::pricing::Promotion;
use haat_web::axum::extract::{Path, State};
use haat_web::{Head, Page, Query, Result, Visit, ui};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::goods::{self, Choice};
use crate::parts;
use crate::prose;
use crate::sellers::Names;
use crate::wanted::Wanted;
use crate::{Front, Shop, offers};

const SIMILAR: i32 = 6;
const SUMMARY_CHARS: usize = 155;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Chosen {
    sku: String,
    /// Which picture is shown large, from 1; by scripts and by links alike.
    picture: usize,
}

pub async fn page(
    State(front): State<Front>,
    visit: Visit,
    Path(id): Path<String>,
    Query(chosen): Query<Chosen>,
) -> Result<Page> {
    let product = front.shop.product(&visit.ctx(), &id).await?;
    let similar = similar(&front.shop, &visit, &product).await;
    let variant = goods::chosen(&product, &chosen.sku);
    let sold_by = product.variants.iter().flat_map(|variant| &variant.offers).map(|offer| offer.seller_id.as_str());
    let names = front.sellers.names(&front.shop, &visit, sold_by).await;
    let promotions = front.promotions(&visit).await;
    let image = goods::picture(&product).path;
    let head = Head::titled(product.title.as_str())
        .described(prose::summary(&product.description, SUMMARY_CHARS))
        .at(parts::product_path(&product.id))
        .with_data(data(&visit, &product, &names));
    let head = Head { image: Some(image), ..head };
    let body = html! {
        (trail(&visit, &product))
        article.product {
            (gallery(&visit, &product, variant, chosen.picture))
            (buying(&visit, &product, variant, &names, &promotions))
        }
        (about(&visit, &product, variant))
        @if !similar.is_empty() {
            (parts::section(&visit.t("similar"), Some((&visit.t("see-all"), &Wanted::in_category(&product.category).path())), &parts::cards(&visit, &similar)))
        }
    };
    Ok(Page::new(head, body))
}

/// Others of its category; none where the search is away.
async fn similar(shop: &Shop, visit: &Visit, product: &Product) -> Vec<Product> {
    if product.category.is_empty() {
        return Vec::new();
    }
    let wanted = Wanted { available: "yes".to_owned(), ..Wanted::in_category(&product.category) };
    let message = SearchProductsRequest { page_size: SIMILAR, facets: String::new(), ..wanted.request() };
    let found = shop.search(&visit.ctx(), message).await.map(|found| found.products).unwrap_or_default();
    let count = usize::try_from(SIMILAR - 1).unwrap_or_default();
    found.into_iter().filter(|other| other.id != product.id).take(count).collect()
}

fn trail(visit: &Visit, product: &Product) -> Markup {
    let (home, category) = (visit.t("home"), Wanted::in_category(&product.category).path());
    let name = parts::category_name(visit, &product.category);
    let mut trail = vec![(home.as_str(), "/")];
    if !product.category.is_empty() {
        trail.push((name.as_str(), category.as_str()));
    }
    trail.push((product.title.as_str(), ""));
    ui::breadcrumbs(visit, &trail)
}

fn gallery(visit: &Visit, product: &Product, variant: Option<&Variant>, wanted: usize) -> Markup {
    let pictures = goods::pictures(product);
    let shown =
        wanted.checked_sub(1).filter(|index| *index < pictures.len()).unwrap_or_else(|| goods::picture_of(product, variant));
    let sku = variant.map(|variant| variant.sku.as_str()).unwrap_or_default();
    html! {
        div.gallery {
            div.gallery-main { (parts::image(&pictures[shown], true)) }
            @if pictures.len() > 1 {
                ul.gallery-others aria-label=(visit.t("pictures")) {
                    @for (index, picture) in pictures.iter().enumerate() {
                        @let path = format!("?sku={}&picture={}", crate::wanted::encoded(sku), index + 1);
                        li { a href=(path) aria-current=[(index == shown).then_some("true")] { (parts::image(picture, true)) } }
                    }
                }
            }
        }
    }
}

fn buying(visit: &Visit, product: &Product, variant: Option<&Variant>, names: &Names, promotions: &[Promotion]) -> Markup {
    let offers = variant.map(|variant| goods::by_merit(&variant.offers)).unwrap_or_default();
    html! {
        div.buying {
            @if !product.brand.is_empty() {
                p.product-brand { a href=(Wanted { brand: vec![product.brand.clone()], ..Wanted::default() }.path()) { (product.brand) } }
            }
            h1 { (product.title) }
            (rating(visit, product))
            @if let Some(best) = offers.first() { (offers::price_block(visit, best)) }
            @if let Some(variant) = variant { @for choice in goods::choices(product, variant) { (options(visit, &choice)) } }
            @match offers.first() {
                Some(best) if best.available => (offers::add_form(visit, best, ui::Look::Primary)),
                _ => p.sold-out { (ui::icon(ui::Icon::Alert)) (visit.t("variant-sold-out")) },
            }
            (offers::sellers(visit, &offers, names))
            (offers::promotions(visit, promotions))
            ul.assurances {
                li { (ui::icon(ui::Icon::Truck)) span { (visit.t("assurance-delivery")) } }
                li { (ui::icon(ui::Icon::Refresh)) span { (visit.t("assurance-cancel")) } }
                li { (ui::icon(ui::Icon::Lock)) span { (visit.t("assurance-payment")) } }
            }
        }
    }
}

fn rating(visit: &Visit, product: &Product) -> Markup {
    let rating = product.rating.as_ref().filter(|rating| rating.count > 0);
    html! {
        p.rating {
            @if let Some(rating) = rating {
                (ui::icon(ui::Icon::StarFull))
                strong { (format!("{:.1}", rating.average)) }
                " " (visit.t_with("ratings-count", &[("count", rating.count.into())]))
            } @else { (ui::icon(ui::Icon::Star)) (visit.t("no-ratings")) }
        }
    }
}

fn options(visit: &Visit, choice: &Choice) -> Markup {
    let name = option_name(visit, &choice.name);
    let chosen = choice.values.iter().find(|value| value.is_chosen).map(|value| value.value.as_str()).unwrap_or_default();
    html! {
        div.option-group role="group" aria-label=(name) {
            p.option-name { (name) ": " strong { (chosen) } }
            ul.option-values {
                @for value in &choice.values {
                    li {
                        a.option-value href={ "?sku=" (crate::wanted::encoded(&value.sku)) } rel="nofollow"
                            aria-current=[value.is_chosen.then_some("true")] data-sold-out[!value.is_available] {
                            @if choice.name.eq_ignore_ascii_case("color") { span.swatch data-color=(value.value.to_lowercase()) {} }
                            (value.value)
                            @if !value.is_available { span.visually-hidden { " (" (visit.t("sold-out")) ")" } }
                        }
                    }
                }
            }
        }
    }
}

/// Options that the shop knows are named in the visitor's language.
fn option_name(visit: &Visit, name: &str) -> String {
    let id = format!("option-{}", name.to_lowercase());
    if visit.knows(&id) { visit.t(&id) } else { name.to_owned() }
}

fn about(visit: &Visit, product: &Product, variant: Option<&Variant>) -> Markup {
    let mut facts = vec![
        (visit.t("facet-brand"), product.brand.clone()),
        (visit.t("facet-category"), parts::category_name(visit, &product.category)),
    ];
    if let Some(variant) = variant {
        facts.extend(variant.options.iter().map(|(name, value)| (option_name(visit, name), value.clone())));
        facts.push((visit.t("item-number"), variant.sku.clone()));
    }
    facts.retain(|(_, value)| !value.is_empty());
    let facts: Vec<(&str, Markup)> = facts.iter().map(|(name, value)| (name.as_str(), html! { (value) })).collect();
    html! {
        div.about {
            section { h2 { (visit.t("about-product")) } @for part in prose::paragraphs(&product.description) { p { (part) } } }
            section { h2 { (visit.t("details")) } (ui::definition_list(&facts)) }
        }
    }
}

/// What search engines read (schema.org).
fn data(visit: &Visit, product: &Product, names: &Names) -> Value {
    let origin = visit.origin();
    let url = format!("{origin}{}", parts::product_path(&product.id));
    let images: Vec<String> = goods::pictures(product).iter().map(|picture| format!("{origin}{}", picture.path)).collect();
    let offers = product.variants.iter().flat_map(|variant| variant.offers.iter().map(move |offer| (variant, offer)));
    let offers: Vec<Value> = offers
        .filter_map(|(variant, offer)| {
            let price = offer.price.as_ref()?;
            let availability = if offer.available { "InStock" } else { "OutOfStock" };
            Some(json!({
                "@type": "Offer",
                "sku": variant.sku,
                "url": format!("{url}?sku={}", crate::wanted::encoded(&variant.sku)),
                "priceCurrency": price.currency_code,
                "price": format!("{}.{:02}", price.amount / 100, price.amount % 100),
                "availability": format!("https://schema.org/{availability}"),
                "seller": { "@type": "Organization", "name": names.of(visit, &offer.seller_id) },
            }))
        })
        .collect();
    let mut thing = json!({
        "@type": "Product",
        "name": product.title,
        "description": prose::summary(&product.description, 500),
        "image": images,
        "url": url,
        "category": product.category,
        "offers": offers,
    });
    if !product.brand.is_empty() {
        thing["brand"] = json!({ "@type": "Brand", "name": product.brand });
    }
    if let Some(rating) = product.rating.as_ref().filter(|rating| rating.count > 0) {
        thing["aggregateRating"] =
            json!({ "@type": "AggregateRating", "ratingValue": rating.average, "reviewCount": rating.count });
    }
    let crumb = |position: usize, name: &str, path: &str| json!({ "@type": "ListItem", "position": position, "name": name, "item": format!("{origin}{path}") });
    let crumbs = [
        crumb(1, &visit.t("home"), "/"),
        crumb(2, &product.category, &Wanted::in_category(&product.category).path()),
        crumb(3, &product.title, &parts::product_path(&product.id)),
    ];
    json!({ "@context": "https://schema.org", "@graph": [thing, { "@type": "BreadcrumbList", "itemListElement": crumbs }] })
}
