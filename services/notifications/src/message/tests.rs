//! Given events, when an attempt ends or an operator retries, then: events. And the stored form of every event.

use super::*;
use crate::samples;

fn at(seconds: i64) -> Timestamp {
    plus_seconds("2026-01-01T00:00:00Z".parse().unwrap(), seconds)
}

fn queued() -> MessageEvent {
    let content = samples::confirmation();
    Message::queue(None, "asha@haat.test".to_owned(), "group_01h455vb4pex5vsknk084sn02q".to_owned(), content, at(0)).remove(0)
}

fn delayed(seconds: i64) -> MessageEvent {
    MessageEvent::MessageDelayed { error: "no answer".to_owned(), next_attempt_at: at(seconds) }
}

fn failed(seconds: i64) -> MessageEvent {
    MessageEvent::MessageFailed { error: "no answer".to_owned(), at: at(seconds) }
}

fn given(events: &[MessageEvent]) -> Message {
    let mut message = Message::create(&queued()).unwrap();
    events.iter().for_each(|event| message.apply(event));
    message
}

#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(events: &[MessageEvent], when: impl FnOnce(&Message) -> T, then: &T) {
    assert_eq!(when(&given(events)), *then);
}

#[test]
fn attempts_back_off_and_end() {
    let fails = |message: &Message| message.attempt_failed("no answer", false, at(0));
    check(&[], fails, &vec![delayed(30)]);
    check(&[delayed(30)], fails, &vec![delayed(120)]);
    check(&[delayed(30), delayed(120)], fails, &vec![delayed(600)]);
    check(&[delayed(30), delayed(120), delayed(600)], fails, &vec![delayed(3_600)]);
    check(&[delayed(30), delayed(120), delayed(600), delayed(3_600)], fails, &vec![failed(0)]);
    check(&[], |message| message.attempt_failed("no answer", true, at(0)), &vec![failed(0)]);
}

#[test]
fn what_is_no_longer_queued_stays_as_it_is() {
    let sent = MessageEvent::MessageSent { at: at(1) };
    check(&[], |message| message.sent(at(1)), &vec![sent.clone()]);
    check(std::slice::from_ref(&sent), |message| message.sent(at(2)), &vec![]);
    check(std::slice::from_ref(&sent), |message| message.attempt_failed("no answer", false, at(2)), &vec![]);
    check(&[sent], |message| message.retry(at(2)), &Err(MessageError::NotFailed));
    check(&[failed(1)], |message| message.sent(at(2)), &vec![]);
    check(&[], |message| message.retry(at(2)), &Err(MessageError::NotFailed));
    check(&[failed(1)], |message| message.retry(at(2)), &Ok(vec![MessageEvent::MessageRetried { at: at(2) }]));
    let known = given(&[]);
    assert_eq!(Message::queue(Some(&known), String::new(), String::new(), samples::confirmation(), at(2)), []);
}

#[test]
fn only_a_queued_message_wants_to_be_woken() {
    assert_eq!(given(&[]).timers(), [Timer::at(SEND, at(0))]);
    assert_eq!(given(&[delayed(30)]).timers(), [Timer::at(SEND, at(30))]);
    assert_eq!(given(&[failed(1)]).timers(), []);
    assert_eq!(given(&[failed(1), MessageEvent::MessageRetried { at: at(9) }]).timers(), [Timer::at(SEND, at(9))]);
    assert_eq!(given(&[failed(1), MessageEvent::MessageRetried { at: at(9) }]).attempts, 0);
    assert_eq!(given(&[MessageEvent::MessageSent { at: at(1) }]).timers(), []);
}

#[test]
fn stored_events_stay_as_they_are() {
    let canceled = MessageEvent::MessageQueued {
        recipient: "asha@haat.test".to_owned(),
        subject_id: "order_01h455vb4pex5vsknk084sn02q".to_owned(),
        content: Arc::new(samples::cancellation()),
        at: at(0),
    };
    haat_store::golden::check_events::<Message>(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
        &[
            ("message_queued.order_confirmation", queued()),
            ("message_queued.order_cancellation", canceled),
            ("message_sent", MessageEvent::MessageSent { at: at(1) }),
            ("message_delayed", delayed(30)),
            ("message_failed", failed(1)),
            ("message_retried", MessageEvent::MessageRetried { at: at(2) }),
        ],
    );
}
