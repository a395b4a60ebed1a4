//! Imports into a store in memory, from whole files and from files cut into pieces.

use haat_kernel::id::derived;
use haat_kernel::{Clock, CorrelationId, Principal};
use haat_store::{MemoryBackend, Page, Versioned};

use super::*;
use crate::product::{SELLER, State};

const APPAREL: &[u8] = include_bytes!("../../tests/data/shopify-apparel.csv");

fn seller() -> SellerId {
    derived(&["a seller"])
}

fn store() -> Store {
    Store::memory(Clock::System, MemoryBackend::default())
}

async fn run(store: &Store, content_type: &str, file: &[u8], size: usize) -> Result<Report> {
    let ctx =
        Ctx::new(Principal::anonymous(), CorrelationId::parse("an-import").unwrap(), "2026-01-02T03:04:05Z".parse().unwrap());
    let mut import = Import::new(store.clone(), ctx, seller());
    for piece in file.chunks(size) {
        import.push(content_type, piece).await?;
    }
    import.finish().await
}

async fn products(store: &Store) -> Vec<Versioned<Product>> {
    store.list(SELLER, seller().as_str(), &Page::first(1000)).await.unwrap().items
}

fn counts(report: &Report) -> [u64; 5] {
    [report.rows, report.created, report.updated, report.unchanged, report.failed]
}

/// Imports `rows` below the header that they need, and compares line, handle and field of the errors.
async fn check(rows: &str, created: u64, errors: &[(u64, &str, &str)]) -> Store {
    let store = store();
    let header = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src\n";
    let report = run(&store, "text/csv", format!("{header}{rows}").as_bytes(), 5).await.unwrap();
    let found: Vec<_> = report.errors.iter().map(|e| (e.line, e.handle.as_str(), e.field.as_str())).collect();
    assert_eq!((report.created, found.as_slice()), (created, errors), "{report:?}");
    store
}

#[tokio::test]
async fn shopifys_own_example_comes_in_whole_and_only_once() {
    let store = store();
    let report = run(&store, "text/csv", APPAREL, 1000).await.unwrap();
    assert_eq!((counts(&report), report.errors.as_slice()), ([22, 20, 0, 0, 0], &[][..]));
    let id = imported_product(&seller(), "classic-varsity-top");
    let top = store.load::<Product>(id.as_str()).await.unwrap().unwrap();
    assert_eq!(
        (top.content.brand.as_str(), top.content.category.as_str(), top.state.state),
        ("partners-demo", "women", State::Published)
    );
    let variants: Vec<_> = top.variants.iter().map(|v| (v.sku.as_str(), v.title.as_str(), v.offers[0].price.minor)).collect();
    assert_eq!(
        variants,
        [
            ("CLASSIC-VARSITY-TOP-SMALL", "Small", 6_000),
            ("CLASSIC-VARSITY-TOP-MEDIUM", "Medium", 6_000),
            ("CLASSIC-VARSITY-TOP-LARGE", "Large", 6_000)
        ]
    );
    assert_eq!(top.content.images.len(), 1);
    assert!(products(&store).await.iter().all(|product| product.state.state == State::Published));

    let again = run(&store, "text/csv", APPAREL, 7).await.unwrap();
    assert_eq!(counts(&again), [22, 0, 0, 20, 0]);
    let dearer = String::from_utf8_lossy(APPAREL).replace("deny,manual,80,", "deny,manual,85,");
    assert_eq!(counts(&run(&store, "text/csv", dearer.as_bytes(), 1000).await.unwrap()), [22, 0, 3, 17, 0]);
}

