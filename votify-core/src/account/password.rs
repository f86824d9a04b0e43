use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// A password as somebody typed it: 8 characters to 256 bytes.
///
/// Keyboards write the same letters in different ways, so it is brought to one form (NFC). Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Password(String);

/// Why a text cannot serve as password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordProblem {
    /// Fewer than [`Password::MIN_CHARS`].
    #[error("must have at least {} characters", Password::MIN_CHARS)]
    TooShort,
    /// More than [`Password::MAX_BYTES`].
    #[error("must have at most {} bytes", Password::MAX_BYTES)]
    TooLong,
}

impl Password {
    /// The fewest characters.
    pub const MIN_CHARS: usize = 8;
    /// The most bytes; what hashing one costs does not grow with what strangers send.
    pub const MAX_BYTES: usize = 256;

    /// Reads a password. Nothing is cut off, blanks included.
    ///
    /// # Errors
    /// If it is too short or too long.
    pub fn new(text: &str) -> Result<Self, PasswordProblem> {
        // Nothing that fits gets three times shorter by being composed.
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

    /// What is hashed.
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

/// What a password is checked against, as a PHC string such as `$argon2id$v=19$…`; opaque here. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The most bytes that stores keep.
    pub const MAX_BYTES: usize = 512;

    /// Wraps a PHC string; `None` if it is longer than [`MAX_BYTES`](Self::MAX_BYTES).
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (text.len() <= Self::MAX_BYTES).then_some(Self(text))
    }

    /// The PHC string.
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
    fn bounds_are_characters_below_and_bytes_above() {
        let read = |text: &str| Password::new(text).map(|password| password.0);
        assert_eq!(read("1234567"), Err(PasswordProblem::TooShort));
        assert_eq!(read("ääääääää"), Ok("ääääääää".into()));
        assert_eq!(read(&"x".repeat(256)), Ok("x".repeat(256)));
        assert_eq!(read(&"x".repeat(257)), Err(PasswordProblem::TooLong));
        assert_eq!(read(&"x".repeat(100_000)), Err(PasswordProblem::TooLong));
        assert_eq!(read("  blanks  "), Ok("  blanks  ".into()));
    }

    #[test]
    fn keyboards_agree_and_nothing_is_shown() {
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
