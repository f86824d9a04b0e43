use std::time::Duration;

use crate::limit::{Rate, RateDecision};

/// The number of slices per period.
const SLICES_PER_PERIOD: u64 = 5;
/// The number of slices stored: one period touches up to six.
const SLICE_COUNT: usize = 6;
/// The length of the stored form.
const BYTES: usize = 4 * (1 + SLICE_COUNT);

/// The cost of the recent granted attempts of one key, in slices of a fifth of the rate's
/// period.
///
/// An attempt is granted if its cost and those in the current slice and the five before
/// it are together at most the limit. So the limit holds in every interval of one period,
/// with 28 bytes per key. The price: a cost becomes available again up to a fifth of a
/// period late.
///
/// `now` is the time since any start, the same for all calls. It should be monotonic. If
/// it goes back, everything taken counts as taken now: the limit holds, and is available
/// again at most 1.2 periods later.
///
/// ```
/// use std::time::Duration;
/// use votify_core::Rate;
/// use votify_core::backend::SlidingWindow;
///
/// let rate = Rate::per_minute(3);
/// let mut window = SlidingWindow::default();
/// let now = Duration::from_secs(100);
/// assert!(window.acquire(&rate, 2, now).granted);
///
/// let refused = window.acquire(&rate, 2, now);
/// assert!(!refused.granted);
/// assert_eq!(refused.remaining, 1);
/// assert!(window.acquire(&rate, 2, now + refused.retry_after).granted);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlidingWindow {
    /// The number of the newest slice, modulo 2^32.
    newest: u32,
    /// The cost of the granted attempts per slice, the newest slice first.
    granted: [u32; SLICE_COUNT],
}

impl SlidingWindow {
    /// Grants an attempt at `now` if the rate's limit has `cost` left, and takes it.
    pub fn acquire(&mut self, rate: &Rate, cost: u32, now: Duration) -> RateDecision {
        let slice = micros(Self::slice_length(rate));
        let now = micros(now);
        self.advance(truncate(now / slice));
        let limit = u64::from(rate.limit());
        let available = limit.saturating_sub(self.used());
        let granted = u64::from(cost) <= available;
        if granted {
            // Does not saturate: the sum is at most the limit.
            self.granted[0] = self.granted[0].saturating_add(cost);
        }
        let remaining = available - if granted { u64::from(cost) } else { 0 };
        let into_slice = now % slice;
        RateDecision {
            granted,
            remaining: saturate(remaining),
            reset_after: self.reset_after(slice, into_slice),
            retry_after: if cost > rate.limit() {
                rate.period()
            } else {
                self.retry_after(cost, limit, slice, into_slice)
            },
        }
    }

    /// Returns the length of a slice: a fifth of the rate's period, in whole
    /// microseconds.
    ///
    /// For limiters that count outside of this process: the current slice has the number
    /// `now / slice_length`, modulo 2^32.
    #[must_use]
    pub fn slice_length(rate: &Rate) -> Duration {
        // `Rate` bounds the period to 1 s to 24 h, so the result is not zero.
        Duration::from_micros(micros(rate.period()) / SLICES_PER_PERIOD)
    }

    /// Returns the stored form, all little-endian.
    ///
    /// The number of the newest slice takes 4 bytes. The cost of the granted attempts in
    /// six slices follows, the newest slice first, 4 bytes each.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let numbers = std::iter::once(self.newest).chain(self.granted);
        for (bytes, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// Reads the form that [`to_bytes`](Self::to_bytes) writes. Any 28 bytes are valid.
    #[must_use]
    pub fn from_bytes(bytes: [u8; BYTES]) -> Self {
        let mut numbers = bytes.chunks_exact(4).map(|bytes| {
            let mut number = [0; 4];
            number.copy_from_slice(bytes);
            u32::from_le_bytes(number)
        });
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            newest: next(),
            granted: std::array::from_fn(|_| next()),
        }
    }

    /// Returns true if no granted attempt counts any more at `now`.
    #[must_use]
    pub fn is_idle(&self, period: Duration, now: Duration) -> bool {
        let slice = micros(period).max(SLICES_PER_PERIOD) / SLICES_PER_PERIOD;
        let age = truncate(micros(now) / slice).wrapping_sub(self.newest);
        age < u32::MAX / 2 && age as usize >= SLICE_COUNT
    }

    /// Makes `slice` the newest one.
    fn advance(&mut self, slice: u32) {
        let step = slice.wrapping_sub(self.newest);
        if step == 0 {
            return;
        }
        if step > u32::MAX / 2 {
            // The clock went back, so the age of what was taken is unknown.
            let used = self.used();
            self.granted = [0; SLICE_COUNT];
            self.granted[0] = saturate(used);
        } else {
            let step = usize::try_from(step)
                .unwrap_or(SLICE_COUNT)
                .min(SLICE_COUNT);
            self.granted.rotate_right(step % SLICE_COUNT);
            self.granted[..step].fill(0);
        }
        self.newest = slice;
    }

    /// Returns the cost of all attempts in the window.
    fn used(&self) -> u64 {
        self.granted.iter().map(|cost| u64::from(*cost)).sum()
    }

    /// Returns the time until the newest slice with attempts leaves the window.
    fn reset_after(&self, slice: u64, into_slice: u64) -> Duration {
        let age = self.granted.iter().position(|cost| *cost > 0);
        age.map_or(Duration::ZERO, |age| {
            time_until_expiry(age, slice, into_slice)
        })
    }

    /// Returns the time until enough slices have left the window for an attempt of
    /// `cost`, which is at most the limit.
    fn retry_after(&self, cost: u32, limit: u64, slice: u64, into_slice: u64) -> Duration {
        let mut used = self.used();
        let mut wait = Duration::ZERO;
        for (age, expiring) in self.granted.iter().enumerate().rev() {
            if used + u64::from(cost) <= limit {
                break;
            }
            used -= u64::from(*expiring);
            wait = time_until_expiry(age, slice, into_slice);
        }
        wait
    }
}

/// Returns the time until the slice of this age leaves the window.
fn time_until_expiry(age: usize, slice: u64, into_slice: u64) -> Duration {
    let slices_left = (SLICE_COUNT - age) as u64;
    Duration::from_micros((slices_left * slice).saturating_sub(into_slice))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn saturate(cost: u64) -> u32 {
    u32::try_from(cost).unwrap_or(u32::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "slices are compared modulo 2^32"
)]
const fn truncate(slice: u64) -> u32 {
    slice as u32
}

#[cfg(test)]
mod tests;
