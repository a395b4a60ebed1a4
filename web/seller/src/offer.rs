//! One variant's price and stock: what it costs, how many there are where, what came in, what was corrected.

use std::time::Duration;

use haat_contracts::catalog::{Offer, Product, Variant};
use haat_contracts::common::Money;
use haat_contracts::inventory::{AdjustStockRequest, ReceiveStockRequest, Stock, Warehouse};
use haat_contracts::pricing::UpdateOfferRequest;
use haat_kernel::Kind;
use haat_web::axum::extract::{Path, State};
use haat_web::ui::{self, Column, Field, Look, Stat, Tone};
use haat_web::{Errors, Failure, Form, Page, Result, SeeOther, Visit, see_other};
use maud::{Markup, html};
use serde::Deserialize;

use crate::calls::Calls;
use crate::parts;
use crate::product::{shown, sold_product, variant_name};
use crate::products;
use crate::staff::Staff;

/// The catalog follows a price through a feed: so long is waited for it, so that the next page shows the new one.
const PRICE_SEEN_TRIES: usize = 12;
const PRICE_SEEN_AFTER: Duration = Duration::from_millis(150);

/// What was filled in, in whichever of the three forms.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Filled {
    key: String,
    price: String,
    warehouse_id: String,
    quantity: String,
    delta: String,
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Price,
    Receive,
    Adjust,
}

/// Everything that the page shows.
struct Shown {
    product: Product,
    variant: Variant,
    offer: Offer,
    stock: Stock,
    warehouses: Vec<Warehouse>,
}

type Ids = Path<(String, String)>;

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff, Path(ids): Ids) -> Result<Page> {
    let found = find(&calls, &visit, &ids).await?;
    Ok(offer_page(&visit, &found, &Filled::default(), None))
}

pub async fn change_price(
    State(calls): State<Calls>,
    Staff(visit): Staff,
    Path(ids): Ids,
    Form(filled): Form<Filled>,
) -> Result<SeeOther> {
    let Some(price) = parts::rupees(&filled.price) else {
        let errors = one_error("price", visit.t("price-wrong"));
        return Err(again(&calls, &visit, &ids, &filled, Part::Price, errors).await);
    };
    let request = UpdateOfferRequest { offer: ids.1.clone(), price: Some(price.clone()), etag: String::new() };
    match calls.update_price(&visit.ctx_keyed(&filled.key), request).await {
        Ok(_) => {
            until_seen(&calls, &visit, &ids, &price).await;
            Ok(see_other(&path(&visit, &ids)).notice("price-changed"))
        }
        Err(error) => Err(again(&calls, &visit, &ids, &filled, Part::Price, Errors::of(error)?).await),
    }
}

pub async fn receive(
    State(calls): State<Calls>,
    Staff(visit): Staff,
    Path(ids): Ids,
    Form(filled): Form<Filled>,
) -> Result<SeeOther> {
    let Ok(quantity) = filled.quantity.trim().parse() else {
        let errors = one_error("quantity", visit.t("number-wrong"));
        return Err(again(&calls, &visit, &ids, &filled, Part::Receive, errors).await);
    };
    let request = ReceiveStockRequest { offer: ids.1.clone(), warehouse_id: filled.warehouse_id.clone(), quantity };
    match calls.receive_stock(&visit.ctx_keyed(&filled.key), request).await {
        Ok(_) => Ok(see_other(&path(&visit, &ids)).notice("stock-received")),
        Err(error) => Err(again(&calls, &visit, &ids, &filled, Part::Receive, Errors::of(error)?).await),
    }
}

pub async fn adjust(
    State(calls): State<Calls>,
    Staff(visit): Staff,
    Path(ids): Ids,
    Form(filled): Form<Filled>,
) -> Result<SeeOther> {
    let Ok(delta) = filled.delta.trim().trim_start_matches('+').replace('−', "-").parse() else {
        let errors = one_error("delta", visit.t("number-wrong"));
        return Err(again(&calls, &visit, &ids, &filled, Part::Adjust, errors).await);
    };
    let (warehouse_id, reason) = (filled.warehouse_id.clone(), filled.reason.clone());
    let request = AdjustStockRequest { offer: ids.1.clone(), warehouse_id, delta, reason };
    match calls.adjust_stock(&visit.ctx_keyed(&filled.key), request).await {
        Ok(_) => Ok(see_other(&path(&visit, &ids)).notice("stock-adjusted")),
        Err(error) => {
            let is_held = error.code == "stock_held";
            let errors = if is_held { one_error("delta", visit.t("stock-held")) } else { Errors::of(error)? };
            Err(again(&calls, &visit, &ids, &filled, Part::Adjust, errors).await)
        }
    }
}

