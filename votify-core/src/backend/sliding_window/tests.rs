use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_000_000 + seconds)
}

#[test]
fn the_limit_holds_in_every_period() {
    let rate = Rate::per_minute(10);
    let mut window = SlidingWindow::default();
    let granted =
        |window: &mut SlidingWindow, seconds| window.acquire(&rate, 1, at(seconds)).granted;
    assert_eq!((0..50).filter(|_| granted(&mut window, 0)).count(), 10);
    assert!(!granted(&mut window, 59));
    assert_eq!((0..50).filter(|_| granted(&mut window, 72)).count(), 10);
}

#[test]
fn a_permit_reports_remaining_attempts_and_retry_time() {
    let rate = Rate::per_minute(2);
    let mut window = SlidingWindow::default();
    let first = window.acquire(&rate, 1, at(0));
    assert_eq!(
        (first.granted, first.remaining, first.retry_after),
        (true, 1, Duration::ZERO)
    );
    window.acquire(&rate, 1, at(30));
    let refused = window.acquire(&rate, 1, at(40));
    assert!(!refused.granted);
    let retry_at = at(40) + refused.retry_after;
    let too_early = retry_at - Duration::from_micros(1);
    assert!(!window.acquire(&rate, 1, too_early).granted);
    assert!(window.acquire(&rate, 1, retry_at).granted);
}

#[test]
fn the_retry_time_of_a_large_cost_covers_several_slices() {
    let rate = Rate::per_minute(10);
    let mut window = SlidingWindow::default();
    for seconds in [0, 12, 24] {
        assert!(window.acquire(&rate, 3, at(seconds)).granted);
    }
    let refused = window.acquire(&rate, 7, at(24));
    assert_eq!((refused.granted, refused.remaining), (false, 1));
    let retry_at = at(24) + refused.retry_after;
    let too_early = retry_at - Duration::from_micros(1);
    assert!(!window.acquire(&rate, 7, too_early).granted);
    assert!(window.acquire(&rate, 7, retry_at).granted);
}

#[test]
fn a_cost_above_the_limit_is_always_refused_and_free() {
    let rate = Rate::per_minute(10);
    let mut window = SlidingWindow::default();
    for cost in [11, u32::MAX] {
        let refused = window.acquire(&rate, cost, at(0));
        assert_eq!((refused.granted, refused.remaining), (false, 10));
        assert_eq!(refused.reset_after, Duration::ZERO);
        assert_eq!(refused.retry_after, rate.period());
    }
    let whole = window.acquire(&rate, 10, at(0));
    assert_eq!((whole.granted, whole.remaining), (true, 0));
}

#[test]
fn the_largest_limit_does_not_overflow() {
    let rate = Rate::per_minute(u32::MAX);
    let mut window = SlidingWindow::default();
    assert_eq!(window.acquire(&rate, u32::MAX - 1, at(0)).remaining, 1);
    assert!(!window.acquire(&rate, 2, at(12)).granted);
    assert!(window.acquire(&rate, 1, at(12)).granted);
    assert!(!window.acquire(&rate, u32::MAX, at(24)).granted);
    let full = SlidingWindow {
        newest: 0,
        granted: [u32::MAX; SLICE_COUNT],
    };
    for now in [at(0), Duration::ZERO, Duration::MAX] {
        let mut window = full;
        let decision = window.acquire(&rate, 1, now);
        assert!(decision.granted || decision.remaining == 0, "at {now:?}");
    }
}

#[test]
fn a_window_is_idle_after_its_period() {
    let rate = Rate::per_minute(2);
    let mut window = SlidingWindow::default();
    window.acquire(&rate, 1, at(0));
    assert!(!window.is_idle(rate.period(), at(60)));
    assert!(window.is_idle(rate.period(), at(73)));
}

#[test]
fn a_clock_that_goes_back_locks_nobody_out() {
    let rate = Rate::per_minute(10);
    for back in [Duration::from_secs(13), HOUR, 200 * HOUR] {
        let mut window = SlidingWindow::default();
        for _ in 0..10 {
            assert!(window.acquire(&rate, 1, at(0)).granted);
        }
        let now = at(0) - back;
        let refused = window.acquire(&rate, 1, now);
        assert!(!refused.granted, "the limit holds");
        assert!(refused.retry_after <= Duration::from_secs(72));
        assert!(!window.acquire(&rate, 1, now + rate.period()).granted);
        assert!(window.acquire(&rate, 10, now + refused.retry_after).granted);
    }
}

proptest! {
    /// Steps are the real time since the last attempt, and an adjustment of the clock.
    #[test]
    fn no_period_exceeds_the_limit(
        limit in 1_u32..20,
        steps in prop::collection::vec(
            (0_u64..20_000_000, prop_oneof![9 => Just(0_u64), 1 => 0..100_000_000_u64], 0..8_u32),
            1..400,
        ),
    ) {
        let rate = Rate::per_minute(limit);
        let mut window = SlidingWindow::default();
        let (mut time, mut clock) = (Duration::ZERO, 1_000 * HOUR);
        let mut granted: Vec<(Duration, u32)> = Vec::new();
        for (step, back, cost) in steps {
            time += Duration::from_micros(step);
            clock = clock + Duration::from_micros(step) - Duration::from_micros(back);
            let decision = window.acquire(&rate, cost, clock);
            if decision.granted {
                granted.push((time, cost));
            }
            prop_assert!(decision.retry_after <= Duration::from_secs(72));
            let recent = granted.iter().filter(|(at, _)| time - *at < rate.period());
            prop_assert!(recent.map(|(_, cost)| cost).sum::<u32>() <= limit);
        }
    }
}

proptest! {
    #[test]
    fn bytes_round_trip(bytes: [u8; BYTES], newest: u32, granted: [u32; SLICE_COUNT]) {
        prop_assert_eq!(SlidingWindow::from_bytes(bytes).to_bytes(), bytes);
        let window = SlidingWindow { newest, granted };
        prop_assert_eq!(SlidingWindow::from_bytes(window.to_bytes()), window);
    }
}
