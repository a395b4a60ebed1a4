//! The form of a product: what was filled in, the fields, and the requests that it becomes. Rows of variants that stay empty
//! count for nothing; the others keep their order, so that what the catalog says of `variants[1]` stands at the second row.

use std::collections::BTreeMap;

use haat_contracts::catalog::{CreateProductRequest, NewVariant, Product, UpdateProductRequest, Variant};
use haat_web::ui::{self, Field};
use haat_web::{Errors, Visit};
use maud::{Markup, html};

use crate::parts;

/// As they come: `variants[0].sku` and the like.
pub type Fields = BTreeMap<String, String>;

/// Options of a variant, by the catalog's rules.
const OPTIONS: usize = 3;
const ROWS_MAX: usize = 100;
const BLANK_ROWS: usize = 3;

#[derive(Clone, Debug, Default)]
pub struct Filled {
    pub key: String,
    pub etag: String,
    /// The button for more rows was pressed: nothing is to be done but to show them.
    pub wants_more_rows: bool,
    title: String,
    description: String,
    category: String,
    brand: String,
    option_names: [String; OPTIONS],
    rows: Vec<Row>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    /// It is there already; its SKU stays, and its price is changed at the offer.
    is_known: bool,
    sku: String,
    title: String,
    options: [String; OPTIONS],
    price: String,
}

impl Row {
    fn is_blank(&self) -> bool {
        *self == Row::default()
    }

    fn of(variant: &Variant, names: &[String; OPTIONS]) -> Self {
        let value = |name: &String| variant.options.get(name).cloned().unwrap_or_default();
        let price = variant.offers.first().and_then(|offer| offer.price.as_ref());
        Row {
            is_known: true,
            sku: variant.sku.clone(),
            title: variant.title.clone(),
            options: names.each_ref().map(value),
            price: parts::plain(price),
        }
    }
}

impl Filled {
    pub fn blank() -> Self {
        Filled { rows: vec![Row::default(); BLANK_ROWS], ..Filled::default() }
    }

    pub fn of(product: &Product) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in product.variants.iter().flat_map(|variant| variant.options.keys()) {
            if !names.contains(name) && names.len() < OPTIONS {
                names.push(name.clone());
            }
        }
        names.resize(OPTIONS, String::new());
        let option_names: [String; OPTIONS] = std::array::from_fn(|index| names[index].clone());
        let mut rows: Vec<Row> = product.variants.iter().map(|variant| Row::of(variant, &option_names)).collect();
        rows.push(Row::default());
        Filled {
            etag: product.etag.clone(),
            title: product.title.clone(),
            description: product.description.clone(),
            category: product.category.clone(),
            brand: product.brand.clone(),
            option_names,
            rows,
            ..Filled::default()
        }
    }

    pub fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
        let row = |index: usize| {
            let own = |name: &str| text(&format!("variants[{index}].{name}"));
            Row {
                is_known: !own("known").is_empty(),
                sku: own("sku"),
                title: own("title"),
                options: std::array::from_fn(|option| own(&format!("options[{option}]"))),
                price: own("price"),
            }
        };
        let count = text("rows").parse().unwrap_or(0).min(ROWS_MAX);
        Filled {
            key: text("key"),
            etag: text("etag"),
            wants_more_rows: fields.contains_key("more"),
            title: text("title"),
            description: text("description"),
            category: text("category"),
            brand: text("brand"),
            option_names: std::array::from_fn(|option| text(&format!("option[{option}]"))),
            rows: (0..count).map(row).filter(|row| !row.is_blank()).collect(),
        }
    }

    pub fn with_more_rows(mut self) -> Self {
        let room = ROWS_MAX.saturating_sub(self.rows.len());
        self.rows.extend(std::iter::repeat_n(Row::default(), BLANK_ROWS.min(room)));
        self
    }

    pub fn create_request(&self, visit: &Visit) -> Result<CreateProductRequest, Errors> {
        Ok(CreateProductRequest {
            title: self.title.clone(),
            description: self.description.clone(),
            category: self.category.clone(),
            brand: self.brand.clone(),
            variants: self.variants(visit)?,
            images: Vec::new(),
        })
    }

    pub fn update_request(&self, visit: &Visit, product: &Product) -> Result<UpdateProductRequest, Errors> {
        Ok(UpdateProductRequest {
            product: product.id.clone(),
            title: Some(self.title.clone()),
            description: Some(self.description.clone()),
            category: Some(self.category.clone()),
            brand: Some(self.brand.clone()),
            images: Vec::new(),
            variants: self.variants(visit)?,
            update_mask: None,
            etag: self.etag.clone(),
        })
    }

    fn variants(&self, visit: &Visit) -> Result<Vec<NewVariant>, Errors> {
        let mut errors = Errors::default();
        let mut variants = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.iter().enumerate() {
            let price = if row.is_known { None } else { parts::rupees(&row.price) };
            if price.is_none() && !row.is_known {
                errors.add(format!("variants[{index}].price"), visit.t("price-wrong"));
            }
            for option in 0..OPTIONS {
                if !row.options[option].is_empty() && self.option_names[option].is_empty() {
                    errors.add(format!("option[{option}]"), visit.t("option-name-missing"));
                }
            }
            let options = self.option_names.iter().cloned().zip(row.options.iter().cloned());
            let options = options.filter(|(_, value)| !value.is_empty()).collect();
            variants.push(NewVariant { sku: row.sku.clone(), title: row.title.clone(), options, price });
        }
        if errors.is_empty() { Ok(variants) } else { Err(errors) }
    }
}

