//! What a service owes those who use it, and how it keeps to that: pure sums over what its instances told.

use haat_contracts::operations::instance_report::State;
use haat_contracts::operations::{InstanceReport, Objective, Point};
use haat_telemetry::quantile_ms;

use crate::incident::Trouble;

/// Of all requests, those that are not to fail for a reason of ours.
pub const AVAILABILITY: f64 = 0.999;
/// The last five minutes, in steps.
const RECENT_STEPS: usize = 30;
/// In the last five minutes, ten times what the objective allows: the budget of an hour would be gone in six minutes.
const BURNING: f64 = 10.0 * (1.0 - AVAILABILITY);
/// Fewer requests say nothing.
const REQUESTS_MIN: u64 = 50;

/// How the instances of one service keep to it, over the last hour.
pub fn of(instances: &[&InstanceReport]) -> Objective {
    let points = || instances.iter().flat_map(|instance| &instance.points);
    let (requests, errors) = sums(points());
    let availability = 1.0 - share(errors, requests);
    Objective {
        availability_target: AVAILABILITY,
        availability,
        requests,
        errors,
        budget_left: 1.0 - (1.0 - availability) / (1.0 - AVAILABILITY),
        p99_ms: quantile_ms(&latencies(instances), 0.99),
    }
}

/// What is wrong with a service at this moment.
pub fn troubles(instances: &[&InstanceReport]) -> Vec<(Trouble, String)> {
    let mut troubles = Vec::new();
    for instance in instances {
        let reasons = instance.reasons.join("; ");
        match instance.state() {
            State::Down => troubles.push((Trouble::Down, format!("{}: {reasons}", instance.instance))),
            State::Degraded => troubles.push((Trouble::Degraded, reasons)),
            _ => {}
        }
    }
    let (requests, errors) = sums(instances.iter().flat_map(|instance| latest(&instance.points)));
    if requests >= REQUESTS_MIN && share(errors, requests) > BURNING {
        troubles.push((Trouble::Burning, format!("{errors} of {requests} requests failed in five minutes")));
    }
    troubles
}

fn latest(points: &[Point]) -> &[Point] {
    &points[points.len().saturating_sub(RECENT_STEPS)..]
}

fn sums<'a>(points: impl Iterator<Item = &'a Point>) -> (u64, u64) {
    points.fold((0, 0), |(count, errors), point| (count + point.count, errors + point.errors))
}

#[expect(clippy::cast_precision_loss, reason = "counts of an hour are far below 2^52")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Those of all instances together: percentiles of each could not be added up.
fn latencies(instances: &[&InstanceReport]) -> Vec<u64> {
    let mut sums = Vec::new();
    for instance in instances {
        sums.resize(instance.latencies.len().max(sums.len()), 0);
        sums.iter_mut().zip(&instance.latencies).for_each(|(sum, count)| *sum += count);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(count: u64, errors: u64) -> InstanceReport {
        let mut report = InstanceReport { points: vec![Point { count, errors, ..Point::default() }], ..Default::default() };
        report.set_state(State::Running);
        report
    }

    #[test]
    fn a_budget_is_what_the_objective_allows_less_what_was_spent() {
        let quiet = of(&[]);
        assert!((quiet.availability - 1.0).abs() < 1e-9 && (quiet.budget_left - 1.0).abs() < 1e-9);
        let half = of(&[&instance(10_000, 5)]);
        assert!((half.budget_left - 0.5).abs() < 1e-6, "{half:?}");
        assert!(of(&[&instance(1_000, 10)]).budget_left < 0.0);
    }

    #[test]
    fn a_slow_instance_shows_in_the_99th_percentile_of_all() {
        // 990 calls below 0.1 ms at one, and 20 of some 50 ms at the other: of all, more than one in a hundred is slow.
        let quick = InstanceReport { latencies: vec![990], ..InstanceReport::default() };
        let mut slow = InstanceReport { latencies: vec![0; 10], ..InstanceReport::default() };
        slow.latencies[9] = 20;
        let p99 = of(&[&quick, &slow]).p99_ms;
        assert!((25.6..51.2).contains(&p99), "{p99}: in the bucket of the slow ones, and no mean of the two");
        assert!(of(&[&quick]).p99_ms < 0.1);
    }

    #[test]
    fn it_burns_when_far_too_much_fails_and_not_for_a_few() {
        assert!(troubles(&[&instance(1_000, 1)]).is_empty());
        assert!(troubles(&[&instance(10, 5)]).is_empty());
        assert_eq!(troubles(&[&instance(1_000, 50)])[0].0, Trouble::Burning);
        let mut down = instance(0, 0);
        down.set_state(State::Down);
        assert_eq!(troubles(&[&down])[0].0, Trouble::Down);
    }
}
