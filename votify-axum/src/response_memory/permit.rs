use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use votify_core::limit::LimitKey;

use super::MIN_LIMIT;
use super::usage::{Charge, RenderingId, Usage};

/// Bounds the bytes of responses that were not received yet.
#[derive(Debug)]
pub(crate) struct ResponseMemory {
    max_total: usize,
    max_per_address: usize,
    usage: Mutex<Usage>,
    rejected: AtomicU64,
}

/// The limit that one more response would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// The limit of its address.
    Address,
    /// The limit of all addresses.
    Total,
}

/// Counts bytes until it is dropped.
#[derive(Debug)]
pub(crate) struct MemoryPermit {
    memory: Arc<ResponseMemory>,
    charge: Charge,
}

/// Memory for the response to a change, in the extensions of that response.
#[derive(Debug, Clone)]
pub(crate) struct Reservation(Option<Arc<MemoryPermit>>);

impl Reservation {
    /// A reservation of nothing, for a response that is not counted.
    pub(super) const NONE: Self = Self(None);

    pub(super) fn new(permit: MemoryPermit) -> Self {
        Self(Some(Arc::new(permit)))
    }

    /// Returns the permit, which counts `size` bytes from now on. `None` if nothing is
    /// reserved, or if a layer of the host has copied the reservation.
    pub(super) fn into_permit(self, size: usize) -> Option<MemoryPermit> {
        let mut permit = Arc::into_inner(self.0?)?;
        let charge = permit.charge.resized(size);
        let mut usage = permit.memory.lock();
        usage.remove(&permit.charge);
        usage.add(&charge);
        drop(usage);
        permit.charge = charge;
        Some(permit)
    }
}

impl ResponseMemory {
    /// Creates a counter. `None` is no limit; limits below [`MIN_LIMIT`] are raised to
    /// it.
    pub(crate) fn new(max_total: Option<usize>, max_per_address: Option<usize>) -> Self {
        let limit = |max: Option<usize>| max.map_or(usize::MAX, |max| max.max(MIN_LIMIT));
        Self {
            max_total: limit(max_total),
            max_per_address: limit(max_per_address),
            usage: Mutex::default(),
            rejected: AtomicU64::new(0),
        }
    }

    /// Counts `size` bytes for an address.
    pub(super) fn acquire(
        self: &Arc<Self>,
        address: LimitKey,
        size: usize,
    ) -> Result<MemoryPermit, Exceeded> {
        self.acquire_charge(Charge::own(address, size))
    }

    /// Counts `bytes` that requests share: once in all, and once per address.
    pub(super) fn acquire_shared(
        self: &Arc<Self>,
        address: LimitKey,
        bytes: &Bytes,
    ) -> Result<MemoryPermit, Exceeded> {
        let rendering = RenderingId::of(bytes);
        self.acquire_charge(Charge::shared(address, bytes.len(), rendering))
    }

    /// Counts `size` bytes also if a limit is exceeded.
    pub(super) fn acquire_beyond_limits(
        self: &Arc<Self>,
        address: LimitKey,
        size: usize,
    ) -> MemoryPermit {
        let charge = Charge::own(address, size);
        self.lock().add(&charge);
        self.permit(charge)
    }

    /// Returns the number of counted bytes of all addresses.
    pub(crate) fn used(&self) -> usize {
        self.lock().total()
    }

