//! The whole way of a payment on a memory store, with a provider in bad moods: it answers late, never, wrongly, twice.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use haat_kernel::id::derived;
use haat_kernel::{Clock, Ctx, Error, Money, Timestamp};
use haat_payments::ids::PaymentId;
use haat_payments::ledger::list_balances;
use haat_payments::payment::authorization::create;
use haat_payments::payment::settlement::cancel;
use haat_payments::payment::{Intent, Payment, PaymentEvent, Share, Stage, Terms};
use haat_payments::provider::{Authorization, Charge, ChargeStatus, Effect, Outcome, Provider};
use haat_payments::webhook::WebhookError;
use haat_payments::work::Worker;
use haat_service::OnTimer;
use haat_store::{MemoryBackend, Store};

/// How the provider treats one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Fine,
    /// It acts, and nobody learns of it.
    ActsSilently,
    /// It does not act, and does not answer.
    Lost,
    /// It answers 500.
    Falters,
    /// It states another amount.
    Lies,
}

#[derive(Default)]
struct Account {
    moods: VecDeque<Mood>,
    held: i64,
    captured: i64,
    refunded: i64,
    /// By idempotency key, so that each happens once.
    done: BTreeMap<String, i64>,
    requests: u32,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Account>>);

impl Fake {
    fn moody(moods: &[Mood]) -> Self {
        let fake = Fake::default();
        fake.0.lock().unwrap().moods = moods.iter().copied().collect();
        fake
    }

    /// Does `act` once for `key`, unless the mood is against it.
    fn request<T>(&self, key: &str, amount: i64, act: fn(&mut Account, i64), answer: impl FnOnce(Mood) -> T) -> Outcome<T> {
        let mut account = self.0.lock().unwrap();
        account.requests += 1;
        let mood = account.moods.pop_front().unwrap_or(Mood::Fine);
        if !matches!(mood, Mood::Lost | Mood::Falters) && account.done.insert(key.to_owned(), amount).is_none() {
            act(&mut account, amount);
        }
        match mood {
            Mood::Lost | Mood::ActsSilently => Outcome::Unknown("no answer".to_owned()),
            Mood::Falters => Outcome::Faltered("500".to_owned()),
            Mood::Fine | Mood::Lies => Outcome::Known(answer(mood)),
        }
    }

    fn books(&self) -> (i64, i64, i64) {
        let account = self.0.lock().unwrap();
        (account.held, account.captured, account.refunded)
    }
}

fn charge(amount: i64) -> Charge {
    Charge { reference: Some("charge_1".to_owned()), amount: Money::inr(amount), status: ChargeStatus::Authorized }
}

#[async_trait]
impl Provider for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn authorize(&self, authorization: Authorization<'_>) -> Outcome<Charge> {
        let amount = authorization.amount.minor;
        let stated = |mood| charge(if mood == Mood::Lies { amount + 1 } else { amount });
        self.request(&authorization.key, amount, |account, amount| account.held += amount, stated)
    }

    async fn look_up(&self, _: &PaymentId) -> Outcome<Option<Charge>> {
        let account = self.0.lock().unwrap();
        Outcome::Known(account.done.values().next().map(|amount| charge(*amount)))
    }

    async fn capture(&self, _: &str, amount: Money, key: &str) -> Outcome<Effect> {
        let act =
            |account: &mut Account, amount| (account.held, account.captured) = (account.held - amount, account.captured + amount);
        self.request(key, amount.minor, act, |_| Effect::Done)
    }

    async fn void(&self, _: &str, key: &str) -> Outcome<Effect> {
        self.request(key, 0, |account, _| account.held = 0, |_| Effect::Done)
    }

    async fn refund(&self, _: &str, amount: Money, key: &str) -> Outcome<Effect> {
        self.request(key, amount.minor, |account, amount| account.refunded += amount, |_| Effect::Done)
    }

    fn verify_webhook(&self, _: &BTreeMap<String, String>, _: &[u8], _: Timestamp) -> Result<Option<PaymentId>, WebhookError> {
        Err(WebhookError::Unsigned)
    }
}

struct Shop {
    worker: Worker,
    fake: Fake,
    id: PaymentId,
}

impl Shop {
    fn new(moods: &[Mood]) -> Self {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH, 0);
        let fake = Fake::moody(moods);
        let provider: Arc<dyn Provider> = Arc::new(fake.clone());
        let store = Store::memory(clock, MemoryBackend::new());
        let worker = Worker::new(store, clock, BTreeMap::from([("fake".to_owned(), provider)]));
        Shop { worker, fake, id: derived(&["payment"]) }
    }

    fn ctx(&self) -> Ctx {
        Ctx::internal("payments", "test", self.worker.clock.now())
    }

    async fn decide(&self, decide: impl FnOnce(Option<&Payment>) -> Vec<PaymentEvent> + Send + 'static) {
        let decide = |payment: Option<&Payment>| Ok::<_, Error>(decide(payment));
        self.worker.store.update(&self.ctx(), self.id.as_str(), decide).await.unwrap();
        self.worker.drive(&self.ctx(), &self.id).await.unwrap();
    }

    async fn change(&self, decide: impl FnOnce(&Intent) -> Vec<PaymentEvent> + Send + 'static) {
        self.decide(|payment| decide(payment.unwrap().intent().unwrap())).await;
    }

    async fn authorize(&self) {
        let share = |order: &str, minor| Share { order: derived(&[order]), seller: derived(&[order]), amount: Money::inr(minor) };
        let terms = Terms {
            payment: self.id.clone(),
            order_group: derived(&["group"]),
            checkout: derived(&["checkout"]),
            amount: Money::inr(1_000),
            provider: "fake".to_owned(),
            token: "tok_ok".to_owned(),
            shares: vec![share("a", 600), share("b", 400)],
        };
        self.decide(|payment| create(payment, terms, Timestamp::UNIX_EPOCH).unwrap()).await;
    }

    /// Fires timers until none is left, as the runtime would.
    async fn let_time_pass(&self) {
        while let Some(due) = self.worker.store.next_due().await.unwrap() {
            let wait = due.duration_since(self.worker.clock.now());
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default() + Duration::from_millis(1)).await;
            for timer in self.worker.store.due_timers(self.worker.clock.now(), 10).await.unwrap() {
                self.worker.on_timer(self.ctx(), timer).await.unwrap();
            }
        }
    }

    async fn stage(&self) -> Stage {
        self.worker.load(&self.id).await.unwrap().intent().unwrap().stage
    }

    async fn ledger(&self) -> Vec<(String, i64)> {
        let balances = list_balances(&self.worker.store).await.unwrap();
        balances.into_iter().map(|((account, _), sum)| (account.split(':').next().unwrap().to_owned(), sum.minor)).collect()
    }
}

