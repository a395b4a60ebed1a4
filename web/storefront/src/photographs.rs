//! Photographs that sellers keep elsewhere, shown from our own origin: visitors' browsers ask nobody but us, and nobody else
//! learns who looks at what. Only what stands in a product's own data is fetched, once, and kept on disk within a bound.

mod address;
mod fetch;
mod kind;
mod shelf;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use haat_contracts::catalog::{Image, Product};
use haat_service::Platform;
use haat_web::axum::extract::{Path, State};
use haat_web::axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::{Failure, Result, Visit};
use moka::future::Cache;
use tokio::sync::Semaphore;

use self::fetch::{Internet, World};
use self::kind::Kind;
use self::shelf::Shelf;
use crate::{Front, goods};

/// On disk, all together.
const SHELF_BYTES_MAX: u64 = 256 << 20;
/// Fetched at the same time.
const FETCHES_MAX: usize = 8;
/// How long a photograph that could not be had is not asked for again.
const MISSING_FOR: Duration = Duration::from_secs(10 * 60);
const MISSING_MAX: u64 = 10_000;
/// The path changes with the address of the photograph.
const KEPT: &str = "public, max-age=2592000, immutable";

/// Cheap to clone.
#[derive(Clone)]
pub struct Photographs(Option<Arc<Inner>>);

struct Inner {
    shelf: Shelf,
    world: Box<dyn World>,
    turns: Semaphore,
    /// By name: those that could not be had. It also has many who ask for one photograph wait for one fetch.
    missing: Cache<String, ()>,
}

impl Photographs {
    /// Where they cannot be kept at all, the shop draws pictures of its own.
    pub fn open(platform: &Platform) -> Self {
        match Shelf::open(&platform.folder().join("photographs"), SHELF_BYTES_MAX) {
            Ok(shelf) => Photographs::new(shelf, Internet::new(platform.network())),
            Err(error) => {
                tracing::warn!(%error, "photographs from elsewhere are not shown");
                Photographs(None)
            }
        }
    }

    fn new(shelf: Shelf, world: impl World) -> Self {
        let missing = Cache::builder().max_capacity(MISSING_MAX).time_to_live(MISSING_FOR).build();
        Photographs(Some(Arc::new(Inner { shelf, world: Box::new(world), turns: Semaphore::new(FETCHES_MAX), missing })))
    }

    /// None where it cannot be had.
    async fn get(&self, url: &str) -> Option<Vec<u8>> {
        let inner = self.0.as_ref()?;
        let name = digest_of(url);
        if let Some(bytes) = inner.shelf.read(&name).await {
            return Some(bytes);
        }
        // An error is not kept: what was fetched is on the shelf for those who waited.
        let outcome = inner.missing.try_get_with_by_ref(&name, inner.fetch(&name, url)).await;
        match outcome {
            Ok(()) => None,
            Err(_) => inner.shelf.read(&name).await,
        }
    }
}

/// It was fetched, and is on the shelf.
#[derive(Clone, Copy, Debug)]
struct Shelved;

impl Inner {
    /// Ok says that it is missing.
    async fn fetch(&self, name: &str, url: &str) -> Result<(), Shelved> {
        let Ok(_turn) = self.turns.acquire().await else { return Ok(()) };
        match fetch::fetch(&*self.world, url).await {
            Ok(bytes) => match self.shelf.write(name, &bytes).await {
                Ok(()) => Err(Shelved),
                Err(error) => {
                    tracing::warn!(%error, "a photograph could not be kept");
                    Ok(())
                }
            },
            Err(reason) => {
                tracing::info!(url, %reason, "a photograph could not be had");
                Ok(())
            }
        }
    }
}

/// Where a product's photograph is shown; None for one that is not kept on an https server.
pub fn path_of(product: &Product, index: usize, image: &Image) -> Option<String> {
    let is_elsewhere = image.url.starts_with("https://");
    is_elsewhere.then(|| format!("/photographs/{}/{index}-{}", product.id, &digest_of(&image.url)[..16]))
}

/// The photograph, or else the shop's own drawing for as long as it cannot be had.
pub async fn show(State(front): State<Front>, visit: Visit, Path((id, file)): Path<(String, String)>) -> Result<Response> {
    let product = front.shop.product(&visit.ctx(), &id).await?;
    let index = file.split('-').next().and_then(|digits| digits.parse::<usize>().ok());
    let image = index.and_then(|index| Some((index, product.images.get(index)?)));
    let path = format!("/photographs/{id}/{file}");
    let image = image.filter(|(index, image)| path_of(&product, *index, image).as_deref() == Some(path.as_str()));
    let (_, image) = image.ok_or(Failure::NotFound)?;
    let bytes = front.photographs.get(&image.url).await;
    match bytes.as_deref().and_then(Kind::of).zip(bytes) {
        Some((kind, bytes)) => Ok(([(CONTENT_TYPE, kind.content_type()), (CACHE_CONTROL, KEPT)], bytes).into_response()),
        None => Err(Failure::Elsewhere(goods::drawn(&product).path)),
    }
}

/// SHA-256 in hexadecimal.
fn digest_of(url: &str) -> String {
    digest::digest(&digest::SHA256, url.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub mod tests;
