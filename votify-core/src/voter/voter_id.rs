use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::PollId;
use crate::secret::{KeyId, Keyring, Mac, Purpose};
use crate::voter::{Owner, VoterPolicy};

/// One voter in one poll: 16 opaque bytes, made by [`VoterPolicy::identify`].
///
/// The first byte tells the kind of key, the other fifteen are a keyed digest over poll, kind and value. So no address
/// or account is stored, nobody can be followed from poll to poll, and a ballot tells which policy its edge believed in.
/// `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoterId([u8; 16]);

/// Stored bytes whose first one names no kind of voter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of voter id")]
pub struct ParseVoterIdError;

impl VoterId {
    /// A voter id from a policy and fifteen bytes of the caller's choosing: for tests and for hosts that bring ids of
    /// their own.
    #[must_use]
    pub fn new(policy: VoterPolicy, value: [u8; 15]) -> Self {
        let mut bytes = [policy.code(); 16];
        bytes[1..].copy_from_slice(&value);
        Self(bytes)
    }

    pub(crate) fn derive(policy: VoterPolicy, tag: &Mac) -> Self {
        let mut bytes = [policy.code(); 16];
        bytes[1..].copy_from_slice(&tag.as_bytes()[..15]);
        Self(bytes)
    }

    /// Reads an id that was stored.
    ///
    /// # Errors
    /// If the first byte names no kind of voter.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, ParseVoterIdError> {
        VoterPolicy::from_code(bytes[0])
            .map(|_| Self(bytes))
            .ok_or(ParseVoterIdError)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The policy that this id was made under.
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

/// The owner of one poll: 16 opaque bytes, kept with the poll.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerId([u8; 16]);

impl OwnerId {
    /// The id of `owner` in one poll, or `None` if the ring does not hold that key (any more).
    #[must_use]
    pub fn derive(owner: &Owner, poll: PollId, key: KeyId, keyring: &Keyring) -> Option<Self> {
        let (kind, value) = match owner {
            Owner::Account(account) => (b"account".as_slice(), account.as_str().as_bytes()),
            Owner::Session(session) => (b"session".as_slice(), session.as_bytes().as_slice()),
        };
        let tag = keyring.mac(key, Purpose::Owner, &[poll.as_bytes(), kind, value])?;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag.as_bytes()[..16]);
        Some(Self(bytes))
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
}

impl fmt::Debug for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerId(..)")
    }
}
