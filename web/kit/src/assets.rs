//! The style sheet and the scripts: part of the program, served below a path that names their content, so that browsers keep
//! them for good and a new version is a new path.

use std::sync::OnceLock;

use aws_lc_rs::digest;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::failure::Failure;
use crate::visit::Visit;

/// In every asset's path.
pub(crate) const FOLDER: &str = "/assets/";

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const STYLE: &str = concat!(
    include_str!("../style/tokens.css"),
    include_str!("../style/base.css"),
    include_str!("../style/forms.css"),
    include_str!("../style/components.css"),
    include_str!("../style/shop.css"),
    include_str!("../style/console.css"),
    include_str!("../style/charts.css"),
);

const ASSETS: &[Asset] = &[
    Asset { name: "style.css", content_type: CSS, content: STYLE },
    Asset { name: "main.js", content_type: JS, content: include_str!("../scripts/main.js") },
    Asset { name: "live.js", content_type: JS, content: include_str!("../scripts/live.js") },
    Asset { name: "autocomplete.js", content_type: JS, content: include_str!("../scripts/autocomplete.js") },
    Asset { name: "icon.svg", content_type: SVG, content: include_str!("../style/icon.svg") },
];

/// Of all assets together.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut context = digest::Context::new(&digest::SHA256);
        ASSETS.iter().for_each(|asset| context.update(asset.content.as_bytes()));
        context.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    })
}

/// Where an asset is: `url(&visit, "style.css")`.
pub fn url(visit: &Visit, name: &str) -> String {
    visit.path(&format!("{FOLDER}{}/{name}", version()))
}

pub(crate) fn routes() -> Router {
    Router::new().route("/assets/{version}/{name}", get(asset))
}

/// An old version's path answers with the new content, but is not kept.
async fn asset(Path((asked, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else { return Failure::NotFound.into_response() };
    let caching = if asked == version() { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(asset.content_type)), (CACHE_CONTROL, HeaderValue::from_static(caching))];
    (headers, asset.content).into_response()
}
