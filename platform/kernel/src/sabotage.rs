//! Deliberate bugs, each a named line in production code, to show that the simulator finds them. Without the feature
//! `sabotage`, which only the tests' own simulator turns on, `is` is the constant `false` and the lines compile to nothing.

#[cfg(feature = "sabotage")]
static CHOSEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Chooses the one bug that this process has. The first choice stays.
#[cfg(feature = "sabotage")]
pub fn choose(bug: &str) {
    CHOSEN.get_or_init(|| bug.to_owned());
}

/// Whether this process was chosen to have this bug.
#[cfg(feature = "sabotage")]
pub fn is(bug: &str) -> bool {
    CHOSEN.get().is_some_and(|chosen| chosen == bug)
}

/// Never.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub const fn is(_bug: &str) -> bool {
    false
}

#[cfg(all(test, not(feature = "sabotage")))]
mod tests {
    #[test]
    fn a_normal_build_has_no_bugs_of_its_own_making() {
        const { assert!(!super::is("skip-idempotency-reply")) }
    }
}
