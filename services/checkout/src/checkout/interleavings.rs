//! Whatever answers, is lost, comes late or twice, and whenever this process dies: a checkout completes with everything
//! done, or fails with everything undone, and money is never taken for one that fails.

use proptest::prelude::*;

use super::tests::{at, started};
use super::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Effect {
    #[default]
    None,
    Held,
    Final,
    /// Undone, or barred before it was made.
    Gone,
}

impl Effect {
    fn hold(&mut self) -> bool {
        if *self == Effect::None {
            *self = Effect::Held;
        }
        *self != Effect::Gone
    }

    fn finish(&mut self) -> bool {
        if *self == Effect::Held {
            *self = Effect::Final;
        }
        *self == Effect::Final
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Money {
    #[default]
    None,
    /// Nobody knows yet; `is_canceled`: what comes of it is voided.
    Undecided {
        is_canceled: bool,
    },
    Authorized,
    /// The provider was asked to take it, and has not said.
    Capturing,
    Captured,
    Gone,
}

/// The neighbours, each keeping the promises of its contract.
#[derive(Debug, Default)]
struct World {
    stock: Effect,
    coupon: Effect,
    orders: Effect,
    money: Money,
    was_refunded: bool,
}

impl World {
    /// Has a step take effect. Err: it is refused.
    fn make(&mut self, step: Step, payment: &Answer) -> Result<Option<PaymentState>, ()> {
        let is_made = match step {
            Step::ReserveStock => self.stock.hold(),
            Step::HoldCoupon => self.coupon.hold(),
            Step::PlaceOrders => self.orders.hold(),
            Step::AllocateStock => self.stock.finish(),
            Step::ConfirmOrders => self.orders.finish(),
            Step::RedeemCoupon => self.coupon.finish(),
            Step::ReleaseStock => gone(&mut self.stock),
            Step::ReleaseCoupon => gone(&mut self.coupon),
            Step::AbandonOrders => gone(&mut self.orders),
            Step::AuthorizePayment => return Ok(Some(self.authorize(payment))),
            Step::CapturePayment => return self.capture(payment).map(Some),
            Step::CancelPayment => self.cancel(),
            Step::CloseCart | Step::ReopenCart => true,
        };
        if is_made { Ok(None) } else { Err(()) }
    }

    fn authorize(&mut self, payment: &Answer) -> PaymentState {
        if self.money == Money::None {
            self.money = Money::Undecided { is_canceled: false };
        }
        self.decide(payment);
        self.state()
    }

    fn capture(&mut self, payment: &Answer) -> Result<PaymentState, ()> {
        match self.money {
            Money::Authorized | Money::Capturing => self.money = Money::Capturing,
            Money::Captured => {}
            _ => return Err(()),
        }
        self.decide(payment);
        Ok(self.state())
    }

    fn cancel(&mut self) -> bool {
        match self.money {
            Money::Undecided { .. } => self.money = Money::Undecided { is_canceled: true },
            Money::Capturing | Money::Captured => self.was_refunded = true,
            _ => self.money = Money::Gone,
        }
        true
    }

    /// The provider makes up its mind.
    fn decide(&mut self, payment: &Answer) {
        self.money = match (self.money, payment) {
            (Money::Undecided { is_canceled: false }, Answer::Approves) => Money::Authorized,
            (Money::Capturing, Answer::Approves) => Money::Captured,
            (Money::Undecided { .. } | Money::Capturing, Answer::Approves | Answer::Declines) => Money::Gone,
            (money, _) => money,
        };
    }

    fn state(&self) -> PaymentState {
        match self.money {
            Money::None | Money::Undecided { .. } => PaymentState::Undecided { action_url: None },
            Money::Authorized | Money::Capturing => PaymentState::Authorized,
            Money::Captured => PaymentState::Captured,
            Money::Gone => PaymentState::Refused { detail: "no".to_owned() },
        }
    }
}

fn gone(effect: &mut Effect) -> bool {
    *effect = Effect::Gone;
    true
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Approves,
    Wavers,
    Declines,
}

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// The present step is made and answered.
    Step(Answer),
    /// It is made, and the answer is lost: with the connection, or with this process.
    AnswerLost(Answer),
    /// It is sent, and made at some later time, when it has long been tried again.
    Delayed,
    /// A delayed one is made after all.
    Arrives(Answer),
    /// It never arrived.
    Lost,
    /// The neighbour refuses, for reasons of its own.
    Refused,
    GivenUp,
    Event,
    /// An event that was made long ago is delivered once more.
    OldEvent,
    Poll,
    ProviderDecides(Answer),
    TimeIsOver,
}

#[derive(Debug)]
struct Run {
    checkout: Checkout,
    world: World,
    delayed: Vec<Step>,
    events: Vec<PaymentState>,
    has_captured: bool,
}

impl Run {
    fn apply(&mut self, events: &[CheckoutEvent]) {
        for event in events {
            self.checkout.apply(event);
            // Every state survives storage: that is all that a crash leaves.
            let json = serde_json::to_string(&self.checkout).unwrap();
            assert_eq!(serde_json::from_str::<Checkout>(&json).unwrap(), self.checkout);
        }
    }