fn balances(provider: i64, sellers: [i64; 2]) -> Vec<(String, i64)> {
    let mut sellers = sellers;
    sellers.sort_unstable();
    vec![("provider".into(), provider), ("seller".into(), sellers[0]), ("seller".into(), sellers[1])]
}

async fn sorted_ledger(shop: &Shop) -> Vec<(String, i64)> {
    let mut ledger = shop.ledger().await;
    ledger.sort();
    ledger
}

#[tokio::test(start_paused = true)]
async fn whatever_the_mood_money_is_taken_once_and_given_back_once() {
    for mood in [Mood::Fine, Mood::ActsSilently, Mood::Lost, Mood::Falters] {
        let shop = Shop::new(&[mood, mood]);
        shop.authorize().await;
        shop.let_time_pass().await;
        assert_eq!((shop.stage().await, shop.fake.books()), (Stage::Authorized, (1_000, 0, 0)), "{mood:?}");
        shop.fake.0.lock().unwrap().moods = VecDeque::from([mood, mood, Mood::Fine, mood]);
        shop.change(|intent| intent.capture(Timestamp::UNIX_EPOCH).unwrap()).await;
        shop.let_time_pass().await;
        assert_eq!((shop.stage().await, shop.fake.books()), (Stage::Captured, (0, 1_000, 0)), "{mood:?}");
        shop.change(|intent| intent.refund_order(&derived(&["b"]), "", Timestamp::UNIX_EPOCH).unwrap()).await;
        shop.let_time_pass().await;
        assert_eq!(shop.fake.books(), (0, 1_000, 400), "{mood:?}");
        assert_eq!(sorted_ledger(&shop).await, balances(600, [-600, 0]), "{mood:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_canceled_payment_holds_nothing_whatever_the_mood() {
    for mood in [Mood::Fine, Mood::ActsSilently, Mood::Lost, Mood::Falters, Mood::Lies] {
        let shop = Shop::new(&[mood, mood, mood]);
        shop.authorize().await;
        let id = shop.id.clone();
        shop.decide(move |payment| cancel(payment, &id, "abandoned", Timestamp::UNIX_EPOCH)).await;
        shop.let_time_pass().await;
        assert_eq!(shop.fake.books(), (0, 0, 0), "{mood:?}");
        assert!(matches!(shop.stage().await, Stage::Voided | Stage::Failed), "{mood:?}");
        assert!(shop.ledger().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lie_about_the_amount_is_voided_and_shows() {
    let shop = Shop::new(&[Mood::Lies]);
    shop.authorize().await;
    let payment = shop.worker.load(&shop.id).await.unwrap();
    let failure = payment.intent().unwrap().failure.clone().unwrap();
    assert_eq!((shop.stage().await, failure.code.as_str()), (Stage::Failed, "payment_amount_mismatch"));
    assert_eq!(shop.fake.books(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_answer_is_made_good_by_the_timer() {
    let shop = Shop::new(&[]);
    shop.authorize().await;
    let capture = |payment: Option<&Payment>| payment.unwrap().intent().unwrap().capture(Timestamp::UNIX_EPOCH);
    // The wish is committed; whoever was to carry it out is gone.
    shop.worker.store.update(&shop.ctx(), shop.id.as_str(), capture).await.unwrap();
    assert_eq!(shop.fake.books(), (1_000, 0, 0));
    shop.let_time_pass().await;
    assert_eq!((shop.stage().await, shop.fake.books()), (Stage::Captured, (0, 1_000, 0)));
    assert_eq!(shop.fake.0.lock().unwrap().requests, 2);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_brings_the_truth_before_its_time() {
    let shop = Shop::new(&[Mood::ActsSilently]);
    shop.worker.wake(&shop.ctx(), &shop.id).await.unwrap();
    shop.authorize().await;
    assert_eq!(shop.stage().await, Stage::Unknown);
    shop.worker.wake(&shop.ctx(), &shop.id).await.unwrap();
    assert_eq!(shop.stage().await, Stage::Authorized);
    shop.worker.wake(&shop.ctx(), &shop.id).await.unwrap();
    assert_eq!(shop.fake.books(), (1_000, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_an_outcome_within_its_deadline() {
    let shop = Shop::new(&[Mood::Falters, Mood::Falters]);
    let mut ctx = shop.ctx();
    ctx.deadline = Some(tokio::time::Instant::now() + Duration::from_secs(8));
    shop.authorize().await;
    assert_eq!(shop.stage().await, Stage::Created);
    let payment = shop.worker.settle(&ctx, &shop.id).await.unwrap();
    assert_eq!(payment.intent().unwrap().stage, Stage::Authorized);
}