    /// Returns the number of rejected requests.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    fn acquire_charge(self: &Arc<Self>, charge: Charge) -> Result<MemoryPermit, Exceeded> {
        let added = self
            .lock()
            .try_add(&charge, self.max_total, self.max_per_address);
        match added {
            Ok(()) => Ok(self.permit(charge)),
            Err(exceeded) => {
                self.rejected.fetch_add(1, Ordering::Relaxed);
                Err(exceeded)
            }
        }
    }

    fn permit(self: &Arc<Self>, charge: Charge) -> MemoryPermit {
        MemoryPermit {
            memory: Arc::clone(self),
            charge,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        self.memory.lock().remove(&self.charge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn address(number: u8) -> LimitKey {
        LimitKey::from_bytes([number; 16])
    }

    fn memory(total: usize, per_address: usize) -> Arc<ResponseMemory> {
        Arc::new(ResponseMemory::new(
            Some(total * MIB),
            Some(per_address * MIB),
        ))
    }

    #[test]
    fn both_limits_hold_until_a_permit_is_dropped() {
        let memory = memory(5, 3);
        let one = memory.acquire(address(1), 2 * MIB).unwrap();
        let beyond = memory.acquire(address(1), MIB + 1).unwrap_err();
        assert_eq!(beyond, Exceeded::Address);
        let two = memory.acquire(address(2), 3 * MIB).unwrap();
        let beyond = memory.acquire(address(3), 1).unwrap_err();
        assert_eq!(beyond, Exceeded::Total);
        assert_eq!((memory.used(), memory.rejected()), (5 * MIB, 2));
        drop(one);
        let three = memory.acquire(address(1), 2 * MIB).unwrap();
        drop((two, three));
        assert_eq!(memory.used(), 0);
        assert!(memory.lock().is_empty(), "no address is kept");
    }

    #[test]
    fn changes_are_counted_beyond_the_limits() {
        let memory = memory(2, 2);
        let permit = memory.acquire_beyond_limits(address(1), 3 * MIB);
        assert_eq!(memory.used(), 3 * MIB);
        let beyond = memory.acquire(address(2), 1).unwrap_err();
        assert_eq!(beyond, Exceeded::Total);
        drop(permit);
        assert!(memory.lock().is_empty());
    }

    #[test]
    fn a_reservation_becomes_the_permit_of_its_response() {
        let memory = memory(2, 2);
        let reserved = Reservation::new(memory.acquire(address(1), 2 * MIB).unwrap());
        let copied = reserved.clone();
        assert!(reserved.into_permit(MIB).is_none());
        assert_eq!(memory.used(), 2 * MIB);
        let permit = copied.into_permit(MIB).unwrap();
        assert_eq!(memory.used(), MIB);
        let beyond = memory.acquire(address(1), MIB + 1).unwrap_err();
        assert_eq!(beyond, Exceeded::Address);
        drop(permit);
        assert!(memory.lock().is_empty());
    }

    #[test]
    fn shared_bytes_count_once_in_all_and_once_per_address() {
        let memory = memory(4, 2);
        let bytes = Bytes::from(vec![0; 2 * MIB]);
        let mut permits = Vec::new();
        for number in [1, 1, 1, 2, 2] {
            permits.push(memory.acquire_shared(address(number), &bytes).unwrap());
        }
        assert_eq!(memory.used(), 2 * MIB);
        for number in [1, 2] {
            let beyond = memory.acquire(address(number), 1).unwrap_err();
            assert_eq!(beyond, Exceeded::Address, "{number}");
        }
        // Other bytes of the same size are not the same.
        let other = Bytes::from(vec![0; 2 * MIB]);
        let beyond = memory.acquire_shared(address(1), &other).unwrap_err();
        assert_eq!(beyond, Exceeded::Address);
        permits.push(memory.acquire_shared(address(3), &other).unwrap());
        assert_eq!(memory.used(), 4 * MIB);
        permits.truncate(1);
        assert_eq!(memory.used(), 2 * MIB);
        memory.acquire(address(2), MIB).unwrap();
        permits.clear();
        assert!(memory.lock().is_empty());
    }

    #[test]
    fn limits_hold_at_least_the_largest_response() {
        let memory = memory(0, 0);
        let permit = memory.acquire(address(1), MIN_LIMIT).unwrap();
        assert!(memory.acquire(address(1), 1).is_err());
        drop(permit);
        let unlimited = Arc::new(ResponseMemory::new(None, None));
        let permit = unlimited.acquire(address(1), usize::MAX / 2).unwrap();
        assert_eq!(unlimited.used(), usize::MAX / 2);
        drop(permit);
    }
}
