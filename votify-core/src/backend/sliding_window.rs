use std::time::Duration;

use crate::limit::{Permit, Quota};
use crate::time::Timestamp;

/// How many slices a period is cut into.
const SLICES: u64 = 5;
/// Slices that a stretch of one period can touch.
const KEPT: usize = 6;

/// The attempts that one key was granted lately, in slices of a fifth of the quota's period.
///
/// An attempt is granted while the slices that a period can touch (the current one and the five before) hold fewer than
/// the limit. So the limit holds strictly in every stretch of one period, in 16 bytes a key; the price is that an attempt
/// comes back up to a fifth of a period late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlidingWindow {
    /// The number of the newest slice, counted from 1970 and cut to 32 bits.
    newest: u32,
    /// Granted attempts, the newest slice first.
    granted: [u16; KEPT],
}

impl SlidingWindow {
    /// Takes one attempt at `now` if the quota has one left.
    ///
    /// A clock that goes back finds the newest slice still current.
    pub fn acquire(&mut self, quota: &Quota, now: Timestamp) -> Permit {
        self.advance(Self::slice_at(quota, now));
        let slice = slice_micros(quota);
        let now = now.as_micros().unsigned_abs();
        let used: u32 = self.granted.iter().map(|n| u32::from(*n)).sum();
        let limit = u32::from(quota.limit());
        let granted = used < limit;
        if granted {
            self.granted[0] += 1;
        }
        let into_slice = now % slice;
        let remaining = limit.saturating_sub(used + u32::from(granted));
        Permit {
            granted,
            remaining,
            reset_after: self.until_gone(|count| count > 0, slice, into_slice, false),
            retry_after: if remaining > 0 {
                Duration::ZERO
            } else {
                self.until_gone(|count| count > 0, slice, into_slice, true)
            },
        }
    }

    /// The number of the slice that is current at `now`, counted from 1970 and cut to 32 bits: where attempts are counted
    /// elsewhere than in this process, so that all agree on it.
    #[must_use]
    pub fn slice_at(quota: &Quota, now: Timestamp) -> u32 {
        cut(now.as_micros().unsigned_abs() / slice_micros(quota))
    }

    /// As it is kept elsewhere: the number of the newest slice in four bytes, and in two bytes each the attempts granted in
    /// it and in the five before, the newest first; all little-endian.
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

    /// What [`to_bytes`](Self::to_bytes) wrote. Any bytes are a window.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, granted @ ..] = bytes;
        let mut window = Self {
            newest: u32::from_le_bytes([a, b, c, d]),
            granted: [0; KEPT],
        };
        for (kept, bytes) in window.granted.iter_mut().zip(granted.chunks_exact(2)) {
            *kept = bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u16::from(*byte));
        }
        window
    }

    /// Whether nothing that was granted matters any more at `now`.
    #[must_use]
    pub fn is_idle(&self, quota_period: Duration, now: Timestamp) -> bool {
        let slice = u64::try_from(quota_period.as_micros())
            .unwrap_or(u64::MAX)
            .max(SLICES)
            / SLICES;
        let current = cut(now.as_micros().unsigned_abs() / slice);
        let age = current.wrapping_sub(self.newest);
        age < u32::MAX / 2 && age as usize >= KEPT
    }

    fn advance(&mut self, slice: u32) {
        let step = slice.wrapping_sub(self.newest);
        if step == 0 || step > u32::MAX / 2 {
            return;
        }
        let step = usize::try_from(step).unwrap_or(KEPT).min(KEPT);
        self.granted.rotate_right(step % KEPT);
        self.granted[..step].fill(0);
        self.newest = slice;
    }

    /// How long until the oldest (or else the newest) slice that matters has left the window.
    fn until_gone(
        &self,
        matters: impl Fn(u16) -> bool,
        slice: u64,
        into_slice: u64,
        oldest: bool,
    ) -> Duration {
        let mut ages = (0..KEPT).filter(|age| matters(self.granted[*age]));
        let Some(age) = (if oldest {
            ages.next_back()
        } else {
            ages.next()
        }) else {
            return Duration::ZERO;
        };
        let slices_left = (KEPT - age) as u64;
        Duration::from_micros((slices_left * slice).saturating_sub(into_slice))
    }
}

fn slice_micros(quota: &Quota) -> u64 {
    // A period is at least a second and at most a day.
    u64::try_from(quota.period().as_micros()).unwrap_or(u64::MAX) / SLICES
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "slices are compared modulo 2^32"
)]
const fn cut(slice: u64) -> u32 {
    slice as u32
}

#[cfg(test)]
mod tests;