async fn until_seen(calls: &Calls, visit: &Visit, ids: &(String, String), price: &Money) {
    for _ in 0..PRICE_SEEN_TRIES {
        let product = calls.product(&visit.ctx(), &ids.0).await.unwrap_or_default();
        let mut offers = product.variants.iter().flat_map(|variant| &variant.offers);
        if offers.any(|offer| offer.id == ids.1 && offer.price.as_ref() == Some(price)) {
            return;
        }
        tokio::time::sleep(PRICE_SEEN_AFTER).await;
    }
}

fn one_error(field: &str, text: String) -> Errors {
    let mut errors = Errors::default();
    errors.add(field, text);
    errors
}

async fn again(calls: &Calls, visit: &Visit, ids: &(String, String), filled: &Filled, part: Part, errors: Errors) -> Failure {
    match find(calls, visit, ids).await {
        Ok(found) => shown(offer_page(visit, &found, filled, Some((part, &errors)))),
        Err(failure) => failure,
    }
}

fn path(visit: &Visit, (product, offer): &(String, String)) -> String {
    visit.path(&format!("/products/{product}/offers/{offer}"))
}

async fn find(calls: &Calls, visit: &Visit, (product, offer): &(String, String)) -> Result<Shown> {
    let ctx = visit.ctx();
    let (product, stock, warehouses) =
        futures::join!(sold_product(calls, visit, product), calls.stock(&ctx, offer), calls.warehouses(&ctx));
    let product = product?;
    let stock = match stock {
        // Inventory has not heard of a new offer yet.
        Err(error) if error.kind == Kind::NotFound => Stock { offer_id: offer.clone(), ..Stock::default() },
        stock => stock?,
    };
    let pairs = product.variants.iter().flat_map(|variant| variant.offers.iter().map(move |offer| (variant, offer)));
    let found = pairs.into_iter().find(|(_, own)| own.id == *offer);
    let (variant, offer) = found.map(|(variant, offer)| (variant.clone(), offer.clone())).ok_or(Failure::NotFound)?;
    Ok(Shown { product, variant, offer, stock, warehouses: warehouses? })
}

fn offer_page(visit: &Visit, found: &Shown, filled: &Filled, wrong: Option<(Part, &Errors)>) -> Page {
    let product_path = products::path(visit, &found.product.id);
    let name = variant_name(visit, &found.variant);
    let none = Errors::default();
    let errors = |part: Part| wrong.filter(|(own, _)| *own == part).map_or(&none, |(_, errors)| errors);
    // What was filled in belongs to the one form that it came from.
    let own = |part: Part| if wrong.is_some_and(|(own, _)| own == part) { filled.clone() } else { Filled::default() };
    let trail = [
        (visit.t("products"), visit.path("/products")),
        (found.product.title.clone(), product_path),
        (name.clone(), String::new()),
    ];
    let trail: Vec<(&str, &str)> = trail.iter().map(|(label, href)| (label.as_str(), href.as_str())).collect();
    let content = html! {
        div.stack {
            p.row { span { (found.product.title) } code { (found.variant.sku) } }
            (figures(visit, found))
        }
        (price_form(visit, found, &own(Part::Price), errors(Part::Price)))
        (by_warehouse(visit, found))
        @if found.warehouses.is_empty() { (no_warehouse(visit)) }
        @else {
            section.columns {
                (receive_form(visit, found, &own(Part::Receive), errors(Part::Receive)))
                (adjust_form(visit, found, &own(Part::Adjust), errors(Part::Adjust)))
            }
        }
    };
    parts::page_below(
        &ui::breadcrumbs(visit, &trail),
        &visit.t_with("offer-title", &[("name", name.into())]),
        &html! {},
        &content,
    )
}

fn figures(visit: &Visit, found: &Shown) -> Markup {
    let pieces = |number: i64| visit.number(number.unsigned_abs());
    let stock = &found.stock;
    let tone = if stock.available > 0 { Tone::Good } else { Tone::Bad };
    let stat = |label: &str, value: String, note: &str, tone| Stat {
        label: visit.t(label),
        value,
        note: if note.is_empty() { String::new() } else { visit.t(note) },
        tone,
        ..Stat::default()
    };
    ui::stats(&[
        stat("price", parts::money(visit, found.offer.price.as_ref()), "", Tone::Neutral),
        stat("available", pieces(stock.available), "available-note", tone),
        stat("on-hand", pieces(stock.on_hand), "", Tone::Neutral),
        stat("held", pieces(stock.reserved + stock.allocated), "held-note", Tone::Neutral),
    ])
}

