use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::id::PollId;
use crate::poll::InvalidPoll;
use crate::secret::{KeyId, Keyring, Purpose};
use crate::voter::{AddressId, Caller, IdentifyError};

/// The maximum number of active ballots from one address in one poll, in addition to the
/// [`VoterPolicy`](crate::VoterPolicy).
///
/// A quota limits voters who open a new browser for each vote. It also limits honest
/// voters who share an address. A ballot uses one quota slot of the address it was
/// first counted from. A later revote keeps that quota slot, even from another address. A
/// withdrawal releases it.
///
/// ```
/// use votify_core::poll::AddressQuota;
///
/// let per_address = AddressQuota::new(3);
/// let per_block_of_256 = AddressQuota { ipv4_prefix: 24, ..per_address };
/// assert_eq!(per_block_of_256.ballots, 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressQuota {
    /// The maximum number of ballots, 1 to [`MAX_BALLOTS`](Self::MAX_BALLOTS).
    pub ballots: u32,
    /// The number of leading bits of an IPv4 address that count: 32, or 24 for blocks of
    /// 256 addresses. IPv6 addresses always count by their first 64 bits.
    pub ipv4_prefix: u8,
}

impl AddressQuota {
    /// The highest quota.
    pub const MAX_BALLOTS: u32 = 10_000;

    /// Allows `ballots` active ballots per IPv4 address and per IPv6 /64 block.
    #[must_use]
    pub const fn new(ballots: u32) -> Self {
        Self {
            ballots,
            ipv4_prefix: 32,
        }
    }

    /// Derives the id of the caller's address in one poll, with the poll's own secret.
    ///
    /// # Errors
    /// - [`IdentifyError::NoAddress`]: the caller's address is unknown.
    /// - [`IdentifyError::UnknownKey`]: `keyring` lacks the poll's secret; add it again.
    pub fn identify(
        self,
        caller: &Caller,
        poll: PollId,
        key: KeyId,
        keyring: &Keyring,
    ) -> Result<AddressId, IdentifyError> {
        let derive = |octets: &[u8]| {
            keyring
                .mac(key, Purpose::Address, &[poll.as_bytes(), octets])
                .map(|mac| AddressId::derive(self.ipv4_prefix, &mac))
                .ok_or(IdentifyError::UnknownKey(key))
        };
        match caller.address_block().ok_or(IdentifyError::NoAddress)? {
            IpAddr::V4(v4) if self.ipv4_prefix == 24 => {
                let [a, b, c, _] = v4.octets();
                derive(&[a, b, c])
            }
            IpAddr::V4(v4) => derive(&v4.octets()),
            IpAddr::V6(v6) => derive(&v6.octets()),
        }
    }

    /// Adds the quota's errors.
    pub(super) fn check(self, errors: &mut InvalidPoll) {
        let max = Self::MAX_BALLOTS;
        if !(1..=max).contains(&self.ballots) {
            let problem = format!("must be 1 to {max}, not {}", self.ballots);
            errors.add("address_quota.ballots", problem);
        }
        if !matches!(self.ipv4_prefix, 24 | 32) {
            errors.add("address_quota.ipv4_prefix", "must be 24 or 32");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_prefix_share_an_id() {
        let ring = Keyring::ephemeral();
        let poll = PollId::from_bytes([1; 16]);
        let id = |ipv4_prefix, poll, address: &str| {
            let quota = AddressQuota {
                ballots: 1,
                ipv4_prefix,
            };
            let caller = Caller::anonymous().with_address(address.parse().unwrap());
            quota
                .identify(&caller, poll, ring.current(), &ring)
                .unwrap()
        };
        let of = |ipv4_prefix, address| id(ipv4_prefix, poll, address);
        assert_eq!(of(24, "192.0.2.7"), of(24, "192.0.2.200"));
        assert_ne!(of(24, "192.0.2.7"), of(24, "192.0.3.7"));
        assert_ne!(of(32, "192.0.2.7"), of(32, "192.0.2.8"));
        assert_ne!(of(24, "192.0.2.7"), of(32, "192.0.2.7"));
        assert_eq!(of(32, "192.0.2.7"), of(32, "::ffff:192.0.2.7"));
        for prefix in [24, 32] {
            assert_eq!(
                of(prefix, "2001:db8:1:2::3"),
                of(prefix, "2001:db8:1:2:f::")
            );
            assert_ne!(of(prefix, "2001:db8:1:2::3"), of(prefix, "2001:db8:1:3::3"));
            assert_eq!(of(prefix, "192.0.2.7").ipv4_prefix(), prefix);
        }
        let other_poll = PollId::from_bytes([2; 16]);
        assert_ne!(of(32, "192.0.2.7"), id(32, other_poll, "192.0.2.7"));
    }

    #[test]
    fn missing_address_and_missing_key_are_reported() {
        let ring = Keyring::ephemeral();
        let poll = PollId::from_bytes([1; 16]);
        let id = |caller: &Caller, key| AddressQuota::new(1).identify(caller, poll, key, &ring);
        assert_eq!(
            id(&Caller::account("alice"), ring.current()),
            Err(IdentifyError::NoAddress)
        );
        let gone = KeyId([0; 8]);
        let caller = Caller::anonymous().with_address("192.0.2.7".parse().unwrap());
        assert_eq!(id(&caller, gone), Err(IdentifyError::UnknownKey(gone)));
    }
}
