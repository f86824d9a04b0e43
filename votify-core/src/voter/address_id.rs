use std::fmt;

use crate::secret::Mac;

/// One address in one poll with a quota: 16 opaque bytes, made by
/// [`AddressQuota::identify`](crate::poll::AddressQuota::identify).
///
/// The first byte tells how many bits of an IPv4 address it goes by, the other fifteen are a keyed digest over poll and
/// address. So no address is stored, and none can be followed from poll to poll. `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressId([u8; 16]);

impl AddressId {
    /// An id from fifteen bytes of the caller's choosing: for tests and for hosts that bring ids of their own.
    #[must_use]
    pub fn new(ipv4_prefix: u8, value: [u8; 15]) -> Self {
        let mut bytes = [ipv4_prefix; 16];
        bytes[1..].copy_from_slice(&value);
        Self(bytes)
    }

    pub(crate) fn derive(ipv4_prefix: u8, tag: &Mac) -> Self {
        let mut bytes = [ipv4_prefix; 16];
        bytes[1..].copy_from_slice(&tag.as_bytes()[..15]);
        Self(bytes)
    }

    /// Reads an id that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// By how many bits of an IPv4 address it was made.
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
