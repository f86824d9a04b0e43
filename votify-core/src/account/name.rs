use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::text::fold_case;

/// The characters allowed in a name besides letters and digits.
const PUNCTUATION: [char; 5] = ['.', '_', '-', '@', '+'];

/// A login name: 1 to 64 letters, digits and `. _ - @ +`, starting with a letter or
/// digit.
///
/// Letters and digits may be of any script. The name is normalized with NFKC. Names are
/// equal regardless of case. Only its own user ever sees a name, so names that look alike
/// are allowed.
///
/// ```
/// use votify_core::account::UserName;
///
/// let name = UserName::new("  Zoë ")?;
/// assert_eq!(name.as_str(), "Zoë");
/// assert_eq!(name, UserName::new("ZOE\u{308}")?);
/// assert!(UserName::new("two words").is_err());
/// # Ok::<(), votify_core::account::NameProblem>(())
/// ```
#[derive(Clone)]
pub struct UserName {
    display: String,
    key: String,
}

/// The reason why a text is not a valid name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// The name is empty.
    #[error("must not be empty")]
    Empty,
    /// The name has too many characters.
    #[error("must have at most {} characters", UserName::MAX_CHARS)]
    TooLong,
    /// The name contains a character that is not allowed, or not allowed at the start.
    #[error("must contain only letters, digits and . _ - @ +, and start with a letter or digit")]
    Character,
}

impl UserName {
    /// The maximum number of characters.
    pub const MAX_CHARS: usize = 64;
    /// The maximum number of bytes of the input, and of a [`key`](Self::key).
    pub const MAX_BYTES: usize = 1024;

    /// Parses a name. Trims white space.
    ///
    /// # Errors
    /// - [`NameProblem::Empty`]: the text is blank.
    /// - [`NameProblem::TooLong`]: the name exceeds [`MAX_CHARS`](Self::MAX_CHARS) or
    ///   [`MAX_BYTES`](Self::MAX_BYTES).
    /// - [`NameProblem::Character`]: a character is not allowed.
    pub fn new(text: &str) -> Result<Self, NameProblem> {
        let text = text.trim();
        if text.len() > Self::MAX_BYTES {
            return Err(NameProblem::TooLong);
        }
        let display: String = text.nfkc().collect();
        let mut chars = display.chars();
        let first = chars.next().ok_or(NameProblem::Empty)?;
        if !first.is_alphanumeric()
            || !chars
                .all(|c| c.is_alphanumeric() || is_combining_mark(c) || PUNCTUATION.contains(&c))
        {
            return Err(NameProblem::Character);
        }
        let key = fold_case(&display);
        if display.chars().count() > Self::MAX_CHARS || key.len() > Self::MAX_BYTES {
            return Err(NameProblem::TooLong);
        }
        Ok(Self { display, key })
    }

    /// Returns the name as its user wrote it, normalized.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// Returns the case-folded form, which is the same for all equal names. Stores enforce
    /// its uniqueness.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Compares the [`key`](UserName::key) only.
impl PartialEq for UserName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for UserName {}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserName").field(&self.display).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for (one, other) in [
            ("Ada", " ada\t"),
            ("Zoë", "ZOE\u{308}"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("οδοσ", "οδος"),
            ("ｆｕｌｌ", "full"),
            ("ﬁn", "FIN"),
            ("a@example.org", "A@EXAMPLE.ORG"),
        ] {
            let (one, other) = (UserName::new(one).unwrap(), UserName::new(other).unwrap());
            assert_eq!(one.key(), other.key());
            assert_eq!(one, other);
        }
        assert_ne!(UserName::new("ada"), UserName::new("adа"), "a Cyrillic а");
    }

    #[test]
    fn invalid_names_are_rejected() {
        for (text, problem) in [
            ("", NameProblem::Empty),
            (" \u{a0}\n", NameProblem::Empty),
            ("two words", NameProblem::Character),
            (".hidden", NameProblem::Character),
            ("\u{308}a", NameProblem::Character),
            ("a\0b", NameProblem::Character),
            ("a\u{200d}b", NameProblem::Character),
            ("a\u{202e}b", NameProblem::Character),
            ("<b>", NameProblem::Character),
            (&"a".repeat(65), NameProblem::TooLong),
            (&"ﷺ".repeat(64), NameProblem::Character),
            (&"a".repeat(100_000), NameProblem::TooLong),
        ] {
            assert_eq!(UserName::new(text).err(), Some(problem), "{text:?}");
        }
        assert!(UserName::new(&"ä".repeat(64)).is_ok());
        assert!(UserName::new("हिन्दी").is_ok());
    }

    proptest! {
        #[test]
        fn valid_names_round_trip(text in r"[\p{L}\p{M}\p{N}._@+-]{1,80}") {
            if let Ok(name) = UserName::new(&text) {
                let again = UserName::new(name.as_str()).unwrap();
                assert_eq!((again.as_str(), again.key()), (name.as_str(), name.key()));
                assert!(name.key().len() <= UserName::MAX_BYTES);
            }
        }
    }
}
