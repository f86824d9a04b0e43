use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what each address holds right now; callers of unknown address count as one.
#[derive(Debug)]
pub(crate) struct Slots {
    per_address: Option<u32>,
    held: Mutex<HashMap<Option<IpAddr>, u32>>,
    total: AtomicU64,
}

impl Slots {
    /// At most `per_address` for each; any number if `None`.
    pub(crate) fn new(per_address: Option<u32>) -> Self {
        Self {
            per_address,
            held: Mutex::default(),
            total: AtomicU64::new(0),
        }
    }

    /// One more for `address`, until the slot is dropped; `None` if it holds its share already.
    pub(crate) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Slot> {
        if let Some(most) = self.per_address {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let count = held.entry(address).or_default();
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        self.total.fetch_add(1, Ordering::Relaxed);
        Some(Slot {
            slots: Arc::clone(self),
            address,
        })
    }

    /// How many are held by all together.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

/// Held by one stream for as long as it lives.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    address: Option<IpAddr>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.total.fetch_sub(1, Ordering::Relaxed);
        if self.slots.per_address.is_none() {
            return;
        }
        let mut held = self
            .slots
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
    fn a_slot_is_free_again_when_it_is_dropped() {
        let slots = Arc::new(Slots::new(Some(2)));
        let one = Some("192.0.2.1".parse().unwrap());
        let (first, second) = (slots.take(one), slots.take(one));
        assert!(first.is_some() && second.is_some() && slots.take(one).is_none());
        assert!(slots.take(None).is_some());
        drop(first);
        assert!(slots.take(one).is_some());
        assert_eq!(slots.total(), 1);
    }

    #[test]
    fn a_share_of_zero_remembers_no_address() {
        let slots = Arc::new(Slots::new(Some(0)));
        assert!(slots.take(None).is_none());
    }
}
