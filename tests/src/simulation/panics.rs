//! Panics in a run. Wherever they happen, and whoever catches them, the run has failed, with their words.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// The words of the first panic, while this thread is watched.
    static FIRST: Cell<Option<Option<String>>> = const { Cell::new(None) };
}

/// What `work` comes to, if nothing in it panics.
pub fn watched<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !note(panic) {
                usual(panic)
            }
        }));
    });
    FIRST.set(Some(None));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    match (outcome, FIRST.take().flatten()) {
        (Ok(outcome), None) => Ok(outcome),
        (_, said) => Err(said.unwrap_or_else(|| "panicked, and said nothing".to_owned())),
    }
}

/// False where nobody watches.
fn note(panic: &PanicHookInfo<'_>) -> bool {
    let Some(first) = FIRST.take() else { return false };
    FIRST.set(Some(first.or_else(|| Some(panic.to_string()))));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_somebody_catches_counts_too() {
        let caught = watched(|| drop(catch_unwind(|| panic!("at the disco"))));
        assert!(caught.unwrap_err().contains("at the disco"));
        assert_eq!(watched(|| 7), Ok(7));
    }
}
