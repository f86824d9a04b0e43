use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

/// What a viewer had when, as time since the crowd's beginning.
pub(super) type Log = Vec<(u64, Duration)>;

/// A change that was sent, and which revision it made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) at: Instant,
    pub(crate) revision: u64,
}

/// Times in microseconds from sending each change until the last of all viewers had it, or a later one, in hand.
///
/// # Errors
/// If a viewer never saw one of them.
pub(crate) fn seen_by_all(
    start: Instant,
    logs: &[Log],
    mut sent: Vec<Sent>,
) -> Result<Histogram<u64>> {
    sent.sort_unstable_by_key(|sent| sent.revision);
    let mut last = vec![Duration::ZERO; sent.len()];
    for log in logs {
        let mut seen = log.iter().peekable();
        for (sent, last) in sent.iter().zip(&mut last) {
            while seen.next_if(|(shown, _)| *shown < sent.revision).is_some() {}
            let (_, at) = seen.peek().context("a viewer has not seen a change")?;
            *last = (*last).max(*at);
        }
    }
    let mut times = Histogram::new(3)?;
    for (sent, last) in sent.iter().zip(last) {
        let time = (start + last).saturating_duration_since(sent.at);
        times.record(u64::try_from(time.as_micros())?)?;
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_revision_shows_the_earlier_ones_too() {
        let start = Instant::now();
        let at = Duration::from_millis;
        let sent = |revision, millis| Sent {
            at: start + at(millis),
            revision,
        };
        let logs = [
            vec![(0, at(0)), (2, at(30)), (3, at(50))],
            vec![(1, at(20)), (3, at(40))],
        ];
        let times = seen_by_all(start, &logs, vec![sent(3, 35), sent(1, 10), sent(2, 15)]).unwrap();
        let mut found: Vec<_> = times
            .iter_recorded()
            .map(|one| one.value_iterated_to())
            .collect();
        found.sort_unstable();
        // 3 from 35 to 50, 1 from 10 to 30, 2 from 15 to 40, within a thousandth.
        for (found, wanted) in found.into_iter().zip([15_000, 20_000, 25_000]) {
            assert!(found.abs_diff(wanted) <= 25, "{found} {wanted}");
        }
        assert!(seen_by_all(start, &logs, vec![sent(4, 60)]).is_err());
    }
}
