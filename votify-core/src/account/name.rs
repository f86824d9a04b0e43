use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What may be in a name besides letters and digits.
const SIGNS: [char; 5] = ['.', '_', '-', '@', '+'];

/// A name to log in with: 1 to 64 letters and digits of any script and the signs `. _ - @ +`, the first a letter or digit.
///
/// It is kept in the form in which Unicode writes compatible characters alike (NFKC). Two names are the same if they also
/// agree without regard to case; nobody but the user is ever shown it, so names that only look alike do no harm.
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
    shown: String,
    key: String,
}

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// Nothing in it.
    #[error("must not be empty")]
    Empty,
    /// Too many characters.
    #[error("must have at most {} characters", UserName::MAX_CHARS)]
    TooLong,
    /// A character that is not allowed, or not at the beginning.
    #[error("may hold letters, digits and . _ - @ + only, and begins with a letter or digit")]
    Character,
}

impl UserName {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 64;
    /// The most bytes of a text that is looked at, and of a [`key`](Self::key).
    pub const MAX_BYTES: usize = 1024;

    /// Reads a name; blanks around it are left out.
    ///
    /// # Errors
    /// If it is empty, too long, or holds what is not allowed.
    pub fn new(text: &str) -> Result<Self, NameProblem> {
        let text = text.trim();
        if text.len() > Self::MAX_BYTES {
            return Err(NameProblem::TooLong);
        }
        let shown: String = text.nfkc().collect();
        let mut letters = shown.chars();
        let first = letters.next().ok_or(NameProblem::Empty)?;
        if !first.is_alphanumeric()
            || !letters.all(|c| c.is_alphanumeric() || is_combining_mark(c) || SIGNS.contains(&c))
        {
            return Err(NameProblem::Character);
        }
        let key = folded(&shown);
        if shown.chars().count() > Self::MAX_CHARS || key.len() > Self::MAX_BYTES {
            return Err(NameProblem::TooLong);
        }
        Ok(Self { shown, key })
    }

    /// The name as its user wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The same text for all ways to write the name: what is unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Without regard to case: upper case first, because several small letters have one capital (ς and σ, ß and ss).
fn folded(text: &str) -> String {
    let folded = text.chars().flat_map(char::to_uppercase);
    folded.flat_map(char::to_lowercase).nfkc().collect()
}

/// Of the [`key`](UserName::key) alone.
impl PartialEq for UserName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for UserName {}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserName").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn one_name_however_it_is_written() {
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
    fn what_is_no_name_is_refused() {
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
        fn a_name_reads_as_itself_again(text in r"[\p{L}\p{M}\p{N}._@+-]{1,80}") {
            if let Ok(name) = UserName::new(&text) {
                let again = UserName::new(name.as_str()).unwrap();
                assert_eq!((again.as_str(), again.key()), (name.as_str(), name.key()));
                assert!(name.key().len() <= UserName::MAX_BYTES);
            }
        }
    }
}
