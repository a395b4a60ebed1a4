//! Imports of products: a content type in the first line, then the file. However a file is cut, it says the same; nothing
//! of it is lost without a word; the same file again changes nothing; and descriptions hold no script and stay as they are.

use haat_catalog::ids::SellerId;
use haat_catalog::import::{Import, Report};
use haat_catalog::product::{Product, SELLER};
use haat_catalog::text::safe_html;
use haat_kernel::{Clock, CorrelationId, Ctx, Principal, Result, Timestamp, id::derived};
use haat_store::{MemoryBackend, Page, Store};

use crate::simulated::block_on;

/// Small enough that records, entities and quotations are cut everywhere.
const PIECE_BYTES: usize = 7;
const PRODUCTS_LISTED: usize = 1_000;

pub fn run(data: &[u8]) {
    let Some((content_type, file)) = crate::split_line(data) else { return };
    block_on(async {
        let store = Store::memory(Clock::System, MemoryBackend::default());
        let report = match import(&store, content_type, file, file.len().max(1)).await {
            Ok(report) => report,
            Err(error) => return assert!(!error.code.is_empty() && error.kind.http_status() < 500, "{error:?}"),
        };
        let taken = report.created + report.updated + report.unchanged;
        assert!(taken + report.failed <= report.rows, "{report:?}");
        assert!(report.failed == 0 || !report.errors.is_empty(), "{report:?}");
        assert_harmless(&store).await;

        let elsewhere = Store::memory(Clock::System, MemoryBackend::default());
        let in_pieces = import(&elsewhere, content_type, file, PIECE_BYTES).await.expect("the whole was taken");
        assert_eq!(in_pieces, report, "cut into pieces");
        let again = import(&store, content_type, file, PIECE_BYTES).await.expect("it was taken before");
        assert_eq!((again.created, again.failed), (0, report.failed), "{report:?}\n{again:?}");
    });
}

fn seller() -> SellerId {
    derived(&["a seller"])
}

async fn import(store: &Store, content_type: &str, file: &[u8], piece: usize) -> Result<Report> {
    let correlation = CorrelationId::new(1);
    let ctx = Ctx::new(Principal::anonymous(), correlation, Timestamp::UNIX_EPOCH);
    let mut import = Import::new(store.clone(), ctx, seller());
    for piece in file.chunks(piece) {
        import.push(content_type, piece).await?;
    }
    import.finish().await
}

async fn assert_harmless(store: &Store) {
    let products = store.list::<Product>(SELLER, seller().as_str(), &Page::first(PRODUCTS_LISTED)).await.expect("a list");
    for product in products.items {
        let description = &product.content.description;
        assert!(!description.to_ascii_lowercase().contains("<script"), "{description}");
        assert_eq!(&safe_html(description), description, "cleaned twice");
    }
}
