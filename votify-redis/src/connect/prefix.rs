use std::sync::Arc;

use crate::error::Error;

/// The prefix of all keys and channels, without the `:` that follows it.
#[derive(Clone)]
pub(super) struct Prefix(Arc<str>);

impl Prefix {
    /// Parses a prefix of 1 to 64 allowed characters.
    ///
    /// # Errors
    /// Returns [`Error::InvalidPrefix`] for other lengths and characters. Braces are not
    /// allowed, because they choose the cluster slot of a key.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.into()));
        }
        Err(Error::InvalidPrefix)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("votify".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_valid_prefixes() {
        for valid in ["a", "app:votify", "votify-test_1.x"] {
            assert!(Prefix::parse(valid).is_ok(), "{valid}");
        }
        for invalid in ["", "{a}", "a b", "ä", &"x".repeat(65), "a\r\n"] {
            assert!(Prefix::parse(invalid).is_err(), "{invalid}");
        }
    }
}
