//! The number of open connections of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use votify_axum::IpNet;
use votify_core::Caller;
use votify_core::backend::LogThrottle;

/// Limits the open connections of each address, so that one client cannot take all of
/// them. IPv6 addresses count by their /64.
///
/// Trusted proxies and loopback addresses have no limit: each of their connections may
/// belong to another client.
#[derive(Debug, Clone)]
pub(crate) struct AddressLimit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` is no limit.
    max: Option<u32>,
    proxies: Vec<IpNet>,
    open: Mutex<OpenConnections>,
    throttle: LogThrottle,
}

#[derive(Debug, Default)]
struct OpenConnections {
    by_block: HashMap<IpAddr, u32>,
    /// The number of addresses that have the maximum.
    full_blocks: usize,
}

impl AddressLimit {
    /// Creates a limit of `max`, and at most half of `max_connections`.
    pub(crate) fn new(
        max: Option<NonZeroU32>,
        max_connections: usize,
        proxies: Vec<IpNet>,
    ) -> Self {
        let half = u32::try_from(max_connections / 2)
            .unwrap_or(u32::MAX)
            .max(1);
        Self(Arc::new(Inner {
            max: max.map(|max| max.get().min(half)),
            proxies,
            open: Mutex::default(),
            throttle: LogThrottle::default(),
        }))
    }

    /// Counts a connection of `peer`. Returns `None` if the address has the maximum
    /// number of open connections.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<AddressPermit> {
        let inner = &*self.0;
        let peer = peer.to_canonical();
        let is_proxy = peer.is_loopback() || inner.proxies.iter().any(|net| net.contains(&peer));
        let Some(max) = inner.max.filter(|_| !is_proxy) else {
            return Some(AddressPermit(None));
        };
        let block = Caller::anonymous().with_address(peer).address_block();
        let block = block.unwrap_or(peer);
        let mut open = inner.lock();
        let count = open.by_block.entry(block).or_default();
        if *count >= max {
            drop(open);
            // Without the address: the log must not show which address voted when.
            if let Some(refused) = inner.throttle.record_failure() {
                tracing::warn!(
                    max,
                    refused,
                    "an address has too many connections; refusing more"
                );
            }
            return None;
        }
        *count += 1;
        if *count == max {
            open.full_blocks += 1;
        }
        drop(open);
        Some(AddressPermit(Some((block, max, Arc::clone(&self.0)))))
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A counted connection. It counts until it is dropped.
#[derive(Debug)]
pub(super) struct AddressPermit(Option<(IpAddr, u32, Arc<Inner>)>);

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let Some((block, max, inner)) = self.0.take() else {
            return;
        };
        let mut open = inner.lock();
        let Some(count) = open.by_block.get_mut(&block) else {
            return;
        };
        let was_full = *count == max;
        *count -= 1;
        if *count == 0 {
            open.by_block.remove(&block);
        }
        if was_full {
            open.full_blocks -= 1;
        }
        let refuses = open.full_blocks > 0;
        drop(open);
        if was_full && !refuses && inner.throttle.record_success() {
            tracing::info!("no address has too many connections any more");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(max: u32, max_connections: usize) -> AddressLimit {
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        AddressLimit::new(NonZeroU32::new(max), max_connections, proxies)
    }

    #[test]
    fn an_address_has_at_most_its_number_of_connections() {
        let limit = limit(2, 100);
        let admit = |address: &str| limit.admit(address.parse().unwrap());
        for (first, second, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8:0:0:f::9", "2001:db8:0:1::1"),
        ] {
            let open = [admit(first).unwrap(), admit(second).unwrap()];
            assert!(admit(first).is_none() && admit(second).is_none());
            assert!(admit(other).is_some());
            drop(open);
            assert!(admit(first).is_some());
        }
        assert!(limit.0.lock().by_block.is_empty());
        for exempt in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "::1"] {
            let open: Vec<_> = (0..10).map(|_| admit(exempt).unwrap()).collect();
            assert_eq!(open.len(), 10);
        }
    }

    #[test]
    fn refusals_end_when_no_address_has_the_maximum() {
        let limit = limit(1, 100);
        let admit = |address: &str| limit.admit(address.parse().unwrap());
        let [first, second] = ["192.0.2.1", "192.0.2.2"];
        let (one, two) = (admit(first), admit(second));
        assert!(one.is_some() && two.is_some() && admit(first).is_none());
        drop(one);
        assert_eq!(limit.0.lock().full_blocks, 1);
        drop(two);
        assert_eq!(limit.0.lock().full_blocks, 0);
        // The end of the refusals is recorded already.
        assert!(!limit.0.throttle.record_success());
    }

    #[test]
    fn an_address_has_at_most_half_of_all_connections() {
        let address = "192.0.2.1".parse().unwrap();
        let half = limit(1_000, 8);
        let open: Vec<_> = (0..10).filter_map(|_| half.admit(address)).collect();
        assert_eq!(open.len(), 4);
        let off = AddressLimit::new(None, 8, Vec::new());
        let open: Vec<_> = (0..10).filter_map(|_| off.admit(address)).collect();
        assert_eq!(open.len(), 10);
    }
}
