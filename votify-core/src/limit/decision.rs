use std::fmt;
use std::time::Duration;

use crate::secret::Mac;

/// The key of a rate limit: 16 opaque bytes, so that limiters store no addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LimitKey([u8; 16]);

impl LimitKey {
    /// Creates a key from a MAC for [`Purpose::Limit`](crate::secret::Purpose::Limit).
    #[must_use]
    pub fn from_mac(mac: &Mac) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&mac.as_bytes()[..16]);
        Self(bytes)
    }

    /// Creates a key from any 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LimitKey(..)")
    }
}

/// The decision of a rate limiter on one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateDecision {
    /// True if the attempt is granted.
    pub granted: bool,
    /// The part of the rate's limit that further attempts can take now, in the unit of
    /// their cost.
    pub remaining: u32,
    /// The time until the rate's whole limit is available again.
    pub reset_after: Duration,
    /// The time until another attempt of the same cost can be granted. Zero if one would
    /// be granted now. The rate's period if the cost is above the limit, because such an
    /// attempt is never granted.
    pub retry_after: Duration,
}