#[tokio::test]
async fn rows_of_a_product_are_gathered() {
    let store = check(
        "kurta,Kurta,\"<p>Soft,\nlight</p><script>x</script>\",Loom,Kurtas,\"cotton, summer\",true,Size,S,K-S,5,\"1,299.50\",https://x.test/1.jpg\n\
         kurta,,,,,,,,M,K-M,-2,1300,https://x.test/2.jpg\n\
         kurta,,,,,,,,,,,,https://x.test/3.jpg\n\
         mug,Mug,,,,kitchen,false,Title,Default Title,,,99,\n",
        2,
        &[],
    )
    .await;
    let kurta = store.load::<Product>(imported_product(&seller(), "kurta").as_str()).await.unwrap().unwrap();
    assert_eq!(kurta.content.description, "<p>Soft,\nlight</p>");
    assert_eq!((kurta.content.category.as_str(), kurta.content.tags.len(), kurta.content.images.len()), ("Kurtas", 2, 3));
    assert_eq!(kurta.variants[1].options["Size"], "M");
    let mug = store.load::<Product>(imported_product(&seller(), "mug").as_str()).await.unwrap().unwrap();
    assert_eq!((mug.state.state, mug.content.category.as_str()), (State::Draft, "kitchen"));
    assert_eq!((mug.variants[0].sku.as_str(), mug.variants[0].title.as_str()), ("MUG", ""));
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_line_and_the_rest_is_taken() {
    check("a,A,,,,,,,,,,10,\nb,B,,,,,,,,,,ten,\nc,C,,,,,,,,,,10,\n", 2, &[(3, "b", "Variant Price")]).await;
    check("a,,,,,,,,,,,10,\n", 0, &[(2, "a", "title")]).await;
    check("a,A,,,,,,,,,,,\n", 0, &[(2, "a", "Variant Price")]).await;
    check("a,A,,,,,,Size,S,X,1,10,\na,,,,,,,,M,Y,1,0,\n", 0, &[(3, "a", "variants[1].price")]).await;
    check("a,A,,,,,,Size,S,X,1,10,\na,,,,,,,,M,X,1,10,\n", 0, &[(3, "a", "variants[1].sku")]).await;
    check("a,A,\"one\ntwo\",,,,,,,,,10,\nb,B,,,,,,,,,many,10,\n", 1, &[(4, "b", "Variant Inventory Qty")]).await;
    check(",A,,,,,,,,,,10,\n", 0, &[(2, "", "Handle")]).await;
    check("a,A,,,,,,,S,,,10,\n", 0, &[(2, "a", "Option1 Name")]).await;
    check("a,A,,,,,,,,X,1,10,\nb,B,,,,,,,,X,1,10,\nc,C,,,,,,,,Z,1,10,\n", 2, &[(3, "b", "variants.sku")]).await;
    check("a,A,,,,,,,,,,10,x y\n", 0, &[(2, "a", "images[0].url")]).await;
}

#[tokio::test]
async fn bytes_that_are_no_text_fail_their_product_only() {
    let mut file = b"Handle,Title,Variant Price\na,A,1\nb,B".to_vec();
    file.extend(b"\xff\xfe,1\nc,C,1\n");
    let report = run(&store(), "text/csv", &file, 3).await.unwrap();
    assert_eq!((report.created, report.errors[0].line, report.errors[0].field.as_str()), (2, 3, "Title"));
}

#[tokio::test]
async fn a_file_that_is_no_export_is_refused() {
    for (content_type, file, code) in [
        ("text/csv", &b"a,b,c\n1,2,3\n"[..], "import_header_missing"),
        ("text/csv", b"\n\n", "import_header_missing"),
        ("text/csv", b"Handle,Title\n", "import_header_missing"),
        ("text/csv", b"", "import_empty"),
        ("image/png", b"x", "unsupported_media_type"),
    ] {
        let error = run(&store(), content_type, file, 4).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (Kind::InvalidArgument, code));
    }
}

#[tokio::test]
async fn json_lines_are_products_too() {
    let file = concat!(
        "\u{feff}",
        r#"{"handle":"a","title":"A","published":true,"variants":[{"price":{"currencyCode":"INR","amount":100},"stock":3}]}"#,
        "\n\n",
        r#"{"handle":"b","title":"B","stock":4,"variants":[{"sku":"B-1","options":{"size":"M"},"price":{"currencyCode":"INR","amount":1}}]}"#,
        "\r\n",
        r#"{"handle":"c","title":"C","variants":[]}"#,
        "\n",
        r#"{"handle":"d","title":"D","colour":"red","variants":[]}"#,
        "\n",
        "not json",
    );
    let store = store();
    for size in [1, 1000] {
        let report = run(&store, if size == 1 { "application/jsonl" } else { "" }, file.as_bytes(), size).await.unwrap();
        assert_eq!((report.rows, report.created + report.unchanged, report.failed), (5, 2, 3), "{report:?}");
        let lines: Vec<_> = report.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
        assert_eq!(lines, [(4, "variants"), (5, ""), (6, "")].map(|(line, field)| (line, field)));
    }
    assert_eq!(products(&store).await.len(), 2);
}
