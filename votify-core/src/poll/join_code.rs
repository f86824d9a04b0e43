use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A short code to say aloud or show on a screen, by which people find a poll:
/// [`LENGTH`](Self::LENGTH) letters and digits, without those that are easily confused.
///
/// A code belongs to one poll until [`KEPT_AFTER_CLOSE`](Self::KEPT_AFTER_CLOSE) after the
/// poll's close. It is not a secret: anybody can find polls by trying codes.
///
/// ```
/// use votify_core::poll::JoinCode;
///
/// let code: JoinCode = "k7-wm 3p".parse()?;
/// assert_eq!(code.as_str(), "K7WM3P");
/// assert!("K7WM30".parse::<JoinCode>().is_err()); // 0 looks like O
/// # Ok::<(), votify_core::poll::ParseJoinCodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JoinCode([u8; Self::LENGTH]);

/// The text is not a join code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be {} letters and digits, without 0, 1, I, L, O and U",
    JoinCode::LENGTH
)]
pub struct ParseJoinCodeError;

/// The symbols of a code: 30 letters and digits.
const SYMBOLS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

impl JoinCode {
    /// The number of symbols.
    pub const LENGTH: usize = 6;
    /// The time for which a closed poll keeps its code: 7 days.
    pub const KEPT_AFTER_CLOSE: Duration = Duration::from_secs(7 * 24 * 3600);

    /// Generates a random code, one of 729 million.
    #[must_use]
    pub fn random() -> Self {
        let random = uuid::Uuid::new_v4().as_u128();
        // The first 48 bits of a version 4 UUID are random. Six symbols need 30 of them,
        // so no symbol is noticeably more likely than another.
        let mut rest = random >> 80;
        let base = SYMBOLS.len() as u128;
        Self(std::array::from_fn(|_| {
            let symbol = usize::try_from(rest % base).unwrap_or_default();
            rest /= base;
            SYMBOLS[symbol]
        }))
    }

    /// Returns the code in capital letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // All symbols are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for JoinCode {
    type Err = ParseJoinCodeError;

    /// Reads a code in any case. Spaces and hyphens are ignored.
    fn from_str(text: &str) -> Result<Self, ParseJoinCodeError> {
        let mut symbols = text
            .bytes()
            .filter(|byte| !matches!(byte, b' ' | b'-'))
            .map(|byte| byte.to_ascii_uppercase());
        let mut code = [0; Self::LENGTH];
        for symbol in &mut code {
            let next = symbols.next().filter(|byte| SYMBOLS.contains(byte));
            *symbol = next.ok_or(ParseJoinCodeError)?;
        }
        match symbols.next() {
            Some(_) => Err(ParseJoinCodeError),
            None => Ok(Self(code)),
        }
    }
}

impl TryFrom<String> for JoinCode {
    type Error = ParseJoinCodeError;

    fn try_from(text: String) -> Result<Self, ParseJoinCodeError> {
        text.parse()
    }
}

impl From<JoinCode> for String {
    fn from(code: JoinCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Debug for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinCode({self})")
    }
}

impl fmt::Display for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_codes_round_trip_and_use_every_symbol() {
        let codes: Vec<JoinCode> = (0..1_000).map(|_| JoinCode::random()).collect();
        let used: std::collections::BTreeSet<u8> = codes.iter().flat_map(|code| code.0).collect();
        assert!(used.iter().eq(SYMBOLS), "{used:?}");
        for code in codes {
            assert_eq!(code.to_string().to_lowercase().parse(), Ok(code));
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in [
            "", "K7WM3", "K7WM3PP", "K7WM3Ö", "K7WM3O", "K7WM3U", "K7_WM3P",
        ] {
            assert_eq!(text.parse::<JoinCode>(), Err(ParseJoinCodeError), "{text}");
        }
    }
}
