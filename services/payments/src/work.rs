//! Carries out what a payment's state says is to be done at its provider, and records what came of it, until nothing is
//! left or it has to wait. Calls, timers and webhooks all only wake this one path; two of them at once do no harm,
//! because the provider does each effect once for its key, and a late answer changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use haat_kernel::{Clock, Ctx, Error, Result, Timestamp, sabotage};
use haat_service::OnTimer;
use haat_store::{DueTimer, Load, Store, Tx, Versioned};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::ids::PaymentId;
use crate::ledger::{LedgerEvent, LedgerTransaction};
use crate::payment::{Intent, PROVIDER_DEADLINE, Payment, PaymentError, PaymentEvent, Stage, Work};
use crate::provider::{Authorization, Charge, ChargeStatus, Outcome, Provider};

/// What a call keeps of its deadline for its answer.
const ANSWER_RESERVE: Duration = Duration::from_millis(300);
/// How long a call without a deadline waits for an outcome.
const PATIENCE: Duration = Duration::from_secs(5);

pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// Cheap to clone; clones share the work.
#[derive(Clone)]
pub struct Worker {
    pub store: Store,
    pub clock: Clock,
    pub providers: Arc<Providers>,
    turns: Arc<Turns>,
}

/// Who works on a payment holds its turn, so that in one process nobody asks a provider what another is asking.
#[derive(Default)]
struct Turns(Mutex<BTreeMap<PaymentId, Arc<Turn>>>);

type Turn = tokio::sync::Mutex<()>;

impl Turns {
    fn of(&self, id: &PaymentId) -> Arc<Turn> {
        let mut turns = self.0.lock();
        // What nobody but this map holds is over.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(id.clone()).or_default().clone()
    }
}

/// What will be recorded of an answer: pure, applied inside the transaction.
type Learn = Box<dyn FnOnce(&Intent, Timestamp) -> Vec<PaymentEvent> + Send>;

impl Worker {
    pub fn new(store: Store, clock: Clock, providers: Providers) -> Self {
        Worker { store, clock, providers: Arc::new(providers), turns: Arc::default() }
    }

    /// Pushes the payment on and waits for its outcome while the call's deadline allows another question.
    pub async fn settle(&self, ctx: &Ctx, id: &PaymentId) -> Result<Versioned<Payment>> {
        let limit = ctx.deadline.map_or_else(|| Instant::now() + PATIENCE, |deadline| deadline - ANSWER_RESERVE);
        loop {
            let payment = self.drive(ctx, id).await?;
            let Some(wait) = self.wait(&payment) else { return Ok(payment) };
            if Instant::now() + wait + PROVIDER_DEADLINE > limit {
                return Ok(payment);
            }
            sleep(wait).await;
        }
    }

    /// Does the work that is due, and what follows from it at once.
    pub async fn drive(&self, ctx: &Ctx, id: &PaymentId) -> Result<Versioned<Payment>> {
        let _turn = self.turns.of(id).lock_owned().await;
        self.work(ctx, id).await
    }

    async fn work(&self, ctx: &Ctx, id: &PaymentId) -> Result<Versioned<Payment>> {
        loop {
            let payment = self.load(id).await?;
            let due = payment.intent().filter(|intent| intent.is_due(self.clock.now()));
            let Some((intent, work)) = due.and_then(|intent| Some((intent, intent.work()?))) else { return Ok(payment) };
            let learn = self.perform(intent, &work).await?;
            self.record(ctx, id, &work, learn).await?;
        }
    }

    /// Asks what became of a payment before its time: its provider has news.
    pub async fn wake(&self, ctx: &Ctx, id: &PaymentId) -> Result<()> {
        let Some(payment) = self.store.load::<Payment>(id.as_str()).await? else {
            // It is being made at this moment: whoever makes it also asks.
            return Ok(());
        };
        let Some(intent) = payment.intent().filter(|intent| intent.is_undecided()) else { return Ok(()) };
        let news = match sabotage::is("believe-webhook") {
            true => {
                Outcome::Known(Some(Charge { reference: None, amount: intent.terms.amount, status: ChargeStatus::Authorized }))
            }
            false => self.provider(intent)?.look_up(id).await,
        };
        if let Outcome::Known(Some(charge)) = news {
            let learn: Learn = Box::new(move |intent, at| intent.looked_up(Outcome::Known(Some(charge)), at));
            self.record(ctx, id, &Work::LookUp, learn).await?;
        }
        self.drive(ctx, id).await.map(drop)
    }

    pub async fn load(&self, id: &PaymentId) -> Result<Versioned<Payment>> {
        let payment = self.store.load::<Payment>(id.as_str()).await?;
        payment.ok_or_else(|| PaymentError::NotFound(id.clone()).into())
    }

