//! The secrets that voter ids, owner ids, session cookies and log-ins are keyed with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a key is used for; each purpose has a key of its own, derived from the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Turning what is known of a caller into a voter id.
    Voter,
    /// Turning the creator of a poll into an owner id.
    Owner,
    /// Turning a caller's address into what a poll's quota counts.
    Address,
    /// Signing browser sessions.
    Session,
    /// Hiding what a rate limiter counts.
    Limit,
    /// Signing the tokens of those who logged in.
    Login,
}

/// Names a secret without telling it; kept with each poll that was made with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A keyed digest. Compared in constant time; its `Debug` shows nothing.
#[derive(Clone, Copy)]
pub struct Mac([u8; 32]);

impl Mac {
    /// Reads a digest that somebody presents.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        // `blake3::Hash` promises a constant-time comparison.
        blake3::Hash::from_bytes(self.0) == blake3::Hash::from_bytes(other.0)
    }
}

impl Eq for Mac {}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}

/// Why a text cannot serve as secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Shorter than [`Keyring::MIN_SECRET_BYTES`].
    #[error("a secret needs at least {} bytes", Keyring::MIN_SECRET_BYTES)]
    TooShort,
    /// No secret at all.
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

    const fn of(&self, purpose: Purpose) -> &[u8; 32] {
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

/// One secret in use and any number of older ones, so that secrets can be rotated.
///
/// New polls and cookies are made with the newest; what was made with an older one stays valid as long as that one is
/// still in the ring. Neither `Debug` nor an error ever shows a secret.
#[derive(Clone)]
pub struct Keyring {
    newest: Keys,
    older: Vec<Keys>,
}

impl Keyring {
    /// The least length of a secret.
    pub const MIN_SECRET_BYTES: usize = 32;

    /// A ring of secrets, the newest first.
    ///
    /// # Errors
    /// If there is none, or one is too short.
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

    /// A ring with one random secret that ends with this process.
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

    /// The id of the secret that new things are made with.
    #[must_use]
    pub const fn current(&self) -> KeyId {
        self.newest.id
    }

    /// The keyed BLAKE3 digest of `parts`, or `None` if the ring does not hold that key (any more).
    ///
    /// Each part's length goes in with it, so different lists of parts never give the same digest.
    #[must_use]
    pub fn mac(&self, key: KeyId, purpose: Purpose, parts: &[&[u8]]) -> Option<Mac> {
        let keys = std::iter::once(&self.newest)
            .chain(&self.older)
            .find(|keys| keys.id == key)?;
        Some(digest(keys.of(purpose), parts))
    }
}

/// What is short is laid out in one piece first: a digest of one piece costs a third of one that is fed part by part.
fn digest(key: &[u8; 32], parts: &[&[u8]]) -> Mac {
    let mut piece = [0; 256];
    let mut end = 0;
    for part in parts {
        for bytes in [&length(part)[..], part] {
            let Some(place) = piece.get_mut(end..end + bytes.len()) else {
                return digest_streaming(key, parts);
            };
            place.copy_from_slice(bytes);
            end += bytes.len();
        }
    }
    let piece = piece.get(..end).unwrap_or_default();
    Mac(*blake3::keyed_hash(key, piece).as_bytes())
}

fn digest_streaming(key: &[u8; 32], parts: &[&[u8]]) -> Mac {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(&length(part)).update(part);
    }
    Mac(*hasher.finalize().as_bytes())
}

fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes()
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
    fn a_rotated_secret_still_answers_for_what_it_made() {
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
    fn purposes_and_parts_are_kept_apart() {
        let ring = Keyring::new([OLD]).unwrap();
        let tag = |purpose, parts: &[&[u8]]| ring.mac(ring.current(), purpose, parts).unwrap();
        assert_ne!(tag(Purpose::Voter, &[b"x"]), tag(Purpose::Owner, &[b"x"]));
        assert_ne!(
            tag(Purpose::Voter, &[b"ab", b"c"]),
            tag(Purpose::Voter, &[b"a", b"bc"])
        );
    }

    #[test]
    fn a_digest_in_one_piece_is_the_one_that_is_fed_part_by_part() {
        let key = [7; 32];
        for length in [0, 1, 16, 231, 232, 233, 239, 240, 241, 248, 249, 4_096] {
            let long = vec![b'x'; length];
            let parts: &[&[u8]] = &[b"a", &long];
            assert_eq!(
                digest(&key, parts),
                digest_streaming(&key, parts),
                "{length}"
            );
        }
        assert_eq!(digest(&key, &[]), digest_streaming(&key, &[]));
    }

    #[test]
    fn weak_secrets_are_refused_and_none_is_shown() {
        assert_eq!(Keyring::new(["short"]).err(), Some(SecretError::TooShort));
        assert_eq!(
            Keyring::new([NEW, "short"]).err(),
            Some(SecretError::TooShort)
        );
        assert_eq!(Keyring::new::<&str>([]).err(), Some(SecretError::Missing));
        assert!(!format!("{:?}", Keyring::new([OLD]).unwrap()).contains("secret of"));
    }
}