/// What is wrong, before the form: each with a link to its field, by the field's label.
pub fn mistakes(visit: &Visit, errors: &Errors) -> Markup {
    let anchor = |field: &str| field.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let has_fields = errors.fields().next().is_some();
    let list = html! {
        p { strong { (errors.summary.as_deref().unwrap_or(&visit.t("form-has-errors"))) } }
        @if has_fields {
            ul { @for (field, text) in errors.fields() { li { a href={ "#field-" (anchor(field)) } { (label(visit, field)) } ": " (text) } } }
        }
    };
    html! { @if !errors.is_empty() { (ui::notice(ui::Tone::Bad, &list)) } }
}

/// `variants[0].price` as a seller sees it: Variant 1, price.
fn label(visit: &Visit, field: &str) -> String {
    let of_variant = field.strip_prefix("variants[").and_then(|rest| rest.split_once("]."));
    let Some((index, own)) = of_variant else {
        return if matches!(field, "title" | "description" | "category" | "brand" | "variants") {
            visit.t(field)
        } else {
            field.to_owned()
        };
    };
    let number = index.parse::<usize>().map_or(0, |index| index + 1);
    let own = match own.split_once('.').map_or(own, |(first, _)| first) {
        "sku" => visit.t("sku"),
        "price" => visit.t("price"),
        "title" => visit.t("variant-title"),
        _ => own.trim_start_matches("options.").to_owned(),
    };
    format!("{}, {own}", visit.t_with("variant-number", &[("number", number.into())]))
}

/// All fields; `more` is where the button for more rows sends them.
pub fn fields(visit: &Visit, filled: &Filled, errors: &Errors, more: &str) -> Markup {
    html! {
        section.card {
            h2 { (visit.t("description")) }
            (Field::text("title", &visit.t("title")).value(&filled.title).required().with("maxlength", "200").errors(errors))
            (Field::area("description", &visit.t("description"), 6).value(&filled.description).hint(&visit.t("description-hint")).errors(errors))
            div.columns {
                (Field::text("category", &visit.t("category")).value(&filled.category).hint(&visit.t("category-hint")).errors(errors))
                (Field::text("brand", &visit.t("brand")).value(&filled.brand).errors(errors))
            }
        }
        section.card {
            h2 { (visit.t("variants")) }
            p.soft.small { (visit.t("variants-hint")) }
            @if let Some(error) = errors.field("variants") { p.error { (ui::icon(ui::Icon::Alert)) (error) } }
            (option_names(visit, filled, errors))
            input type="hidden" name="rows" value=(filled.rows.len());
            @for (index, one) in filled.rows.iter().enumerate() { (row(visit, filled, index, one, errors)) }
            div.row {
                button.button.secondary type="submit" name="more" value="rows" formaction=(more) formnovalidate { (visit.t("more-variants")) }
            }
        }
    }
}

fn option_names(visit: &Visit, filled: &Filled, errors: &Errors) -> Markup {
    let hints = ["option-hint-0", "option-hint-1", "option-hint-2"].map(|id| visit.t(id));
    html! {
        div.field-row {
            @for option in 0..OPTIONS {
                @let name = format!("option[{option}]");
                @let label = visit.t_with("option-name", &[("number", (option + 1).into())]);
                (Field::text(&name, &label).value(&filled.option_names[option]).hint(&hints[option]).errors(errors))
            }
        }
    }
}

fn row(visit: &Visit, filled: &Filled, index: usize, row: &Row, errors: &Errors) -> Markup {
    let name = |field: &str| format!("variants[{index}].{field}");
    let (known, sku, title, price) = (name("known"), name("sku"), name("title"), name("price"));
    let number = visit.t_with("variant-number", &[("number", (index + 1).into())]);
    let price_error = errors.field(&price).or_else(|| errors.field(&name("price.amount")));
    html! {
        div.stack-small role="group" aria-labelledby=(name("heading")) {
            h3 id=(name("heading")) { (number) }
            @if row.is_known { input type="hidden" name=(known) value="yes"; }
            div.field-row {
                @for option in 0..OPTIONS {
                    @let field = name(&format!("options[{option}]"));
                    @let fallback = visit.t_with("option-value", &[("number", (option + 1).into())]);
                    @let label = if filled.option_names[option].is_empty() { fallback } else { filled.option_names[option].clone() };
                    @let error = errors.field(&name(&format!("options.{}", filled.option_names[option]))).or_else(|| errors.field(&field));
                    @if !row.is_known || !filled.option_names[option].is_empty() {
                        (Field::text(&field, &label).value(&row.options[option]).error(error))
                    }
                }
                @if !row.is_known {
                    (Field::decimal(&price, &visit.t("price-in-rupees")).value(&row.price).error(price_error))
                    (Field::text(&sku, &visit.t("sku")).value(&row.sku).errors(errors))
                } @else {
                    (Field::text(&sku, &visit.t("sku")).value(&row.sku).with("readonly", "readonly").errors(errors))
                }
                (Field::text(&title, &visit.t("variant-title")).value(&row.title).errors(errors))
            }
        }
    }
}
