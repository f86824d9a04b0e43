use std::collections::HashMap;

use bytes::Bytes;
use votify_core::limit::LimitKey;

use super::permit::Exceeded;

/// The counted bytes, in all and per address. An address without bytes has no entry.
#[derive(Debug, Default)]
pub(super) struct Usage {
    total: usize,
    by_address: HashMap<LimitKey, usize>,
    /// The number of responses with shared bytes, per rendering and address.
    shared: HashMap<RenderingId, HashMap<LimitKey, usize>>,
}

/// Identifies shared bytes by their place in memory. Unique while they exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RenderingId(usize);

impl RenderingId {
    pub(super) fn of(bytes: &Bytes) -> Self {
        Self(bytes.as_ptr().addr())
    }
}

/// Bytes of one response.
#[derive(Debug)]
pub(super) struct Charge {
    address: LimitKey,
    size: usize,
    /// `None` for bytes that no other request shares.
    rendering: Option<RenderingId>,
}

impl Charge {
    pub(super) const fn own(address: LimitKey, size: usize) -> Self {
        Self {
            address,
            size,
            rendering: None,
        }
    }

    /// Returns a charge of the same address for `size` bytes that no other request shares.
    pub(super) const fn resized(&self, size: usize) -> Self {
        Self::own(self.address, size)
    }

    pub(super) const fn shared(address: LimitKey, size: usize, rendering: RenderingId) -> Self {
        Self {
            address,
            size,
            rendering: Some(rendering),
        }
    }
}

impl Usage {
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0 && self.by_address.is_empty() && self.shared.is_empty()
    }

    /// Adds a charge unless it exceeds a limit.
    pub(super) fn try_add(
        &mut self,
        charge: &Charge,
        max_total: usize,
        max_per_address: usize,
    ) -> Result<(), Exceeded> {
        let (in_all, of_address) = self.new_bytes(charge);
        let used = self.by_address.get(&charge.address).copied();
        let used = used.unwrap_or(0);
        if of_address > 0 && used.saturating_add(of_address) > max_per_address {
            return Err(Exceeded::Address);
        }
        if in_all > 0 && self.total.saturating_add(in_all) > max_total {
            return Err(Exceeded::Total);
        }
        self.add(charge);
        Ok(())
    }

    pub(super) fn add(&mut self, charge: &Charge) {
        let (in_all, of_address) = self.new_bytes(charge);
        self.total += in_all;
        if of_address > 0 {
            *self.by_address.entry(charge.address).or_default() += of_address;
        }
        if let Some(rendering) = charge.rendering {
            let addresses = self.shared.entry(rendering).or_default();
            *addresses.entry(charge.address).or_default() += 1;
        }
    }

    /// Removes a charge that was added.
    pub(super) fn remove(&mut self, charge: &Charge) {
        if let Some(rendering) = charge.rendering
            && let Some(addresses) = self.shared.get_mut(&rendering)
        {
            if let Some(responses) = addresses.get_mut(&charge.address) {
                *responses -= 1;
                if *responses == 0 {
                    addresses.remove(&charge.address);
                }
            }
            if addresses.is_empty() {
                self.shared.remove(&rendering);
            }
        }
        // The same bytes that a new charge would add were added by the last one to go.
        let (in_all, of_address) = self.new_bytes(charge);
        self.total -= in_all;
        if of_address > 0
            && let Some(used) = self.by_address.get_mut(&charge.address)
        {
            *used -= of_address;
            if *used == 0 {
                self.by_address.remove(&charge.address);
            }
        }
    }

    /// Returns the bytes that a charge adds in all and to its address: none for bytes
    /// that are counted already.
    fn new_bytes(&self, charge: &Charge) -> (usize, usize) {
        let addresses = charge.rendering.and_then(|id| self.shared.get(&id));
        let Some(addresses) = addresses else {
            return (charge.size, charge.size);
        };
        let is_counted = addresses.contains_key(&charge.address);
        (0, if is_counted { 0 } else { charge.size })
    }
}
