//! The shop's own style sheet, served below a path that names its content, so that browsers keep it for good.

use haat_web::axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use haat_web::axum::response::{IntoResponse, Response};

pub const PATH: &str = "/shop/{version}/shop.css";

const SHEET: &str = concat!(
    include_str!("../style/cards.css"),
    include_str!("../style/home.css"),
    include_str!("../style/listing.css"),
    include_str!("../style/product.css"),
    include_str!("../style/buying.css"),
    include_str!("../style/orders.css"),
);

/// FNV-1a: another content, another path.
const VERSION: u64 = {
    let (bytes, mut hash, mut at) = (SHEET.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
};

pub fn path() -> String {
    PATH.replace("{version}", &format!("{VERSION:016x}"))
}

pub async fn sheet() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, SHEET).into_response()
}
