//! The smallest shop that sells (`web/storefront/examples/tiny.rs`), as `docs/build-a-storefront.md` has people run it: beside a
//! platform, through its public API alone, somebody searches, buys and sees the order.

use std::process::{Child, Command, Stdio};

use haat_tests::client::send;
use haat_tests::platform::free_address;
use haat_tests::{Client, Market, Options, Platform, binary, until};
use reqwest::Method;

const START_SECONDS: u64 = 60;

/// Ends with the test.
struct Shop(Child);

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_tiny_shop_sells_something() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    Market::of(&platform).seller().await.sell("Tiny teapot", 45_000, 3).await;
    let address = free_address();
    let mut command = Command::new(binary::tiny_shop());
    command.args([format!("http://{}", platform.http), address.to_string()]);
    let _shop = Shop(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let visitor = Client::plain(&format!("http://{address}"));

    let page = until(START_SECONDS, "the teapot in the tiny shop", async || {
        let answer = haat_tests::client::try_send(visitor.request(Method::GET, "/?query=teapot")).await.ok()?;
        Some(answer.text()).filter(|page| page.contains("Tiny teapot"))
    })
    .await;
    assert!(page.contains("₹450.00"), "{page}");
    let (_, rest) = page.split_once("name=\"sku\" value=\"").unwrap();
    let sku = rest.split('"').next().unwrap();

    let purchase = visitor
        .request(Method::POST, "/buy")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("sku={sku}&email=asha%2Btiny%40example.in"));
    let bought = send(purchase).await;
    assert_eq!(bought.status, 303, "{}", bought.text());
    let order = visitor.get(bought.header("location")).await;
    assert_eq!(order.status, 200, "{}", order.text());
    let order = order.text();
    assert!(order.contains("PLACED, PAID") && order.contains("1 × Tiny teapot") && order.contains("₹499.00"), "{order}");
    platform.assert_balanced();
}
