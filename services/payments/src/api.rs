//! The calls of the contract. A call that needs the provider commits what is wanted, wakes the work, and waits for its
//! outcome as long as its deadline allows; what is not known by then goes on without it.

use haat_contracts::payments::{self as pb, payments_server::Payments};
use haat_kernel::id::derived;
use haat_kernel::{Ctx, Entropy, Error, Id, Principal, Result};
use haat_rpc as rpc;
use haat_store::Versioned;
use tonic::{Request, Response, Status};

use crate::ids::{OrderId, PaymentId, RefundId, SellerId};
use crate::payment::authorization::create;
use crate::payment::settlement::cancel;
use crate::payment::{Decision, Intent, Payment, PaymentError, PaymentEvent};
use crate::statement::Span;
use crate::work::Worker;
use crate::{ledger, statement, wire};

type Reply<T> = Result<Response<T>, Status>;

pub struct Api {
    pub worker: Worker,
    pub entropy: Entropy,
}

#[tonic::async_trait]
impl Payments for Api {
    async fn get_payment(&self, request: Request<pb::GetPaymentRequest>) -> Reply<pb::Payment> {
        rpc::call(request, |_, request| async move {
            let id = wire::payment_id(&request.payment)?;
            Ok(wire::payment(&self.worker.load(&id).await?.state))
        })
        .await
    }

    async fn refund_payment(&self, request: Request<pb::RefundPaymentRequest>) -> Reply<pb::Payment> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::payment_id(&request.payment)?;
            let amount = haat_contracts::convert::amount("amount", request.amount.as_ref())?;
            let (refund, now) = (self.refund_id(&ctx, &id), ctx.now);
            let reason = wire::reason(&request.reason);
            self.change(&ctx, &id, move |intent| intent.refund(refund, amount, &reason, now)).await
        })
        .await
    }

    async fn sync_payment(&self, request: Request<pb::SyncPaymentRequest>) -> Reply<pb::Payment> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::payment_id(&request.payment)?;
            self.worker.wake(&ctx.aside(), &id).await?;
            Ok(wire::payment(&self.worker.load(&id).await?.state))
        })
        .await
    }

    async fn list_ledger_balances(
        &self,
        request: Request<pb::ListLedgerBalancesRequest>,
    ) -> Reply<pb::ListLedgerBalancesResponse> {
        rpc::call(request, |_, _| async move {
            let balances = ledger::list_balances(&self.worker.store).await?.into_iter();
            let balance = |((account, _), sum): ((String, String), haat_kernel::Money)| {
                pb::list_ledger_balances_response::Balance { account, balance: Some(sum.into()) }
            };
            Ok(pb::ListLedgerBalancesResponse { balances: balances.map(balance).collect() })
        })
        .await
    }

    async fn get_seller_statement(&self, request: Request<pb::GetSellerStatementRequest>) -> Reply<pb::SellerStatement> {
        rpc::call(request, |ctx, request| async move {
            let seller = own_seller(&ctx.principal)?;
            let span = Span::read(&request.from, &request.to, wire::step(request.step()), ctx.now)?;
            Ok(wire::statement(statement::statement(&self.worker.store, &seller, span).await?))
        })
        .await
    }

    async fn receive_webhook(&self, request: Request<pb::ReceiveWebhookRequest>) -> Reply<()> {
        rpc::call(request, |ctx, request| async move {
            let provider = self.worker.providers.get(&request.provider);
            let provider = provider.ok_or_else(|| Error::not_found("provider", &request.provider))?;
            let body = request.body.unwrap_or_default().data;
            // A webhook only says that it is time to ask: it may arrive twice, late, or before the payment is stored.
            if let Some(id) = provider.verify_webhook(&ctx.headers, &body, self.worker.clock.now())? {
                let (worker, ctx) = (self.worker.clone(), ctx.aside());
                haat_kernel::spawn("payments.webhook", async move {
                    if let Err(error) = worker.wake(&ctx, &id).await {
                        tracing::warn!(payment = %id, %error, "a webhook could not be followed; the schedule asks anyway");
                    }
                });
            }
            Ok(())
        })
        .await
    }

    async fn authorize(&self, request: Request<pb::AuthorizeRequest>) -> Reply<pb::Payment> {
        rpc::call(request, |ctx, request| async move {
            let terms = wire::terms(&request)?;
            let (id, now) = (terms.payment.clone(), ctx.now);
            self.decide(&ctx, &id, move |payment| create(payment, terms, now)).await
        })
        .await
    }

    async fn capture(&self, request: Request<pb::CaptureRequest>) -> Reply<pb::Payment> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::payment_id(&request.payment_id)?;
            let now = ctx.now;
            self.change(&ctx, &id, move |intent| intent.capture(now)).await
        })
        .await
    }

    async fn cancel(&self, request: Request<pb::CancelRequest>) -> Reply<pb::Payment> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::id("paymentId", &request.payment_id, PaymentId::parse)?;
            let (payment, reason, now) = (id.clone(), wire::reason(&request.reason), ctx.now);
            self.decide(&ctx, &id, move |found| Ok(cancel(found, &payment, &reason, now))).await
        })
        .await
    }

    async fn refund_order(&self, request: Request<pb::RefundOrderRequest>) -> Reply<pb::Payment> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::payment_id(&request.payment_id)?;
            let order = wire::id("orderId", &request.order_id, OrderId::parse)?;
            let (reason, now) = (wire::reason(&request.reason), ctx.now);
            self.change(&ctx, &id, move |intent| intent.refund_order(&order, &reason, now)).await
        })
        .await
    }
}

impl Api {
    /// Decides on a payment that exists.
    async fn change(
        &self,
        ctx: &Ctx,
        id: &PaymentId,
        decision: impl FnOnce(&Intent) -> Decision + Send + 'static,
    ) -> Result<pb::Payment> {
        let wanted = id.clone();
        self.decide(ctx, id, move |payment| match payment {
            None => Err(PaymentError::NotFound(wanted)),
            Some(payment) => payment.intent().ok_or(PaymentError::NotAuthorized).and_then(decision),
        })
        .await
    }

    /// Commits a decision, has the provider do what follows from it, and answers with what is known then.
    async fn decide(
        &self,
        ctx: &Ctx,
        id: &PaymentId,
        decision: impl FnOnce(Option<&Payment>) -> Result<Vec<PaymentEvent>, PaymentError> + Send + 'static,
    ) -> Result<pb::Payment> {
        // Aside: the call's reply is known only after further commits.
        let _: Versioned<Payment> = self.worker.store.update(&ctx.aside(), id.as_str(), decision).await?;
        Ok(wire::payment(&self.worker.settle(ctx, id).await?.state))
    }

    /// The same for a repeat under the same key, so that the refund is made once.
    fn refund_id(&self, ctx: &Ctx, payment: &PaymentId) -> RefundId {
        match &ctx.idempotency {
            Some(key) => derived(&[RefundId::PREFIX, payment.as_str(), &key.scope, &key.key]),
            None => self.entropy.id(ctx.now),
        }
    }
}

/// The seller for whom the caller acts.
pub(crate) fn own_seller(principal: &Principal) -> Result<SellerId> {
    let id = principal.seller_id.as_deref().and_then(|id| SellerId::parse(id).ok());
    id.ok_or_else(|| Error::permission_denied("This is for sellers, and you act for none."))
}
