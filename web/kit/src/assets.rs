//! The style sheet and the scripts: part of the program, served below a path that names their content, so that browsers keep
//! them for good and a new version is a new path. They are sent packed to whoever takes that; pages are not, since what
//! strangers put into an address could be used to guess, by its packed size, the secret in a form beside it (BREACH).

use std::io::{Read, Result};
use std::sync::{LazyLock, OnceLock};

use aws_lc_rs::digest;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzEncoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use crate::failure::Failure;
use crate::visit::Visit;

/// In every asset's path.
pub(crate) const FOLDER: &str = "/assets/";

const GZIP: &str = "gzip";

/// A file that is part of the program.
pub struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
    /// Packed when it is first asked for.
    packed: OnceLock<Bytes>,
}

impl Asset {
    pub const fn style(name: &'static str, content: &'static str) -> Self {
        Asset::new(name, "text/css; charset=utf-8", content)
    }

    const fn script(name: &'static str, content: &'static str) -> Self {
        Asset::new(name, "text/javascript; charset=utf-8", content)
    }

    const fn new(name: &'static str, content_type: &'static str, content: &'static str) -> Self {
        Asset { name, content_type, content, packed: OnceLock::new() }
    }

    /// An old version's path answers with the new content, but is not kept.
    pub fn answer(&self, is_present: bool, headers: &HeaderMap) -> Response {
        let caching = if is_present { "public, max-age=31536000, immutable" } else { "no-cache" };
        let about = [
            (CONTENT_TYPE, HeaderValue::from_static(self.content_type)),
            (CACHE_CONTROL, HeaderValue::from_static(caching)),
            (VARY, HeaderValue::from_static("accept-encoding")),
        ];
        match self.packed() {
            Ok(packed) if takes_gzip(headers) => {
                (about, [(CONTENT_ENCODING, HeaderValue::from_static(GZIP))], packed).into_response()
            }
            _ => (about, self.content).into_response(),
        }
    }

    fn packed(&self) -> Result<Bytes> {
        if let Some(packed) = self.packed.get() {
            return Ok(packed.clone());
        }
        let mut packed = Vec::new();
        GzEncoder::new(self.content.as_bytes(), Compression::best()).read_to_end(&mut packed)?;
        Ok(self.packed.get_or_init(|| packed.into()).clone())
    }
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

static ASSETS: [Asset; 5] = [
    Asset::style("style.css", STYLE),
    Asset::script("main.js", include_str!("../scripts/main.js")),
    Asset::script("live.js", include_str!("../scripts/live.js")),
    Asset::script("autocomplete.js", include_str!("../scripts/autocomplete.js")),
    Asset::new("icon.svg", "image/svg+xml", include_str!("../style/icon.svg")),
];

/// Of what these assets contain.
pub fn version_of(assets: &[Asset]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    assets.iter().for_each(|asset| context.update(asset.content.as_bytes()));
    context.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Of all together, because scripts name each other.
static VERSION: LazyLock<String> = LazyLock::new(|| version_of(&ASSETS));

/// Where an asset of the kit is: `url(&visit, "style.css")`.
pub fn url(visit: &Visit, name: &str) -> String {
    visit.path(&format!("{FOLDER}{}/{name}", *VERSION))
}

pub(crate) fn routes() -> Router {
    Router::new().route("/assets/{version}/{name}", get(asset))
}

async fn asset(Path((asked, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.map_or_else(|| Failure::NotFound.into_response(), |asset| asset.answer(asked == *VERSION, &headers))
}

/// RFC 9110, section 12.5.3: named, or any by `*`, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let weights: Vec<(&str, bool)> = lists.flat_map(|list| list.split(',')).map(coding).collect();
    let wanted = |name: &str| weights.iter().find(|(coding, _)| coding.eq_ignore_ascii_case(name)).map(|(_, wanted)| *wanted);
    wanted(GZIP).or_else(|| wanted("*")).unwrap_or(false)
}

/// `gzip;q=0` is a coding that is not wanted.
fn coding(text: &str) -> (&str, bool) {
    let (name, weight) = text.split_once(';').unwrap_or((text, ""));
    let is_nothing = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()) == Some(0.0_f32);
    (name.trim(), !is_nothing)
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    fn accepts(value: &'static str) -> bool {
        takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
    }

    #[test]
    fn who_takes_gzip_says_so() {
        for yes in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.5", "*", "identity, *;q=0.1"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "*, gzip; q=0.000", "*;q=0", "xgzip"] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn an_asset_comes_packed_to_whoever_takes_that() {
        let browser = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, br"))]);
        for asset in &ASSETS {
            let packed = asset.answer(true, &browser);
            assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
            let body = axum::body::to_bytes(packed.into_body(), usize::MAX).await.unwrap();
            let mut text = String::new();
            GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text, asset.content);
            let plain = asset.answer(true, &HeaderMap::new());
            assert!(!plain.headers().contains_key(CONTENT_ENCODING) && plain.headers()[VARY] == "accept-encoding");
            assert_eq!(axum::body::to_bytes(plain.into_body(), usize::MAX).await.unwrap(), asset.content);
        }
    }

    #[test]
    fn only_the_present_version_is_kept() {
        let caching = |is_present| ASSETS[0].answer(is_present, &HeaderMap::new()).headers()[CACHE_CONTROL].clone();
        assert!(caching(true).to_str().unwrap().ends_with("immutable") && caching(false) == "no-cache");
    }
}
