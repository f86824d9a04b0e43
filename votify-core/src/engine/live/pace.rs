use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// How many viewers of a room tell how late they were, about: enough for a mean, and few enough to cost nothing.
const WITNESSES: u32 = 64;
/// How many times as long as a state takes to reach all viewers is waited before the next: half of the machine is left to votes.
const SHARE: u32 = 2;
/// No lateness counts for more, so that their sum stays a number.
const MOST: Duration = Duration::from_secs(60);

/// How long a room waits between two states: a tick while they reach its viewers fast, longer the more viewers there are and
/// the more else the machine has to do, but never longer than the slowest tick.
#[derive(Debug)]
pub(super) struct Pace {
    tick: Duration,
    slowest: Duration,
    /// How long a state takes from the first viewer to the last, as seen lately.
    spread: Duration,
}

impl Pace {
    pub(super) const fn new(tick: Duration, slowest: Duration) -> Self {
        Self {
            tick,
            slowest,
            spread: Duration::ZERO,
        }
    }

    /// Hears how late viewers were on the mean with the last state. The last of them was about twice as late; one hiccup makes no
    /// new pace.
    pub(super) fn heed(&mut self, lateness: Duration) {
        self.spread = (self.spread + lateness * 2) / 2;
    }

    /// The time from one state to the next.
    pub(super) fn wait(&self) -> Duration {
        (self.spread * SHARE).clamp(self.tick, self.slowest)
    }

    /// Which viewers of so many shall tell how late they were: those whose number this divides.
    pub(super) fn witnesses(viewers: u32) -> u32 {
        (viewers / WITNESSES).max(1)
    }
}

/// How late viewers were who waited for a state, until they had it in hand.
///
/// Who was still busy with an older one does not count: it waited for its own client, not for this machine.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    micros: AtomicU64,
    told: AtomicU32,
}

impl Lateness {
    pub(super) fn tell(&self, late: Duration) {
        let micros = u64::try_from(late.min(MOST).as_micros()).unwrap_or(0);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    /// The mean since it was last taken; `None` if nobody told anything.
    ///
    /// What is told in between may fall into the next one: it is a measure, not an account.
    pub(super) fn take(&self) -> Option<Duration> {
        let told = self.told.swap(0, Ordering::Relaxed);
        let micros = self.micros.swap(0, Ordering::Relaxed);
        (told > 0).then(|| Duration::from_micros(micros / u64::from(told)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(50);
    const SLOWEST: Duration = Duration::from_secs(1);

    fn paced(lateness: &[u64]) -> Duration {
        let mut pace = Pace::new(TICK, SLOWEST);
        for late in lateness {
            pace.heed(Duration::from_millis(*late));
        }
        pace.wait()
    }

    #[test]
    fn a_room_that_is_served_fast_keeps_the_tick() {
        assert_eq!(paced(&[]), TICK);
        assert_eq!(paced(&[1, 5, 12]), TICK);
    }

    #[test]
    fn one_hiccup_makes_no_new_pace() {
        assert!(paced(&[2, 2, 25]) <= TICK + TICK / 8);
        assert_eq!(paced(&[200, 2, 2, 2, 2]), TICK);
    }

    #[test]
    fn it_waits_twice_as_long_as_a_state_takes_to_arrive_everywhere() {
        let wait = paced(&[40; 20]);
        assert!((150..=160).contains(&wait.as_millis()), "{wait:?}");
    }

    #[test]
    fn it_is_never_slower_than_the_slowest_tick_and_comes_back() {
        assert_eq!(paced(&[60_000; 3]), SLOWEST);
        let mut back = vec![600; 20];
        back.extend([3; 12]);
        assert_eq!(paced(&back), TICK);
    }

    #[test]
    fn an_overload_is_seen_though_nobody_can_be_later_than_a_tick() {
        let mut pace = Pace::new(TICK, SLOWEST);
        for _ in 0..20 {
            // Whoever comes takes the newest state, which is half a tick old on the mean.
            pace.heed(pace.wait() / 2);
        }
        assert_eq!(pace.wait(), SLOWEST);
    }

    #[test]
    fn the_mean_is_taken_once() {
        let lateness = Lateness::default();
        assert_eq!(lateness.take(), None);
        lateness.tell(Duration::from_millis(10));
        lateness.tell(Duration::from_millis(30));
        assert_eq!(lateness.take(), Some(Duration::from_millis(20)));
        assert_eq!(lateness.take(), None);
    }

    #[test]
    fn small_rooms_have_every_viewer_tell() {
        let numbers = [0, 1, 64, 127, 128, 6_400].map(Pace::witnesses);
        assert_eq!(numbers, [1, 1, 1, 1, 2, 100]);
    }
}
