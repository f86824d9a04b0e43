use std::time::Duration;

use crate::limit::{Rate, RateDecision};
use crate::time::Timestamp;

/// The number of slices per period.
const SLICES_PER_PERIOD: u64 = 5;
/// The number of slices stored: one period touches up to six.
const SLICE_COUNT: usize = 6;

/// The recent granted attempts of one key, counted in slices of a fifth of the rate's
/// period.
///
/// An attempt is granted while the current slice and the five before it contain fewer
/// attempts than the limit. So the limit holds in every interval of one period, with 16
/// bytes per key. The cost: an attempt becomes available again up to a fifth of a period
/// late.
///
/// ```
/// use votify_core::backend::SlidingWindow;
/// use votify_core::{Rate, Timestamp};
///
/// let rate = Rate::per_minute(1);
/// let mut window = SlidingWindow::default();
/// assert!(window.acquire(&rate, Timestamp::EPOCH).granted);
///
/// let refused = window.acquire(&rate, Timestamp::EPOCH);
/// assert!(!refused.granted);
/// let later = Timestamp::EPOCH.saturating_add(refused.retry_after);
/// assert!(window.acquire(&rate, later).granted);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlidingWindow {
    /// The number of the newest slice since 1970, modulo 2^32.
    newest: u32,
    /// The granted attempts per slice, the newest slice first.
    granted: [u16; SLICE_COUNT],
}

impl SlidingWindow {
    /// Grants one attempt at `now` if the rate allows one more.
    ///
    /// If the clock went backwards, the newest slice stays current.
    pub fn acquire(&mut self, rate: &Rate, now: Timestamp) -> RateDecision {
        self.advance(Self::slice_at(rate, now));
        let slice = slice_micros(rate);
        let now = now.as_micros().unsigned_abs();
        let used: u32 = self.granted.iter().map(|n| u32::from(*n)).sum();
        let limit = u32::from(rate.limit());
        let granted = used < limit;
        if granted {
            self.granted[0] += 1;
        }
        let into_slice = now % slice;
        let remaining = limit.saturating_sub(used + u32::from(granted));
        RateDecision {
            granted,
            remaining,
            reset_after: self.time_until_expiry(slice, into_slice, false),
            retry_after: if remaining > 0 {
                Duration::ZERO
            } else {
                self.time_until_expiry(slice, into_slice, true)
            },
        }
    }

    /// Returns the number of the slice at `now` since 1970, modulo 2^32.
    ///
    /// For limiters that count outside of this process, so that all processes agree on
    /// the slices.
    #[must_use]
    pub fn slice_at(rate: &Rate, now: Timestamp) -> u32 {
        truncate(now.as_micros().unsigned_abs() / slice_micros(rate))
    }

    /// Returns the stored form, all little-endian.
    ///
    /// The number of the newest slice takes 4 bytes. Six counts of granted attempts
    /// follow, the newest slice first, 2 bytes each.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (newest, granted) = bytes.split_at_mut(4);
        newest.copy_from_slice(&self.newest.to_le_bytes());
        for (bytes, granted) in granted.chunks_exact_mut(2).zip(self.granted) {
            bytes.copy_from_slice(&granted.to_le_bytes());
        }
        bytes
    }

    /// Reads the form that [`to_bytes`](Self::to_bytes) writes. Any 16 bytes are valid.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, granted @ ..] = bytes;
        let mut window = Self {
            newest: u32::from_le_bytes([a, b, c, d]),
            granted: [0; SLICE_COUNT],
        };
        for (count, bytes) in window.granted.iter_mut().zip(granted.chunks_exact(2)) {
            *count = bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u16::from(*byte));
        }
        window
    }

    /// Returns true if no granted attempt counts any more at `now`.
    #[must_use]
    pub fn is_idle(&self, period: Duration, now: Timestamp) -> bool {
        let slice = u64::try_from(period.as_micros())
            .unwrap_or(u64::MAX)
            .max(SLICES_PER_PERIOD)
            / SLICES_PER_PERIOD;
        let current = truncate(now.as_micros().unsigned_abs() / slice);
        let age = current.wrapping_sub(self.newest);
        age < u32::MAX / 2 && age as usize >= SLICE_COUNT
    }

    fn advance(&mut self, slice: u32) {
        let step = slice.wrapping_sub(self.newest);
        if step == 0 || step > u32::MAX / 2 {
            return;
        }
        let step = usize::try_from(step)
            .unwrap_or(SLICE_COUNT)
            .min(SLICE_COUNT);
        self.granted.rotate_right(step % SLICE_COUNT);
        self.granted[..step].fill(0);
        self.newest = slice;
    }

    /// Returns the time until the oldest or the newest slice with attempts leaves the
    /// window.
    fn time_until_expiry(&self, slice: u64, into_slice: u64, oldest: bool) -> Duration {
        let mut ages = (0..SLICE_COUNT).filter(|age| self.granted[*age] > 0);
        let Some(age) = (if oldest {
            ages.next_back()
        } else {
            ages.next()
        }) else {
            return Duration::ZERO;
        };
        let slices_left = (SLICE_COUNT - age) as u64;
        Duration::from_micros((slices_left * slice).saturating_sub(into_slice))
    }
}

fn slice_micros(rate: &Rate) -> u64 {
    // `Rate` bounds the period to 1 s to 24 h, so the result is neither zero nor
    // truncated.
    u64::try_from(rate.period().as_micros()).unwrap_or(u64::MAX) / SLICES_PER_PERIOD
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
