//! The time from a change until the last viewer has received it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

/// The revisions that a viewer received, with times since the start of the pool.
pub(super) type ViewerLog = Vec<(u64, Duration)>;

/// A change and the revision that it created.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SentChange {
    /// The scheduled time of the change.
    pub(crate) at: Instant,
    pub(crate) answered: Instant,
    pub(crate) revision: u64,
}

impl SentChange {
    /// Returns the time from the schedule to the answer.
    pub(crate) fn latency(&self) -> Duration {
        self.answered.saturating_duration_since(self.at)
    }
}

/// Returns the times in microseconds from each change until the last viewer received its
/// revision or a later one.
///
/// # Errors
/// If a viewer received neither.
pub(crate) fn time_to_last_viewer(
    start: Instant,
    logs: &[ViewerLog],
    mut sent: Vec<SentChange>,
) -> Result<Histogram<u64>> {
    sent.sort_unstable_by_key(|change| change.revision);
    let mut last_received = vec![Duration::ZERO; sent.len()];
    for log in logs {
        let mut received = log.iter().peekable();
        for (change, last) in sent.iter().zip(&mut last_received) {
            while received
                .next_if(|(revision, _)| *revision < change.revision)
                .is_some()
            {}
            let (_, at) = received
                .peek()
                .with_context(|| format!("a viewer missed revision {}", change.revision))?;
            *last = (*last).max(*at);
        }
    }
    let mut times = Histogram::new(3)?;
    for (change, last) in sent.iter().zip(last_received) {
        let time = (start + last).saturating_duration_since(change.at);
        times.record(u64::try_from(time.as_micros())?)?;
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_revision_counts_for_the_earlier_ones() {
        let start = Instant::now();
        let at = Duration::from_millis;
        let sent = |revision, millis| SentChange {
            at: start + at(millis),
            answered: start + at(millis),
            revision,
        };
        let logs = [
            vec![(0, at(0)), (2, at(30)), (3, at(50))],
            vec![(1, at(20)), (3, at(40))],
        ];
        let changes = vec![sent(3, 35), sent(1, 10), sent(2, 15)];
        let times = time_to_last_viewer(start, &logs, changes).unwrap();
        let mut found: Vec<_> = times
            .iter_recorded()
            .map(|value| value.value_iterated_to())
            .collect();
        found.sort_unstable();
        // Revision 3 takes 35 to 50 ms, 1 takes 10 to 30 ms, 2 takes 15 to 40 ms. The
        // histogram rounds by up to a thousandth.
        for (found, expected) in found.into_iter().zip([15_000, 20_000, 25_000]) {
            assert!(found.abs_diff(expected) <= 25, "{found} {expected}");
        }
        assert!(time_to_last_viewer(start, &logs, vec![sent(4, 60)]).is_err());
    }
}
