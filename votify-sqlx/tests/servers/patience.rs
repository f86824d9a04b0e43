use std::thread;
use std::time::{Duration, Instant};

/// Asks again and again until there is an answer, at most for `limit`; tells whether there was one.
pub(super) fn holds_within(limit: Duration, mut asked: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if asked() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
