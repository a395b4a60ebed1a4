//! The neighbours, played: an inventory that takes everything back, and payments that refuse when asked to. What they were
//! called for stands in a list of the test's own thread, which is where the whole simulation runs.

use std::cell::RefCell;

use haat_contracts::inventory::inventory_server::{Inventory, InventoryServer};
use haat_contracts::payments::payments_server::{Payments, PaymentsServer};
use haat_contracts::{inventory, payments};
use haat_rpc as rpc;
use haat_service::{Definition, Wiring};
use tonic::{Request, Response, Status};

/// The reason of a cancellation whose first refund the provider refuses.
pub const REFUSED_ONCE: &str = "refuse once";

thread_local! {
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub fn calls() -> Vec<String> {
    CALLS.with_borrow(Clone::clone)
}

fn called(call: &str, about: &str) {
    CALLS.with_borrow_mut(|calls| calls.push(format!("{call} {about}")));
}

pub fn definitions() -> [Definition; 2] {
    [
        Definition::new("inventory", |_| Ok(Wiring::new().serve(InventoryServer::new(Stock)))),
        Definition::new("payments", |_| Ok(Wiring::new().serve(PaymentsServer::new(Money)))),
    ]
}

type Reply<T> = Result<Response<T>, Status>;

struct Stock;
struct Money;

fn unexpected<T>() -> Reply<T> {
    Err(Status::unimplemented("orders have no business with this call"))
}

#[tonic::async_trait]
impl Inventory for Stock {
    async fn release(&self, request: Request<inventory::ReleaseRequest>) -> Reply<()> {
        rpc::call(request, |_, request| async move {
            called("release", &request.reservation_id);
            assert!(request.seller_id.starts_with("seller_"));
            Ok(())
        })
        .await
    }
    async fn list_warehouses(&self, _: Request<inventory::ListWarehousesRequest>) -> Reply<inventory::ListWarehousesResponse> {
        unexpected()
    }
    async fn create_warehouse(&self, _: Request<inventory::CreateWarehouseRequest>) -> Reply<inventory::Warehouse> {
        unexpected()
    }
    async fn get_stock(&self, _: Request<inventory::GetStockRequest>) -> Reply<inventory::Stock> {
        unexpected()
    }
    async fn receive_stock(&self, _: Request<inventory::ReceiveStockRequest>) -> Reply<inventory::Stock> {
        unexpected()
    }
    async fn adjust_stock(&self, _: Request<inventory::AdjustStockRequest>) -> Reply<inventory::Stock> {
        unexpected()
    }
    async fn reserve(&self, _: Request<inventory::ReserveRequest>) -> Reply<inventory::Reservation> {
        unexpected()
    }
    async fn allocate(&self, _: Request<inventory::AllocateRequest>) -> Reply<inventory::Reservation> {
        unexpected()
    }
    async fn get_reservation(&self, _: Request<inventory::GetReservationRequest>) -> Reply<inventory::Reservation> {
        unexpected()
    }
    async fn release_reservation(&self, _: Request<inventory::ReleaseReservationRequest>) -> Reply<inventory::Reservation> {
        unexpected()
    }
    async fn get_availability(&self, _: Request<inventory::GetAvailabilityRequest>) -> Reply<inventory::GetAvailabilityResponse> {
        unexpected()
    }
}

#[tonic::async_trait]
impl Payments for Money {
    async fn refund_order(&self, request: Request<payments::RefundOrderRequest>) -> Reply<payments::Payment> {
        rpc::call(request, |_, request| async move {
            called("refund", &request.order_id);
            let asked = calls().iter().filter(|call| call.starts_with("refund")).count();
            let state = if request.reason == REFUSED_ONCE && asked == 1 { "FAILED" } else { "SUCCEEDED" };
            let refund = payments::payment::Refund { order_id: request.order_id, state: state.into(), ..Default::default() };
            let mut payment = payments::Payment { id: request.payment_id, refunds: vec![refund], ..Default::default() };
            payment.set_state(payments::payment::State::Captured);
            Ok(payment)
        })
        .await
    }
    async fn get_payment(&self, _: Request<payments::GetPaymentRequest>) -> Reply<payments::Payment> {
        unexpected()
    }
    async fn refund_payment(&self, _: Request<payments::RefundPaymentRequest>) -> Reply<payments::Payment> {
        unexpected()
    }
    async fn sync_payment(&self, _: Request<payments::SyncPaymentRequest>) -> Reply<payments::Payment> {
        unexpected()
    }
    async fn list_ledger_balances(
        &self,
        _: Request<payments::ListLedgerBalancesRequest>,
    ) -> Reply<payments::ListLedgerBalancesResponse> {
        unexpected()
    }
    async fn get_seller_statement(&self, _: Request<payments::GetSellerStatementRequest>) -> Reply<payments::SellerStatement> {
        unexpected()
    }
    async fn receive_webhook(&self, _: Request<payments::ReceiveWebhookRequest>) -> Reply<()> {
        unexpected()
    }
    async fn authorize(&self, _: Request<payments::AuthorizeRequest>) -> Reply<payments::Payment> {
        unexpected()
    }
    async fn capture(&self, _: Request<payments::CaptureRequest>) -> Reply<payments::Payment> {
        unexpected()
    }
    async fn cancel(&self, _: Request<payments::CancelRequest>) -> Reply<payments::Payment> {
        unexpected()
    }
}
