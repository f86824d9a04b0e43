use std::fmt;

use serde::{Deserialize, Serialize};

use super::mac::{Mac, digest};

/// The use of a key. Each purpose has its own key, derived from the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Derives voter ids.
    Voter,
    /// Derives owner ids.
    Owner,
    /// Derives address ids for address quotas.
    Address,
    /// Signs session cookies.
    Session,
    /// Derives the keys of rate limiters.
    Limit,
    /// Signs login tokens.
    Login,
}

/// The id of a secret, stored with each poll. It does not reveal the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The reason why [`Keyring::new`] rejected the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A secret is shorter than [`Keyring::MIN_SECRET_BYTES`].
    #[error("a secret needs at least {} bytes", Keyring::MIN_SECRET_BYTES)]
    TooShort,
    /// The list of secrets is empty.
    #[error("no secret given")]
    Missing,
}

#[derive(Clone)]
struct Keys {
    id: KeyId,
    voter: [u8; 32],
    owner: [u8; 32],
    address: [u8; 32],
    session: [u8; 32],
    limit: [u8; 32],
    login: [u8; 32],
}

impl Keys {
    fn derive(secret: &[u8]) -> Self {
        let id = blake3::derive_key("votify 2026-11 key id", secret);
        let [a, b, c, d, e, f, g, h, ..] = id;
        Self {
            id: KeyId([a, b, c, d, e, f, g, h]),
            voter: blake3::derive_key("votify 2026-11 voter id", secret),
            owner: blake3::derive_key("votify 2026-11 owner id", secret),
            address: blake3::derive_key("votify 2026-11 address id", secret),
            session: blake3::derive_key("votify 2026-11 session cookie", secret),
            limit: blake3::derive_key("votify 2026-11 rate limit", secret),
            login: blake3::derive_key("votify 2026-11 login token", secret),
        }
    }

    const fn for_purpose(&self, purpose: Purpose) -> &[u8; 32] {
        match purpose {
            Purpose::Voter => &self.voter,
            Purpose::Owner => &self.owner,
            Purpose::Address => &self.address,
            Purpose::Session => &self.session,
            Purpose::Limit => &self.limit,
            Purpose::Login => &self.login,
        }
    }
}

/// The current secret, and older ones for rotation.
///
/// New polls, cookies and tokens use the newest secret. Those made with an older secret
/// stay valid while the keyring still holds it. Neither `Debug` nor an error shows a
/// secret.
///
/// ```
/// use votify_core::Keyring;
///
/// // The newest secret first; at least 32 bytes each.
/// let rotated = Keyring::new([
///     "tomorrow: 4f7c0f2b9d3e4a5f8c6b7a1d2e3f4a5b",
///     "today:    9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d",
/// ])?;
/// let before = Keyring::new(["today:    9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"])?;
/// assert_ne!(rotated.current(), before.current());
/// assert!(!format!("{rotated:?}").contains("today"));
/// # Ok::<(), votify_core::secret::SecretError>(())
/// ```
#[derive(Clone)]
pub struct Keyring {
    newest: Keys,
    older: Vec<Keys>,
}

impl Keyring {
    /// The minimum length of a secret in bytes.
    pub const MIN_SECRET_BYTES: usize = 32;

    /// Creates a keyring from secrets, the newest first.
    ///
    /// # Errors
    /// - [`SecretError::Missing`]: there is no secret.
    /// - [`SecretError::TooShort`]: a secret is shorter than
    ///   [`MIN_SECRET_BYTES`](Self::MIN_SECRET_BYTES).
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, SecretError> {
        let mut keys = secrets.into_iter().map(|secret| {
            let secret = secret.as_ref();
            if secret.len() < Self::MIN_SECRET_BYTES {
                Err(SecretError::TooShort)
            } else {
                Ok(Keys::derive(secret))
            }
        });
        let newest = keys.next().ok_or(SecretError::Missing)??;
        let older = keys.collect::<Result<_, _>>()?;
        Ok(Self { newest, older })
    }

    /// Creates a keyring with one random secret, which is lost when the process ends.
    #[must_use]
    pub fn ephemeral() -> Self {
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        secret[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        Self {
            newest: Keys::derive(&secret),
            older: Vec::new(),
        }
    }

    /// Returns the id of the newest secret.
    #[must_use]
    pub const fn current(&self) -> KeyId {
        self.newest.id
    }

    /// Returns the ids of all secrets, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        std::iter::once(&self.newest)
            .chain(&self.older)
            .map(|keys| keys.id)
    }

    /// Returns true if the keyring holds the secret `key`.
    #[must_use]
    pub fn holds(&self, key: KeyId) -> bool {
        self.ids().any(|id| id == key)
    }

    /// Returns the keyed BLAKE3 digest of `parts`, or `None` if the keyring lacks the
    /// secret `key`.
    ///
    /// The digest covers the length of each part, so different lists of parts have
    /// different digests.
    #[must_use]
    pub fn mac(&self, key: KeyId, purpose: Purpose, parts: &[&[u8]]) -> Option<Mac> {
        let keys = std::iter::once(&self.newest)
            .chain(&self.older)
            .find(|keys| keys.id == key)?;
        Some(digest(keys.for_purpose(purpose), parts))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older: Vec<_> = self.older.iter().map(|keys| keys.id).collect();
        f.debug_struct("Keyring")
            .field("newest", &self.newest.id)
            .field("older", &older)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old secret of more than thirty-two bytes";
    const NEW: &str = "a newer secret of more than thirty-two bytes";

    #[test]
    fn rotated_secrets_still_derive_the_same_macs() {
        let before = Keyring::new([OLD]).unwrap();
        let after = Keyring::new([NEW, OLD]).unwrap();
        let parts: &[&[u8]] = &[b"a", b"b"];
        assert_ne!(before.current(), after.current());
        assert_eq!(
            before.mac(before.current(), Purpose::Voter, parts),
            after.mac(before.current(), Purpose::Voter, parts)
        );
        assert_eq!(before.mac(after.current(), Purpose::Voter, parts), None);
    }

    #[test]
    fn purposes_and_part_boundaries_change_the_mac() {
        let ring = Keyring::new([OLD]).unwrap();
        let mac = |purpose, parts: &[&[u8]]| ring.mac(ring.current(), purpose, parts).unwrap();
        assert_ne!(mac(Purpose::Voter, &[b"x"]), mac(Purpose::Owner, &[b"x"]));
        assert_ne!(
            mac(Purpose::Voter, &[b"ab", b"c"]),
            mac(Purpose::Voter, &[b"a", b"bc"])
        );
    }

    #[test]
    fn weak_secrets_are_rejected_and_debug_hides_secrets() {
        assert_eq!(Keyring::new(["short"]).err(), Some(SecretError::TooShort));
        assert_eq!(
            Keyring::new([NEW, "short"]).err(),
            Some(SecretError::TooShort)
        );
        assert_eq!(Keyring::new::<&str>([]).err(), Some(SecretError::Missing));
        assert!(!format!("{:?}", Keyring::new([OLD]).unwrap()).contains("secret of"));
    }
}
