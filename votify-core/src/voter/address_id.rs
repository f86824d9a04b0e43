use std::fmt;

use crate::secret::Mac;

/// The id of an address in one poll with a quota: 16 opaque bytes.
///
/// [`AddressQuota::identify`](crate::poll::AddressQuota::identify) derives it. The first
/// byte is the prefix length for IPv4 addresses, the other 15 are a keyed digest of poll
/// and address. So no address is stored, and the id of an address differs in every poll.
/// `Debug` hides the bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressId([u8; 16]);

impl AddressId {
    /// Creates an id from any 15 bytes, for tests and for hosts with ids of their own.
    #[must_use]
    pub fn new(ipv4_prefix: u8, value: [u8; 15]) -> Self {
        let mut bytes = [ipv4_prefix; 16];
        bytes[1..].copy_from_slice(&value);
        Self(bytes)
    }

    pub(crate) fn derive(ipv4_prefix: u8, mac: &Mac) -> Self {
        let mut bytes = [ipv4_prefix; 16];
        bytes[1..].copy_from_slice(&mac.as_bytes()[..15]);
        Self(bytes)
    }

    /// Reads a stored id.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns the prefix length for IPv4 addresses, in bits.
    #[must_use]
    pub const fn ipv4_prefix(&self) -> u8 {
        self.0[0]
    }
}

impl fmt::Debug for AddressId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressId(..)")
    }
}
