//! The number of bodies above 64 KiB that are read at the same time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{ErrorCode, Problem, retry_later};

/// Maximum number of larger bodies that are read at the same time: 48 MiB.
const MAX_BODIES: usize = 32;
/// Maximum number of them that one address sends.
const MAX_PER_ADDRESS: usize = 4;

/// Limits the bodies above 64 KiB that are read at the same time. Without it, clients that
/// send large bodies slowly would fill the memory. Callers without a known address count
/// as one address.
#[derive(Debug, Clone, Default)]
pub(crate) struct LargeBodies(Arc<Mutex<HashMap<Option<IpAddr>, usize>>>);

/// A large body that is being read. Counts until it is dropped.
#[derive(Debug)]
pub(crate) struct LargeBodyPermit {
    bodies: LargeBodies,
    address: Option<IpAddr>,
}

impl LargeBodies {
    /// Counts one more body of `address`.
    ///
    /// # Errors
    /// - `rate_limited`: the address has the maximum number; retry after `retry_after`.
    /// - `overloaded`: all addresses have it; retry after `retry_after`.
    pub(crate) fn acquire(&self, address: Option<IpAddr>) -> Result<LargeBodyPermit, Problem> {
        let mut open = self.lock();
        let of_address = open.get(&address).copied().unwrap_or(0);
        if of_address >= MAX_PER_ADDRESS {
            return Err(retry_later(ErrorCode::RateLimited).with_detail(format!(
                "this network address sends {MAX_PER_ADDRESS} bodies above 64 KiB at the same \
                 time: send the next one after them"
            )));
        }
        if open.values().sum::<usize>() >= MAX_BODIES {
            return Err(retry_later(ErrorCode::Overloaded).with_detail(
                "too many bodies above 64 KiB at the same time: send it again later",
            ));
        }
        open.insert(address, of_address + 1);
        drop(open);
        Ok(LargeBodyPermit {
            bodies: self.clone(),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LargeBodyPermit {
    fn drop(&mut self) {
        let mut open = self.bodies.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, number]))
    }

    #[test]
    fn an_address_has_a_share_of_all_bodies() {
        let bodies = LargeBodies::default();
        let acquire = |number| bodies.acquire(address(number));
        let mut held = Vec::new();
        for number in 0..8 {
            held.extend((0..4).map(|_| acquire(number).unwrap()));
            let refused = acquire(number).unwrap_err();
            assert_eq!(refused.error_code(), ErrorCode::RateLimited);
        }
        for address in [address(8), None] {
            let refused = bodies.acquire(address).unwrap_err();
            assert_eq!(refused.error_code(), ErrorCode::Overloaded);
        }
        held.pop();
        held.push(bodies.acquire(None).unwrap());
        assert!(acquire(8).is_err());
        held.clear();
        assert!(bodies.lock().is_empty());
    }
}