fn price_form(visit: &Visit, found: &Shown, filled: &Filled, errors: &Errors) -> Markup {
    let action = format!("{}/price", path(visit, &(found.product.id.clone(), found.offer.id.clone())));
    let now = parts::plain(found.offer.price.as_ref());
    let value = if filled.price.is_empty() { &now } else { &filled.price };
    let error = errors.field("price").or_else(|| errors.field("price.amount")).or(errors.summary.as_deref());
    let form = html! {
        (Field::decimal("price", &visit.t("price-in-rupees")).value(value).hint(&visit.t("price-hint")).required().error(error))
        div.row { (ui::submit(Look::Primary, &visit.t("change-price"))) }
    };
    parts::section(&visit.t("price"), &parts::acting_form(visit, &action, &form))
}

fn by_warehouse(visit: &Visit, found: &Shown) -> Markup {
    let columns = [
        Column::text(visit.t("warehouse")),
        Column::number(visit.t("on-hand")),
        Column::number(visit.t("reserved")),
        Column::number(visit.t("allocated")),
        Column::number(visit.t("available")),
    ];
    let rows: Vec<Vec<Markup>> = found
        .stock
        .by_warehouse
        .iter()
        .map(|shelf| {
            let free = shelf.on_hand - shelf.reserved - shelf.allocated;
            let numbers = [shelf.on_hand, shelf.reserved, shelf.allocated, free].map(|number| html! { (number) });
            std::iter::once(html! { (warehouse_name(found, &shelf.warehouse_id)) }).chain(numbers).collect()
        })
        .collect();
    parts::section(
        &visit.t("stock-by-warehouse"),
        &html! {
            @if rows.is_empty() { p.soft { (visit.t("no-stock-yet")) } } @else { (ui::table(&visit.t("stock-by-warehouse"), &columns, &rows)) }
        },
    )
}

fn warehouse_name<'a>(found: &'a Shown, id: &'a str) -> &'a str {
    found.warehouses.iter().find(|one| one.id == id).map_or(id, |one| one.display_name.as_str())
}

fn no_warehouse(visit: &Visit) -> Markup {
    let link = html! { a href=(visit.path("/warehouses")) { (visit.t("new-warehouse")) } };
    ui::notice(Tone::Info, &html! { (visit.t("no-warehouse")) " " (link) })
}

fn warehouse_field(visit: &Visit, found: &Shown, id: &str, filled: &Filled, errors: &Errors) -> Markup {
    let options: Vec<(&str, &str)> = found.warehouses.iter().map(|one| (one.id.as_str(), one.display_name.as_str())).collect();
    let label = visit.t("warehouse");
    let field = Field::select("warehouseId", &label, &options).value(&filled.warehouse_id).errors(errors).with("id", id);
    html! { (field) }
}

/// What is wrong with the whole; the rest stands at its field.
fn refusal(errors: &Errors) -> Markup {
    html! { @if let Some(text) = &errors.summary { (ui::notice(Tone::Bad, &html! { (text) })) } }
}

fn receive_form(visit: &Visit, found: &Shown, filled: &Filled, errors: &Errors) -> Markup {
    let action = format!("{}/receive", path(visit, &(found.product.id.clone(), found.offer.id.clone())));
    let form = html! {
        (refusal(errors))
        (warehouse_field(visit, found, "receive-warehouse", filled, errors))
        (Field::number("quantity", &visit.t("quantity")).value(&filled.quantity).with("min", "1").required().errors(errors))
        div.row { (ui::submit(Look::Primary, &visit.t("receive"))) }
    };
    parts::section(&visit.t("receive-stock"), &parts::acting_form(visit, &action, &form))
}

fn adjust_form(visit: &Visit, found: &Shown, filled: &Filled, errors: &Errors) -> Markup {
    let action = format!("{}/adjust", path(visit, &(found.product.id.clone(), found.offer.id.clone())));
    let form = html! {
        (refusal(errors))
        (warehouse_field(visit, found, "adjust-warehouse", filled, errors))
        (Field::text("delta", &visit.t("delta")).value(&filled.delta).hint(&visit.t("delta-hint")).required().errors(errors))
        (Field::text("reason", &visit.t("reason")).value(&filled.reason).hint(&visit.t("adjust-reason-hint")).required().errors(errors))
        div.row { (ui::submit(Look::Secondary, &visit.t("adjust"))) }
    };
    parts::section(&visit.t("adjust-stock"), &parts::acting_form(visit, &action, &form))
}
