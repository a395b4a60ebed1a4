//! How long each step of a request took, in the order of the steps: an operator who asks why a request was slow sees where.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Clone, Debug)]
pub struct Steps {
    since: Instant,
    taken: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    pub took: Duration,
}

/// More than the pipeline has.
const STEPS_EXPECTED: usize = 8;

impl Default for Steps {
    fn default() -> Self {
        Steps { since: Instant::now(), taken: Vec::with_capacity(STEPS_EXPECTED) }
    }
}

impl Steps {
    /// What has happened since the last step was this one.
    pub fn done(&mut self, name: &'static str) {
        let now = Instant::now();
        self.taken.push(Step { name, took: now - self.since });
        self.since = now;
    }

    pub fn taken(&self) -> &[Step] {
        &self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn each_step_counts_from_the_one_before() {
        let mut steps = Steps::default();
        for (name, took) in [("admit", 2), ("call", 30)] {
            advance(Duration::from_millis(took)).await;
            steps.done(name);
        }
        let step = |name, took| Step { name, took: Duration::from_millis(took) };
        assert_eq!(steps.taken(), [step("admit", 2), step("call", 30)]);
    }
}
