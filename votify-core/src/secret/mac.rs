use std::fmt;

/// A keyed BLAKE3 digest. Compares in constant time. `Debug` hides it.
#[derive(Clone, Copy)]
pub struct Mac([u8; 32]);

impl Mac {
    /// Wraps a presented digest, for comparison with a computed one.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        // `blake3::Hash` documents a constant-time comparison.
        blake3::Hash::from_bytes(self.0) == blake3::Hash::from_bytes(other.0)
    }
}

impl Eq for Mac {}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}

/// Returns the digest of all parts, each after its length in 8 bytes.
///
/// Short inputs are concatenated first: hashing one slice costs a third of feeding it in
/// parts.
pub(super) fn digest(key: &[u8; 32], parts: &[&[u8]]) -> Mac {
    let mut buffer = [0; 256];
    let mut end = 0;
    for part in parts {
        for bytes in [&length_prefix(part)[..], part] {
            let Some(slot) = buffer.get_mut(end..end + bytes.len()) else {
                return digest_streaming(key, parts);
            };
            slot.copy_from_slice(bytes);
            end += bytes.len();
        }
    }
    let input = buffer.get(..end).unwrap_or_default();
    Mac(*blake3::keyed_hash(key, input).as_bytes())
}

fn digest_streaming(key: &[u8; 32], parts: &[&[u8]]) -> Mac {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(&length_prefix(part)).update(part);
    }
    Mac(*hasher.finalize().as_bytes())
}

fn length_prefix(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffered_and_streaming_digests_are_equal() {
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
}
