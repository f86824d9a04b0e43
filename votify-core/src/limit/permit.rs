use std::fmt;
use std::time::Duration;

use crate::secret::Mac;

/// Whose attempts are counted together: 16 opaque bytes, so that no address is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LimitKey([u8; 16]);

impl LimitKey {
    /// A key from a digest of what is limited, made with [`Purpose::Limit`](crate::secret::Purpose::Limit).
    #[must_use]
    pub fn from_mac(tag: &Mac) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag.as_bytes()[..16]);
        Self(bytes)
    }

    /// A key from bytes of the caller's choosing.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes inside.
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

/// The answer to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// Whether the attempt may go on.
    pub granted: bool,
    /// How many more would be granted right now.
    pub remaining: u32,
    /// How long until the whole quota is there again.
    pub reset_after: Duration,
    /// How long to wait before the next attempt can be granted; zero if one would be granted right now.
    pub retry_after: Duration,
}
