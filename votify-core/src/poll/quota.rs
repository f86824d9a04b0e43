use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::id::PollId;
use crate::poll::InvalidPoll;
use crate::secret::{KeyId, Keyring, Purpose};
use crate::voter::{AddressId, Caller, IdentifyError};

/// How many ballots of one poll may stand from one address, on top of what counts as one voter.
///
/// It stops who takes a new browser for each vote, at the price of a limit for honest people behind one address. A voter's
/// ballot takes a place at the address from which it was counted first; one that takes its place later keeps that place,
/// wherever it comes from, and taking a vote back frees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressQuota {
    /// The most ballots, 1 to [`MAX_BALLOTS`](Self::MAX_BALLOTS).
    pub ballots: u32,
    /// How many bits of an IPv4 address make one address: 32, or 24 for whole blocks of 256. Of an IPv6 address it is always
    /// the first 64 bits.
    pub ipv4_prefix: u8,
}

impl AddressQuota {
    /// The highest quota.
    pub const MAX_BALLOTS: u32 = 10_000;

    /// So many ballots from each IPv4 address, or each /64 of IPv6 addresses.
    #[must_use]
    pub const fn new(ballots: u32) -> Self {
        Self {
            ballots,
            ipv4_prefix: 32,
        }
    }

    /// The address of a caller in one poll, made with the secret that the poll remembers.
    ///
    /// # Errors
    /// If the caller's address is not known, or the secret is gone.
    pub fn identify(
        self,
        voter: &Caller,
        poll: PollId,
        key: KeyId,
        keyring: &Keyring,
    ) -> Result<AddressId, IdentifyError> {
        let tag = |octets: &[u8]| {
            keyring
                .mac(key, Purpose::Address, &[poll.as_bytes(), octets])
                .map(|tag| AddressId::derive(self.ipv4_prefix, &tag))
                .ok_or(IdentifyError::UnknownKey(key))
        };
        match voter.address_block().ok_or(IdentifyError::NoAddress)? {
            IpAddr::V4(v4) if self.ipv4_prefix == 24 => {
                let [a, b, c, _] = v4.octets();
                tag(&[a, b, c])
            }
            IpAddr::V4(v4) => tag(&v4.octets()),
            IpAddr::V6(v6) => tag(&v6.octets()),
        }
    }

    /// Adds what is wrong with it.
    pub(super) fn check(self, problems: &mut InvalidPoll) {
        let most = Self::MAX_BALLOTS;
        if !(1..=most).contains(&self.ballots) {
            let problem = format!("must be 1 to {most}, not {}", self.ballots);
            problems.add("address_quota.ballots", problem);
        }
        if !matches!(self.ipv4_prefix, 24 | 32) {
            problems.add("address_quota.ipv4_prefix", "must be 24 or 32");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_prefix_are_one() {
        let ring = Keyring::ephemeral();
        let poll = PollId::from_bytes([1; 16]);
        let id = |ipv4_prefix, poll, address: &str| {
            let quota = AddressQuota {
                ballots: 1,
                ipv4_prefix,
            };
            let voter = Caller::anonymous().with_address(address.parse().unwrap());
            quota.identify(&voter, poll, ring.current(), &ring).unwrap()
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
        let elsewhere = PollId::from_bytes([2; 16]);
        assert_ne!(of(32, "192.0.2.7"), id(32, elsewhere, "192.0.2.7"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let ring = Keyring::ephemeral();
        let poll = PollId::from_bytes([1; 16]);
        let id = |voter: &Caller, key| AddressQuota::new(1).identify(voter, poll, key, &ring);
        assert_eq!(
            id(&Caller::account("alice"), ring.current()),
            Err(IdentifyError::NoAddress)
        );
        let gone = KeyId([0; 8]);
        let voter = Caller::anonymous().with_address("192.0.2.7".parse().unwrap());
        assert_eq!(id(&voter, gone), Err(IdentifyError::UnknownKey(gone)));
    }
}
