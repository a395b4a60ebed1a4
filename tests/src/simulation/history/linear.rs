//! Linearizability: is there an order of calls, each between its beginning and its end, that explains every answer? Wing and
//! Gong's search, with Lowe's memory of where it has been, so that calls that all overlap cost no time without end.

use std::collections::BTreeSet;

/// More calls than this on one object are not looked at.
const CALLS_MAX: usize = 128;
/// So many situations are looked at, then the search is given up.
const SITUATIONS_MAX: usize = 100_000;

/// An object as it would be if everybody asked in turn.
pub trait Spec: Clone + Ord {
    type Op;
    type Ret: PartialEq;

    fn invoke(&mut self, op: &Self::Op) -> Self::Ret;

    /// Whether `ret` may be the answer to `op` now; where it may, it is.
    fn is_valid_step(&mut self, op: &Self::Op, ret: &Self::Ret) -> bool {
        self.invoke(op) == *ret
    }
}

/// One call on one object.
pub struct Call<O, R> {
    pub op: O,
    pub began: usize,
    /// None: it may have taken effect at any later time, or not at all.
    pub ended: Option<(usize, R)>,
}

/// None where the search is too long.
pub fn is_explained<S: Spec>(initial: &S, calls: &[Call<S::Op, S::Ret>]) -> Option<bool> {
    if calls.len() > CALLS_MAX {
        return None;
    }
    let mut search = Search { calls, seen: BTreeSet::new() };
    let is_explained = search.goes_on(0, initial);
    (is_explained || search.seen.len() < SITUATIONS_MAX).then_some(is_explained)
}

struct Search<'a, S: Spec> {
    calls: &'a [Call<S::Op, S::Ret>],
    /// Which calls were made, and what came of it.
    seen: BTreeSet<(u128, S)>,
}

impl<S: Spec> Search<'_, S> {
    /// Whether an order of the calls that are not `done` leads on from `state`.
    fn goes_on(&mut self, done: u128, state: &S) -> bool {
        let calls = self.calls;
        let left = || calls.iter().enumerate().filter(|(place, _)| done & (1 << place) == 0);
        let ends = left().filter_map(|(_, call)| call.ended.as_ref().map(|(at, _)| *at));
        let Some(first_end) = ends.min() else { return true };
        if self.seen.len() >= SITUATIONS_MAX || !self.seen.insert((done, state.clone())) {
            return false;
        }
        // What began after another had ended comes after it.
        let mut candidates = left().filter(|(_, call)| call.began < first_end);
        candidates.any(|(place, call)| {
            let mut next = state.clone();
            let is_possible = match &call.ended {
                Some((_, told)) => next.is_valid_step(&call.op, told),
                None => {
                    next.invoke(&call.op);
                    next != *state
                }
            };
            is_possible && self.goes_on(done | 1 << place, &next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Counter(i64);

    impl Spec for Counter {
        type Op = i64;
        type Ret = i64;

        fn invoke(&mut self, op: &i64) -> i64 {
            self.0 += op;
            self.0
        }
    }

    fn call(op: i64, began: usize, ended: Option<(usize, i64)>) -> Call<i64, i64> {
        Call { op, began, ended }
    }

    #[test]
    fn overlapping_calls_take_effect_in_any_order_others_in_theirs() {
        let check = |calls: &[Call<i64, i64>], expected| assert_eq!(is_explained(&Counter(0), calls), Some(expected));
        check(&[call(1, 1, Some((3, 3))), call(2, 2, Some((4, 2)))], true);
        check(&[call(1, 1, Some((2, 3))), call(2, 3, Some((4, 2)))], false);
        check(&[call(1, 1, Some((2, 1))), call(2, 3, Some((4, 2)))], false);
        // One without an answer took effect, or did not.
        check(&[call(5, 1, None), call(2, 2, Some((3, 7)))], true);
        check(&[call(5, 1, None), call(2, 2, Some((3, 2)))], true);
        check(&[call(2, 1, Some((2, 7))), call(5, 3, None)], false);
    }

    #[test]
    fn many_at_once_are_no_search_without_end() {
        let mut calls: Vec<_> = (1..=40).map(|place| call(1, 1, Some((100, place)))).collect();
        assert_eq!(is_explained(&Counter(0), &calls), Some(true));
        calls.extend((0..10).map(|_| call(0, 1, None)));
        calls.push(call(1, 1, Some((100, 99))));
        assert_eq!(is_explained(&Counter(0), &calls), Some(false));
        calls.extend((0..100).map(|_| call(1, 1, None)));
        assert_eq!(is_explained(&Counter(0), &calls), None);
    }
}
