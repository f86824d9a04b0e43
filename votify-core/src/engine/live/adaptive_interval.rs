use std::time::Duration;

/// About how many viewers of a room record their latency: enough for a mean, few enough
/// to cost nothing.
const LATENCY_SAMPLES: u32 = 64;
/// The interval is this many times the delivery time, so delivery takes at most half of
/// each interval.
const INTERVAL_FACTOR: u32 = 2;

/// The time between two publications of a room: the minimum while frames reach viewers
/// quickly, longer with more viewers or more load, and at most the maximum.
#[derive(Debug)]
pub(super) struct AdaptiveInterval {
    min: Duration,
    max: Duration,
    /// Moving average of the time from the first viewer's frame to the last one's.
    delivery_time: Duration,
}

impl AdaptiveInterval {
    pub(super) const fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            delivery_time: Duration::ZERO,
        }
    }

    /// Records the mean frame latency of the last publication.
    ///
    /// The last viewer's latency is about twice the mean. Averaging with the former value
    /// keeps one slow delivery from changing the interval.
    pub(super) fn record(&mut self, latency: Duration) {
        self.delivery_time = (self.delivery_time + latency * 2) / 2;
    }

    /// Returns the time from one publication to the next.
    pub(super) fn interval(&self) -> Duration {
        (self.delivery_time * INTERVAL_FACTOR).clamp(self.min, self.max)
    }

    /// Returns `n` so that every `n`th of the viewers records its latency.
    pub(super) fn sample_every(viewers: u32) -> u32 {
        (viewers / LATENCY_SAMPLES).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(50);
    const MAX: Duration = Duration::from_secs(1);

    /// Returns the interval after these latencies in milliseconds.
    fn interval_after(latencies: &[u64]) -> Duration {
        let mut interval = AdaptiveInterval::new(MIN, MAX);
        for latency in latencies {
            interval.record(Duration::from_millis(*latency));
        }
        interval.interval()
    }

    #[test]
    fn fast_deliveries_leave_the_minimum() {
        assert_eq!(interval_after(&[]), MIN);
        assert_eq!(interval_after(&[1, 5, 12]), MIN);
    }

    #[test]
    fn one_slow_delivery_barely_changes_the_interval() {
        assert!(interval_after(&[2, 2, 25]) <= MIN + MIN / 8);
        assert_eq!(interval_after(&[200, 2, 2, 2, 2]), MIN);
    }

    #[test]
    fn interval_is_twice_the_delivery_time() {
        let interval = interval_after(&[40; 20]);
        assert!((150..=160).contains(&interval.as_millis()), "{interval:?}");
    }

    #[test]
    fn interval_is_at_most_the_maximum_and_recovers() {
        assert_eq!(interval_after(&[60_000; 3]), MAX);
        let mut latencies = vec![600; 20];
        latencies.extend([3; 12]);
        assert_eq!(interval_after(&latencies), MIN);
    }

    #[test]
    fn overload_is_detected_although_latency_is_below_the_interval() {
        let mut interval = AdaptiveInterval::new(MIN, MAX);
        for _ in 0..20 {
            // A late viewer receives the newest state, which is half an interval old on
            // average.
            interval.record(interval.interval() / 2);
        }
        assert_eq!(interval.interval(), MAX);
    }

    #[test]
    fn every_viewer_of_a_small_room_is_sampled() {
        let every = [0, 1, 64, 127, 128, 6_400].map(AdaptiveInterval::sample_every);
        assert_eq!(every, [1, 1, 1, 1, 2, 100]);
    }
}
