//! What every backend must do, told once and run over each: memory, and SQLite in a file of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod account;
mod commits;
mod home;
mod reads;
mod restarts;
mod retention;

/// Runs every named test over every backend.
macro_rules! conformance {
    ($($module:ident: $($test:ident),+ $(,)?;)+) => {
        mod memory {
            $($(#[tokio::test]
            async fn $test() {
                crate::$module::$test(crate::home::Home::memory()).await;
            })+)+
        }
        mod sqlite {
            $($(#[tokio::test]
            async fn $test() {
                crate::$module::$test(crate::home::Home::sqlite()).await;
            })+)+
        }
    };
}

conformance! {
    commits:
        positions_have_no_gaps_under_64_writers,
        a_hundred_increments_make_a_hundred,
        a_transaction_is_all_or_nothing,
        a_refusal_leaves_no_trace_in_its_group,
        a_unique_key_has_one_holder,
        unique_keys_change_hands_in_one_commit,
        a_reply_is_given_once,
        a_feed_event_takes_effect_once,
        nothing_decided_is_nothing_written,
        misuse_is_an_error;
    reads:
        lists_page_in_both_directions,
        timers_follow_the_state,
        feeds_are_shared_fairly,
        history_tells_who_and_when,
        what_cannot_be_read_is_named,
        parked_events_are_found;
    restarts:
        a_restart_forgets_nothing,
        replies_expire,
        a_new_schema_is_built_from_events;
    retention:
        what_has_outlived_its_use_is_forgotten_whole,
        a_feed_goes_on_over_what_was_forgotten;
}
