use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.saturating_add(Duration::from_secs(1_000_000 + seconds))
}

#[test]
fn the_limit_holds_in_every_period() {
    let rate = Rate::per_minute(10);
    let mut window = SlidingWindow::default();
    let granted = |window: &mut SlidingWindow, seconds| window.acquire(&rate, at(seconds)).granted;
    assert_eq!((0..50).filter(|_| granted(&mut window, 0)).count(), 10);
    assert!(!granted(&mut window, 59));
    assert_eq!((0..50).filter(|_| granted(&mut window, 72)).count(), 10);
}

#[test]
fn a_permit_reports_remaining_attempts_and_retry_time() {
    let rate = Rate::per_minute(2);
    let mut window = SlidingWindow::default();
    let first = window.acquire(&rate, at(0));
    assert_eq!(
        (first.granted, first.remaining, first.retry_after),
        (true, 1, Duration::ZERO)
    );
    window.acquire(&rate, at(30));
    let refused = window.acquire(&rate, at(40));
    assert!(!refused.granted);
    assert!(
        !window
            .acquire(
                &rate,
                at(40).saturating_add(refused.retry_after - Duration::from_micros(1))
            )
            .granted
    );
    assert!(
        window
            .acquire(&rate, at(40).saturating_add(refused.retry_after))
            .granted
    );
}

#[test]
fn a_window_is_idle_after_its_period() {
    let rate = Rate::per_minute(2);
    let mut window = SlidingWindow::default();
    window.acquire(&rate, at(0));
    assert!(!window.is_idle(rate.period(), at(60)));
    assert!(window.is_idle(rate.period(), at(73)));
}

proptest! {
    #[test]
    fn no_period_exceeds_the_limit(
        limit in 1_u16..20,
        steps in prop::collection::vec(0_u64..20_000_000, 1..400),
    ) {
        let rate = Rate::per_minute(limit);
        let mut window = SlidingWindow::default();
        let mut now = at(0);
        let mut granted: Vec<Timestamp> = Vec::new();
        for step in steps {
            now = now.saturating_add(Duration::from_micros(step));
            let decision = window.acquire(&rate, now);
            if decision.granted {
                granted.push(now);
            } else {
                prop_assert!(decision.retry_after <= Duration::from_secs(72));
            }
            let recent = granted.iter().filter(|time| now.saturating_since(**time) < rate.period()).count();
            prop_assert!(recent <= usize::from(limit));
        }
    }
}

proptest! {
    #[test]
    fn bytes_round_trip(bytes: [u8; 16], newest: u32, granted: [u16; SLICE_COUNT]) {
        prop_assert_eq!(SlidingWindow::from_bytes(bytes).to_bytes(), bytes);
        let window = SlidingWindow { newest, granted };
        prop_assert_eq!(SlidingWindow::from_bytes(window.to_bytes()), window);
    }
}
