use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// A password: at least 8 characters and at most 256 bytes.
///
/// Keyboards encode the same letter differently, so the text is normalized with NFC.
/// `Debug` hides it.
///
/// ```
/// use votify_core::account::Password;
///
/// let password = Password::new("correct horse")?;
/// assert_eq!(format!("{password:?}"), "Password(..)");
/// assert!(Password::new("short").is_err());
/// # Ok::<(), votify_core::account::PasswordProblem>(())
/// ```
#[derive(Clone)]
pub struct Password(String);

/// The reason why a text is not a valid password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordProblem {
    /// The password has fewer than [`Password::MIN_CHARS`] characters.
    #[error("must have at least {} characters", Password::MIN_CHARS)]
    TooShort,
    /// The password has more than [`Password::MAX_BYTES`] bytes.
    #[error("must have at most {} bytes", Password::MAX_BYTES)]
    TooLong,
}

impl Password {
    /// The minimum number of characters.
    pub const MIN_CHARS: usize = 8;
    /// The maximum number of bytes. Bounds the cost of hashing.
    pub const MAX_BYTES: usize = 256;

    /// Parses a password. Does not trim white space.
    ///
    /// # Errors
    /// - [`PasswordProblem::TooShort`]: fewer than [`MIN_CHARS`](Self::MIN_CHARS)
    ///   characters.
    /// - [`PasswordProblem::TooLong`]: more than [`MAX_BYTES`](Self::MAX_BYTES) bytes.
    pub fn new(text: &str) -> Result<Self, PasswordProblem> {
        // NFC shortens a text by less than two thirds, so a longer one need not be
        // normalized.
        if text.len() > 3 * Self::MAX_BYTES {
            return Err(PasswordProblem::TooLong);
        }
        let text: String = text.nfc().collect();
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordProblem::TooLong);
        }
        if text.chars().count() < Self::MIN_CHARS {
            return Err(PasswordProblem::TooShort);
        }
        Ok(Self(text))
    }

    /// Returns the bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The hash of a password, as a PHC string such as `$argon2id$v=19$…`. Opaque here.
/// `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The maximum number of bytes, which every store supports.
    pub const MAX_BYTES: usize = 512;

    /// Wraps a PHC string. Returns `None` if it is longer than
    /// [`MAX_BYTES`](Self::MAX_BYTES).
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (text.len() <= Self::MAX_BYTES).then_some(Self(text))
    }

    /// Returns the PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_bounded_in_characters_and_bytes() {
        let parse = |text: &str| Password::new(text).map(|password| password.0);
        assert_eq!(parse("1234567"), Err(PasswordProblem::TooShort));
        assert_eq!(parse("ääääääää"), Ok("ääääääää".into()));
        assert_eq!(parse(&"x".repeat(256)), Ok("x".repeat(256)));
        assert_eq!(parse(&"x".repeat(257)), Err(PasswordProblem::TooLong));
        assert_eq!(parse(&"x".repeat(100_000)), Err(PasswordProblem::TooLong));
        assert_eq!(parse("  blanks  "), Ok("  blanks  ".into()));
    }

    #[test]
    fn passwords_are_normalized_and_debug_hides_them() {
        let (one, other) = (
            Password::new("pässwörd").unwrap(),
            Password::new("pa\u{308}sswo\u{308}rd").unwrap(),
        );
        assert_eq!(one.as_bytes(), other.as_bytes());
        assert!(!format!("{one:?}").contains('ä'));
        let hash = PasswordHash::new("$argon2id$secret").unwrap();
        assert!(!format!("{hash:?}").contains("secret"));
        assert_eq!(PasswordHash::new("x".repeat(513)), None);
    }
}