    fn call(&mut self, step: Step, answer: &Answer) -> Result<Option<PaymentState>, ()> {
        let outcome = self.world.make(step, answer);
        if self.world.money != Money::None {
            self.events.push(self.world.state());
        }
        self.has_captured |= self.world.money == Money::Captured;
        outcome
    }

    fn refuse(&mut self, step: Step, error: &Error) {
        if let Some(failure) = self.checkout.verdict(step, error) {
            let events = self.checkout.turn_back(step, failure);
            self.apply(&events);
        }
    }

    fn happen(&mut self, happening: Happening) {
        let refusal = Error::new(haat_kernel::Kind::FailedPrecondition, "refused", "no");
        let next = if let Next::Call(step) = self.checkout.next() { Some(step) } else { None };
        match (happening, next) {
            (Happening::Step(answer), Some(step)) => match self.call(step, &answer) {
                Ok(Some(payment)) => self.apply(&self.checkout.payment_answered(step, &payment, at(1))),
                Ok(None) if matches!(step, Step::CloseCart | Step::ReopenCart) => self.apply(&self.checkout.end(step, at(1))),
                Ok(None) => self.apply(&self.checkout.did(step)),
                Err(()) => self.refuse(step, &refusal),
            },
            (Happening::AnswerLost(answer), Some(step)) => drop(self.call(step, &answer)),
            (Happening::Delayed, Some(step)) => self.delayed.push(step),
            (Happening::Refused, Some(step)) if step < Step::AuthorizePayment || step == Step::AllocateStock => {
                self.refuse(step, &refusal);
            }
            (Happening::GivenUp, Some(step)) => {
                self.checkout.progress.attempts = ATTEMPTS_MAX;
                self.refuse(step, &Error::unavailable("x"));
                self.checkout.progress.attempts = 0;
            }
            _ => self.happen_outside(happening),
        }
    }

    fn happen_outside(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(answer) if !self.delayed.is_empty() => {
                let step = self.delayed.remove(0);
                drop(self.call(step, &answer));
            }
            // Nothing tells of a payment that does not exist.
            Happening::Event | Happening::OldEvent if self.world.money == Money::None => {}
            Happening::Event => self.apply(&self.checkout.learn(&self.world.state(), at(1))),
            Happening::OldEvent => {
                let old = self.events.len().checked_sub(3).map(|index| self.events[index].clone());
                self.apply(&old.map(|old| self.checkout.learn(&old, at(1))).unwrap_or_default());
            }
            Happening::Poll => self.apply(&self.checkout.polled(Some(&self.world.state()), at(1))),
            Happening::ProviderDecides(answer) => {
                self.world.decide(&answer);
                self.has_captured |= self.world.money == Money::Captured;
            }
            Happening::TimeIsOver => self.apply(&self.checkout.give_up(at(PATIENCE_S))),
            _ => {}
        }
    }

    /// From here on everything works, and what is on its way arrives.
    fn finish(&mut self) {
        for _ in 0..40 {
            self.happen(Happening::Step(Answer::Approves));
            self.happen(Happening::ProviderDecides(Answer::Approves));
            self.happen(Happening::Poll);
        }
        while !self.delayed.is_empty() {
            self.happen(Happening::Arrives(Answer::Approves));
        }
        self.happen(Happening::ProviderDecides(Answer::Approves));
    }

    fn check(&self, has_coupon: bool) {
        let world = &self.world;
        let is_free = |effect: Effect| matches!(effect, Effect::None | Effect::Gone);
        match &self.checkout.path {
            Path::Completed { .. } => {
                assert_eq!((world.stock, world.orders, world.money), (Effect::Final, Effect::Final, Money::Captured));
                assert!(!has_coupon || world.coupon == Effect::Final);
                assert!(!world.was_refunded);
            }
            Path::Failed { .. } => {
                assert!(is_free(world.stock) && is_free(world.coupon) && is_free(world.orders), "{world:?}");
                assert!(matches!(world.money, Money::None | Money::Gone), "{world:?}");
                assert!(!self.has_captured, "money was taken for a checkout that failed");
            }
            other => panic!("it never ended: {other:?}"),
        }
    }
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![4 => Just(Answer::Approves), 2 => Just(Answer::Wavers), 1 => Just(Answer::Declines)]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => answer().prop_map(Happening::Step),
        3 => answer().prop_map(Happening::AnswerLost),
        2 => Just(Happening::Delayed),
        2 => answer().prop_map(Happening::Arrives),
        2 => Just(Happening::Lost),
        1 => Just(Happening::Refused),
        1 => Just(Happening::GivenUp),
        3 => Just(Happening::Event),
        2 => Just(Happening::OldEvent),
        2 => Just(Happening::Poll),
        2 => answer().prop_map(Happening::ProviderDecides),
        1 => Just(Happening::TimeIsOver),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_completes_with_everything_done_or_fails_with_everything_undone(
        has_coupon in any::<bool>(), happenings in prop::collection::vec(happening(), 0..60)
    ) {
        let checkout = started(has_coupon.then_some("TEN"));
        let mut run = Run { checkout, world: World::default(), delayed: vec![], events: vec![], has_captured: false };
        for happening in happenings {
            run.happen(happening);
        }
        run.finish();
        run.check(has_coupon);
    }
}
