//! The service through its contract, on a simulated network: as sellers, operators and the checkout see it, with the catalog
//! played.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod catalog;
mod desk;

use std::time::Duration;

use haat_contracts::inventory as pb;
use haat_kernel::{Kind, id::derived};
use tokio::time::sleep;

use crate::catalog::{ANNOUNCED, OPENING, offers, seller};
use crate::desk::simulate;

#[test]
fn a_seller_keeps_stock_of_an_offer_that_was_just_made() {
    simulate(|desk| async move {
        let [kurta, lamp] = offers();
        let shop = desk.create_warehouse("seller").await;
        let stock = desk.stock(&kurta).await;
        assert_eq!((stock.on_hand, stock.available), (0, 0), "before its event has arrived");

        let received = desk.receive(&kurta, &shop, 5).await.unwrap();
        assert_eq!((received.on_hand, received.by_warehouse.len()), (5, 1));
        let held = desk.adjust(&kurta, &shop, -6).await.unwrap_err();
        assert_eq!((held.kind, held.code.as_str()), (Kind::FailedPrecondition, "stock_held"));
        assert_eq!(desk.adjust(&kurta, &shop, -1).await.unwrap().on_hand, 4);

        sleep(ANNOUNCED + Duration::from_secs(1)).await;
        assert_eq!(desk.stock(&kurta).await.on_hand, 4 + OPENING, "the opening stock comes once, beside what was there");
        assert_eq!(desk.stock(&lamp).await.by_warehouse[0].warehouse_id, shop, "it goes to the first warehouse");
        assert_eq!(desk.last_available(&kurta).await, Some(4 + OPENING), "the catalog learns of it");
    });
}

#[test]
fn a_seller_without_a_warehouse_gets_one() {
    simulate(|desk| async move {
        sleep(ANNOUNCED + Duration::from_secs(1)).await;
        let warehouses = desk.warehouses(10, "").await;
        assert_eq!(warehouses.warehouses.len(), 1);
        let first = &warehouses.warehouses[0];
        assert_eq!((first.seller_id.as_str(), desk.stock(&offers()[0]).await.on_hand), (seller().as_str(), OPENING));
    });
}

