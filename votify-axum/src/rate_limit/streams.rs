use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Limits how many streams an address holds at the same time. Callers without a known
/// address count as one address.
#[derive(Debug)]
pub(crate) struct StreamLimiter {
    max_per_address: Option<u32>,
    held: Mutex<HashMap<Option<IpAddr>, u32>>,
    total: AtomicU64,
}

impl StreamLimiter {
    /// Creates a limiter; `None` is no limit.
    pub(crate) fn new(max_per_address: Option<u32>) -> Self {
        Self {
            max_per_address,
            held: Mutex::default(),
            total: AtomicU64::new(0),
        }
    }

    /// Counts one more stream of `address` until the permit is dropped. Returns `None` if
    /// the address is at its limit.
    pub(crate) fn acquire(self: &Arc<Self>, address: Option<IpAddr>) -> Option<StreamPermit> {
        if let Some(max) = self.max_per_address {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let count = held.entry(address).or_default();
            if *count >= max {
                return None;
            }
            *count += 1;
        }
        self.total.fetch_add(1, Ordering::Relaxed);
        Some(StreamPermit {
            limiter: Arc::clone(self),
            address,
        })
    }

    /// Returns the number of streams of all addresses.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

/// A stream's share of its address's limit. Dropping it releases the share.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    limiter: Arc<StreamLimiter>,
    address: Option<IpAddr>,
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.limiter.total.fetch_sub(1, Ordering::Relaxed);
        if self.limiter.max_per_address.is_none() {
            return;
        }
        let mut held = self
            .limiter
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_permit_releases_it() {
        let limiter = Arc::new(StreamLimiter::new(Some(2)));
        let one = Some("192.0.2.1".parse().unwrap());
        let (first, second) = (limiter.acquire(one), limiter.acquire(one));
        assert!(first.is_some() && second.is_some() && limiter.acquire(one).is_none());
        assert!(limiter.acquire(None).is_some());
        drop(first);
        assert!(limiter.acquire(one).is_some());
        assert_eq!(limiter.total(), 1);
    }

    #[test]
    fn a_limit_of_zero_grants_no_permit() {
        let limiter = Arc::new(StreamLimiter::new(Some(0)));
        assert!(limiter.acquire(None).is_none());
    }
}
