//! The shop's own style sheet, below a path that names its content.

use std::sync::LazyLock;

use haat_web::assets::{self, Asset};
use haat_web::axum::extract::Path;
use haat_web::axum::http::HeaderMap;
use haat_web::axum::response::Response;

pub const PATH: &str = "/shop/{version}/shop.css";

static SHEET: Asset = Asset::style(
    "shop.css",
    concat!(
        include_str!("../style/cards.css"),
        include_str!("../style/home.css"),
        include_str!("../style/listing.css"),
        include_str!("../style/product.css"),
        include_str!("../style/buying.css"),
        include_str!("../style/orders.css"),
    ),
);

static VERSION: LazyLock<String> = LazyLock::new(|| assets::version_of(std::slice::from_ref(&SHEET)));

pub fn path() -> String {
    PATH.replace("{version}", &VERSION)
}

pub async fn sheet(Path(asked): Path<String>, headers: HeaderMap) -> Response {
    SHEET.answer(asked == *VERSION, &headers)
}