#[test]
fn sellers_see_their_own_warehouses_then_the_platforms() {
    simulate(|desk| async move {
        for who in ["seller", "operator", "seller", "other", "operator"] {
            desk.create_warehouse(who).await;
            sleep(Duration::from_millis(10)).await;
        }
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let page = desk.warehouses(2, &token).await;
            seen.extend(page.warehouses.into_iter().map(|warehouse| warehouse.seller_id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, [seller().as_str(), seller().as_str(), "", ""]);
        assert_eq!(desk.all_warehouses().await.len(), 5, "operators see all");
    });
}

#[test]
fn others_are_kept_out() {
    simulate(|desk| async move {
        let [kurta, _] = offers();
        let (own, foreign) = (desk.create_warehouse("seller").await, desk.create_warehouse("other").await);
        assert_eq!(desk.receive(&kurta, &foreign, 1).await.unwrap_err().code, "warehouse_not_found");
        assert_eq!(desk.receive(&derived(&["unknown"]), &own, 1).await.unwrap_err().code, "stock_not_found");
        assert_eq!(desk.receive(&kurta, &own, 0).await.unwrap_err().violations[0].field, "quantity");
        assert_eq!(desk.stock_as("other", &kurta).await.unwrap_err().kind, Kind::PermissionDenied);
        assert_eq!(desk.stock_as("operator", &kurta).await.unwrap().on_hand, 0);
    });
}

#[test]
fn a_repeated_receipt_counts_once() {
    simulate(|desk| async move {
        let [kurta, _] = offers();
        let shop = desk.create_warehouse("seller").await;
        let first = desk.receive_under("key-1", &kurta, &shop, 5).await.unwrap();
        let again = desk.receive_under("key-1", &kurta, &shop, 5).await.unwrap();
        assert_eq!((first.on_hand, again.on_hand, desk.stock(&kurta).await.on_hand), (5, 5, 5));
        assert_eq!(desk.receive_under("key-1", &kurta, &shop, 6).await.unwrap_err().code, "idempotency_key_reused");
    });
}

#[test]
fn a_checkout_holds_allocates_and_gives_back() {
    simulate(|desk| async move {
        let [kurta, lamp] = offers();
        sleep(ANNOUNCED + Duration::from_secs(1)).await;
        let held = desk.reserve("one", &[(&kurta, 4), (&lamp, 1)], 0).await.unwrap();
        assert_eq!(held.state(), pb::reservation::State::Held);
        assert_eq!(desk.reserve("one", &[(&kurta, 4), (&lamp, 1)], 0).await.unwrap(), held, "the same again");
        let short = desk.reserve("two", &[(&kurta, 4), (&lamp, 1)], 0).await.unwrap_err();
        assert_eq!((short.code.as_str(), short.violations[0].description.as_str()), ("out_of_stock", "4 requested, 3 available"));
        assert_eq!(desk.available(&lamp).await, OPENING - 1, "all or nothing");

        assert_eq!(desk.allocate("one").await.unwrap().state(), pb::reservation::State::Allocated);
        let stock = desk.stock(&kurta).await;
        assert_eq!((stock.on_hand, stock.reserved, stock.allocated, stock.available), (7, 0, 4, 3));
        desk.release("one").await.unwrap();
        desk.release("one").await.unwrap();
        assert_eq!((desk.available(&kurta).await, desk.available(&lamp).await), (OPENING, OPENING));
        assert_eq!(desk.allocate("one").await.unwrap_err().code, "reservation_ended");
        assert_eq!(desk.allocate("none").await.unwrap_err().code, "reservation_not_found");
    });
}

#[test]
fn an_operator_gives_back_what_a_checkout_holds_and_nothing_that_is_sold() {
    simulate(|desk| async move {
        let [kurta, _] = offers();
        sleep(ANNOUNCED + Duration::from_secs(1)).await;
        desk.reserve("one", &[(&kurta, 4)], 0).await.unwrap();
        assert_eq!(desk.reservation("one").await.unwrap().pieces, 4);
        assert_eq!(desk.withdraw("operator", "one", "stuck").await.unwrap_err().kind, Kind::PermissionDenied);
        assert_eq!(desk.withdraw("operator:support", "one", " ").await.unwrap_err().code, "reason_required");
        assert_eq!(desk.withdraw("operator:support", "none", "stuck").await.unwrap_err().code, "reservation_not_found");
        let released = desk.withdraw("operator:support", "one", "stuck").await.unwrap();
        assert_eq!((released.state(), released.pieces), (pb::reservation::State::Released, 0));
        assert_eq!(desk.available(&kurta).await, OPENING);
        assert_eq!(desk.allocate("one").await.unwrap_err().code, "reservation_ended", "the checkout learns of it");

        desk.reserve("two", &[(&kurta, 1)], 0).await.unwrap();
        desk.allocate("two").await.unwrap();
        assert_eq!(desk.withdraw("operator:support", "two", "stuck").await.unwrap_err().code, "reservation_allocated");
    });
}

#[test]
fn what_nobody_allocates_comes_back_in_time() {
    simulate(|desk| async move {
        let [kurta, _] = offers();
        sleep(ANNOUNCED + Duration::from_secs(1)).await;
        desk.reserve("one", &[(&kurta, 4)], 6).await.unwrap();
        sleep(Duration::from_secs(4)).await;
        assert_eq!(desk.available(&kurta).await, OPENING - 4);
        sleep(Duration::from_secs(4)).await;
        assert_eq!(desk.available(&kurta).await, OPENING);
        assert_eq!(desk.reserve("one", &[(&kurta, 4)], 6).await.unwrap_err().code, "reservation_ended");
    });
}
