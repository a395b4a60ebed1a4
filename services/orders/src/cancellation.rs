//! The cancellation of one order, as a saga: its stock goes back, its money goes back. It begins in the commit that
//! cancels the order, and ends when both are done; both calls may be repeated at will.

use haat_kernel::Timestamp;
use haat_saga::{Next, Progress, Saga};
use haat_store::{Aggregate, Key, Timer};
use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, PaymentId, SellerId};

/// What has to be undone, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoing {
    pub order: OrderId,
    pub seller: SellerId,
    pub reservation: String,
    pub payment: PaymentId,
    pub reason: String,
    pub correlation_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    ReleaseStock,
    ReturnMoney,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::ReleaseStock => "release_stock",
            Step::ReturnMoney => "return_money",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CancellationEvent {
    Started { undoing: Box<Undoing>, at: Timestamp },
    StockReleased,
    MoneyReturned,
    Progressed { progress: haat_saga::Event },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub undoing: Undoing,
    is_stock_released: bool,
    is_money_returned: bool,
    progress: Progress,
}

impl Saga for Cancellation {
    type Step = Step;

    fn next(&self) -> Next<Step> {
        match (self.is_stock_released, self.is_money_returned) {
            (false, _) => Next::Call(Step::ReleaseStock),
            (true, false) => Next::Call(Step::ReturnMoney),
            (true, true) => Next::Done,
        }
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn saga_event(event: haat_saga::Event) -> CancellationEvent {
        CancellationEvent::Progressed { progress: event }
    }

    fn correlation_id(&self) -> &str {
        &self.undoing.correlation_id
    }
}

impl Aggregate for Cancellation {
    const KIND: &'static str = "cancellation";
    const SCHEMA: u32 = 1;
    type Event = CancellationEvent;

    fn create(event: &CancellationEvent) -> Option<Self> {
        let CancellationEvent::Started { undoing, .. } = event else { return None };
        let undoing = (**undoing).clone();
        Some(Cancellation { undoing, is_stock_released: false, is_money_returned: false, progress: Progress::default() })
    }

    fn apply(&mut self, event: &CancellationEvent) {
        match event {
            CancellationEvent::Started { .. } => {}
            CancellationEvent::StockReleased => self.is_stock_released = true,
            CancellationEvent::MoneyReturned => self.is_money_returned = true,
            CancellationEvent::Progressed { progress } => return self.progress.apply(progress),
        }
        self.progress.advanced();
    }

    fn keys(&self) -> Vec<Key> {
        self.progress.key().into_iter().collect()
    }

    fn timers(&self) -> Vec<Timer> {
        self.progress.timer(&self.next()).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;

    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn started() -> CancellationEvent {
        let undoing = Undoing {
            order: derived(&["order"]),
            seller: derived(&["seller"]),
            reservation: "reservation_1".to_owned(),
            payment: derived(&["payment"]),
            reason: "late".to_owned(),
            correlation_id: "correlation-1".to_owned(),
        };
        CancellationEvent::Started { undoing: Box::new(undoing), at: AT }
    }

    fn parked() -> CancellationEvent {
        let event = haat_saga::Event::Parked { step: "return_money".into(), reason: "refused".into(), attempts: 1, at: AT };
        Cancellation::saga_event(event)
    }

    #[test]
    fn stock_goes_back_then_money_and_then_nothing_is_left() {
        let mut saga = Cancellation::create(&started()).unwrap();
        assert_eq!((saga.next(), saga.timers().len()), (Next::Call(Step::ReleaseStock), 1));
        saga.apply(&CancellationEvent::StockReleased);
        assert_eq!(saga.next(), Next::Call(Step::ReturnMoney));
        saga.apply(&parked());
        assert_eq!((saga.keys().len(), saga.timers().len()), (1, 0));
        saga.apply(&Cancellation::saga_event(haat_saga::Event::Resumed { at: AT }));
        saga.apply(&CancellationEvent::MoneyReturned);
        assert_eq!((saga.next(), saga.timers().len(), saga.keys().len()), (Next::Done, 0, 0));
    }

    #[test]
    fn stored_events_always_load() {
        haat_store::golden::check_events::<Cancellation>(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
            &[
                ("started", started()),
                ("stock_released", CancellationEvent::StockReleased),
                ("money_returned", CancellationEvent::MoneyReturned),
                ("progressed", parked()),
            ],
        );
    }
}
