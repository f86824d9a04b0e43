use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::{KeyId, Keyring, Mac, Purpose};
use crate::voter::{Owner, VoterPolicy};

/// The id of a voter in one poll: 16 opaque bytes.
///
/// [`VoterPolicy::identify`] derives it. The first byte is the policy, the other 15 are a
/// keyed digest of poll, policy and identity. So no address or account is stored, and a
/// voter's id differs in every poll. A ballot shows the policy by which its voter was
/// identified. `Debug` hides the bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoterId([u8; 16]);

/// The first byte is not a known voter policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown voter policy in a voter id")]
pub struct ParseVoterIdError;

impl VoterId {
    /// Creates an id from a policy and any 15 bytes, for tests and for hosts with ids of
    /// their own.
    #[must_use]
    pub fn new(policy: VoterPolicy, value: [u8; 15]) -> Self {
        let mut bytes = [policy.code(); 16];
        bytes[1..].copy_from_slice(&value);
        Self(bytes)
    }

    pub(crate) fn derive(policy: VoterPolicy, mac: &Mac) -> Self {
        let mut bytes = [policy.code(); 16];
        bytes[1..].copy_from_slice(&mac.as_bytes()[..15]);
        Self(bytes)
    }

    /// Reads a stored id.
    ///
    /// # Errors
    /// Returns [`ParseVoterIdError`] if the first byte is not a known policy; the row is
    /// damaged.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, ParseVoterIdError> {
        VoterPolicy::from_code(bytes[0])
            .map(|_| Self(bytes))
            .ok_or(ParseVoterIdError)
    }

    /// Returns the bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns the policy by which this voter was identified.
    #[must_use]
    pub fn policy(&self) -> VoterPolicy {
        // Every constructor checks the first byte.
        VoterPolicy::from_code(self.0[0]).unwrap_or_default()
    }
}

impl fmt::Debug for VoterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VoterId(..)")
    }
}

/// The id of an owner: 16 opaque bytes, stored with each of their polls. `Debug` hides the
/// bytes.
///
/// It is the same in all polls that use one secret, so that an index finds an owner's
/// polls. So a reader of the database can link the polls of one owner, but not an owner's
/// votes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerId([u8; 16]);

impl OwnerId {
    /// Derives the id of `owner` under the secret `key`. Returns `None` if the keyring
    /// lacks that secret.
    #[must_use]
    pub fn derive(owner: &Owner, key: KeyId, keyring: &Keyring) -> Option<Self> {
        let (kind, value) = match owner {
            Owner::Account(account) => (b"account".as_slice(), account.as_str().as_bytes()),
            Owner::Session(session) => (b"session".as_slice(), session.as_bytes().as_slice()),
        };
        let mac = keyring.mac(key, Purpose::Owner, &[kind, value])?;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&mac.as_bytes()[..16]);
        Some(Self(bytes))
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
}

impl fmt::Debug for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerId(..)")
    }
}