    /// How long until the provider is to be asked again; none when there is nothing to ask, or the buyer has to act first.
    fn wait(&self, payment: &Payment) -> Option<Duration> {
        let intent = payment.intent().filter(|intent| intent.stage != Stage::RequiresAction)?;
        intent.work()?;
        let wait = intent.due().duration_since(self.clock.now());
        Some(Duration::try_from(wait).unwrap_or_default() + Duration::from_millis(1))
    }

    fn provider(&self, intent: &Intent) -> Result<&Arc<dyn Provider>> {
        let name = &intent.terms.provider;
        self.providers.get(name).ok_or_else(|| Error::internal(format!("there is no connector to {name}")))
    }

    async fn perform(&self, intent: &Intent, work: &Work) -> Result<Learn> {
        let provider = self.provider(intent)?;
        let terms = &intent.terms;
        let reference = intent.reference.as_deref().unwrap_or_default();
        let key = |step: &str| format!("{}/{step}", terms.payment);
        Ok(match work {
            Work::Authorize => {
                let authorization =
                    Authorization { payment: &terms.payment, amount: terms.amount, token: &terms.token, key: key("authorize") };
                let outcome = provider.authorize(authorization).await;
                Box::new(move |intent, at| intent.authorization_answered(outcome, at))
            }
            Work::LookUp => {
                let outcome = provider.look_up(&terms.payment).await;
                Box::new(move |intent, at| intent.looked_up(outcome, at))
            }
            Work::Capture => {
                let attempt = if sabotage::is("capture-twice") { self.clock.now().to_string() } else { "capture".to_owned() };
                let outcome = provider.capture(reference, terms.amount, &key(&attempt)).await;
                Box::new(move |intent, at| intent.capture_answered(outcome, at))
            }
            Work::Void => {
                let outcome = provider.void(reference, &key("void")).await;
                Box::new(move |intent, at| intent.void_answered(outcome, at))
            }
            Work::Refund(id) => {
                let refund = intent.pending_refund().filter(|refund| refund.id == *id);
                let amount = refund.ok_or_else(|| Error::internal(format!("{id} is not pending")))?.amount;
                let outcome = provider.refund(reference, amount, &key(id.as_str())).await;
                let id = id.clone();
                Box::new(move |intent, at| intent.refund_answered(&id, outcome, at))
            }
        })
    }

    /// Commits what was learnt, together with what it means for the ledger.
    async fn record(&self, ctx: &Ctx, id: &PaymentId, work: &Work, learn: Learn) -> Result<()> {
        let now = self.clock.now();
        let mut ctx = ctx.aside();
        ctx.now = now;
        let load = Load::new().one::<Payment>(id).all::<LedgerTransaction>(LedgerTransaction::id_for(id, work).iter());
        let id = id.clone();
        let commit = move |tx: &mut Tx| {
            let payment = tx.get::<Payment>(&id).ok_or_else(|| PaymentError::NotFound(id.clone()))?;
            let Some(intent) = payment.intent() else { return Ok(()) };
            let events = learn(intent, now);
            for event in &events {
                tell_operators(&id, event);
                post(tx, intent, event)?;
            }
            tx.record::<Payment>(&id, events)
        };
        self.store.transact(&ctx, load, commit).await
    }
}

/// Enters what `event` moves into the ledger.
fn post(tx: &mut Tx, intent: &Intent, event: &PaymentEvent) -> Result<()> {
    let Some(transaction) = LedgerTransaction::of(intent, event)? else { return Ok(()) };
    let id = LedgerTransaction::id(&transaction.payment, &transaction.fact);
    if tx.get::<LedgerTransaction>(&id).is_some() {
        return Err(Error::internal(format!("{id} would be entered twice")));
    }
    tx.record::<LedgerTransaction>(&id, vec![LedgerEvent::Posted { transaction }])
}

fn tell_operators(payment: &PaymentId, event: &PaymentEvent) {
    match event {
        PaymentEvent::AmountMismatched { stated, .. } => {
            tracing::error!(%payment, %stated, "the provider states another amount than it was asked for; the charge is voided");
        }
        PaymentEvent::CaptureRefused { reason, .. } => tracing::error!(%payment, reason, "the provider refuses to capture"),
        PaymentEvent::RefundFailed { refund, reason, .. } => {
            tracing::error!(%payment, %refund, reason, "the provider refuses to refund");
        }
        PaymentEvent::NoNews { detail, .. } => tracing::info!(%payment, detail, "the provider is asked again later"),
        PaymentEvent::NotAnswered { detail, .. } => tracing::warn!(%payment, detail, "the provider did not answer"),
        _ => {}
    }
}

#[async_trait]
impl OnTimer for Worker {
    async fn on_timer(&self, ctx: Ctx, timer: DueTimer) -> Result<()> {
        let id = PaymentId::parse(&timer.id).map_err(|error| Error::internal(format!("{}: {error}", timer.id)))?;
        // A timer fires again while its work is under way.
        let Ok(_turn) = self.turns.of(&id).try_lock_owned() else { return Ok(()) };
        self.work(&ctx, &id).await.map(drop)
    }
}
