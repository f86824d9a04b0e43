use std::sync::Arc;

use crate::error::Error;

/// What all keys and channels begin with, followed by `:`.
#[derive(Clone)]
pub(super) struct Prefix(Arc<str>);

impl Prefix {
    /// # Errors
    /// If it has braces, which say where a key lies in a cluster, or is otherwise no good beginning of a name.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.into()));
        }
        Err(Error::WrongPrefix)
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
    fn only_plain_names_begin_others() {
        for good in ["a", "app:votify", "votify-test_1.x"] {
            assert!(Prefix::read(good).is_ok(), "{good}");
        }
        for bad in ["", "{a}", "a b", "ä", &"x".repeat(65), "a\r\n"] {
            assert!(Prefix::read(bad).is_err(), "{bad}");
        }
    }
}
