//! From values to places, and round numbers for an axis.

/// Marks of an axis from 0 to at least `max`, at most six of them.
pub(super) fn ticks(max: f64) -> Vec<f64> {
    if max.is_nan() || max <= 0.0 {
        return vec![0.0, 1.0];
    }
    let rough = max / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(power);
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|last| *last < max) && ticks.len() < 8 {
        #[expect(clippy::cast_precision_loss, reason = "a handful of marks")]
        ticks.push(step * ticks.len() as f64);
    }
    ticks
}

/// A number as an axis shows it: `1.5k`, `20`, `0.25`.
pub(super) fn short(value: f64) -> String {
    let trim = |text: String| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    match value.abs() {
        size if size >= 1e7 => trim(format!("{:.2}", value / 1e7)) + "Cr",
        size if size >= 1e5 => trim(format!("{:.2}", value / 1e5)) + "L",
        size if size >= 1e3 => trim(format!("{:.1}", value / 1e3)) + "k",
        size if size >= 10.0 || size == 0.0 => format!("{value:.0}"),
        _ => trim(format!("{value:.2}")),
    }
}

/// A place in a picture.
pub(super) fn place(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_numbers_that_reach_the_top() {
        assert_eq!(ticks(7.0), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(ticks(100.0), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(ticks(0.0), [0.0, 1.0]);
        for max in [0.003, 1.0, 9.99, 12_345.0, 1e9] {
            let ticks = ticks(max);
            assert!(*ticks.last().unwrap() >= max && ticks.len() <= 6, "{max}: {ticks:?}");
        }
    }

    #[test]
    fn large_numbers_are_short() {
        assert_eq!(
            ["0", "0.25", "12", "1.5k", "2L", "3.25Cr"].map(str::to_owned),
            [0.0, 0.25, 12.0, 1500.0, 2e5, 3.25e7].map(short)
        );
    }
}
