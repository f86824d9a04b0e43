use std::sync::atomic::{AtomicU32, Ordering};

/// The number of checks for which a write waits until its connection counts as stalled.
/// The first check may come right after the write began to wait, so 11 checks are at least
/// 10 intervals.
pub(super) const MAX_CHECKS: u32 = 11;

/// Counts the checks since a client last accepted bytes, while there are bytes to send.
#[derive(Debug, Default)]
pub(super) struct StallCounter {
    /// 0 while no write waits. Otherwise 1 plus the number of checks since one does.
    checks_plus_one: AtomicU32,
}

impl StallCounter {
    /// Records whether the client's socket accepted bytes, or a write has to wait.
    pub(super) fn record_write(&self, accepted: bool) {
        let checks = self.checks_plus_one.load(Ordering::Relaxed);
        // A write that waits is tried again. Only an accepted one resets the checks so
        // far.
        match (accepted, checks) {
            (true, 1..) => self.checks_plus_one.store(0, Ordering::Relaxed),
            (false, 0) => self.checks_plus_one.store(1, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Counts one check. Returns true if a write has waited for [`MAX_CHECKS`] checks.
    pub(super) fn check(&self) -> bool {
        let checks = &self.checks_plus_one;
        let count = |checks: u32| (checks > 0).then(|| checks.saturating_add(1));
        let counted = checks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count);
        counted.is_ok() && checks.load(Ordering::Relaxed) > MAX_CHECKS
    }

    /// Returns true if the last write has to wait.
    pub(super) fn is_waiting(&self) -> bool {
        self.checks_plus_one.load(Ordering::Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_write_that_waits_for_all_checks_is_stalled() {
        let stall = StallCounter::default();
        let check = |times: u32| (0..times).any(|_| stall.check());
        // Nothing was to be sent.
        assert!(!check(2 * MAX_CHECKS));
        stall.record_write(true);
        assert!(!check(2 * MAX_CHECKS));
        for _ in 0..3 {
            stall.record_write(false);
            stall.record_write(false);
            assert!(!check(MAX_CHECKS - 1));
            stall.record_write(true);
        }
        stall.record_write(false);
        assert!(!check(MAX_CHECKS - 1));
        stall.record_write(false);
        assert!(check(1) && stall.is_waiting());
        stall.record_write(true);
        assert!(!stall.is_waiting());
    }
}
