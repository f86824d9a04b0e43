use std::fmt;
use std::str::FromStr;

/// The symbols of a code, Crockford's base 32: without I, L and O, which look like
/// digits, and U.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOL_BITS: usize = 5;
/// The number of symbols per group.
const GROUP: usize = 4;
/// The maximum length of the input in bytes: three times that of a formatted code.
const MAX_TEXT_BYTES: usize = 64;

/// A secret code of 80 random bits that lets its holder vote once.
///
/// `Debug` hides the code, and there is no `Display`: [`text`](Self::text) formats it for
/// the voter. Stores hold the [`VoterId`](crate::VoterId) derived from it, never the
/// code.
///
/// ```
/// use votify_core::voter::InviteCode;
///
/// let code = InviteCode::from_bytes([7; 10]);
/// assert_eq!(code.text(), "0W3G-E1R7-0W3G-E1R7");
/// // Lower case, spaces and look-alikes are accepted.
/// assert_eq!("ow3g e1r7 ow3g eir7".parse(), Ok(code));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InviteCode([u8; Self::BYTES]);

/// The text is not a code: it needs 16 letters and digits, none of them a U.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an invite code like 0W3G-E1R7-0W3G-E1R7")]
pub struct ParseInviteCodeError;

impl InviteCode {
    const BYTES: usize = 10;
    const SYMBOL_COUNT: usize = Self::BYTES * 8 / SYMBOL_BITS;

    /// Generates a random code.
    #[must_use]
    pub fn random() -> Self {
        let random = *uuid::Uuid::new_v4().as_bytes();
        let mut bytes = [0; Self::BYTES];
        // The bytes between contain the UUID's version and variant, which are not random.
        bytes[..6].copy_from_slice(&random[..6]);
        bytes[6..].copy_from_slice(&random[12..]);
        Self(bytes)
    }

    /// Creates a code from any 10 bytes, for tests.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Returns the formatted code: four groups of four capital letters and digits.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(Self::SYMBOL_COUNT + Self::SYMBOL_COUNT / GROUP);
        for (index, value) in self.values().enumerate() {
            if index > 0 && index % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(SYMBOLS[value]));
        }
        text
    }

    /// Returns the value of each symbol, 0 to 31.
    fn values(&self) -> impl Iterator<Item = usize> {
        let bits = self
            .0
            .iter()
            .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        (0..Self::SYMBOL_COUNT).rev().map(move |index| {
            usize::try_from(bits >> (index * SYMBOL_BITS) & 0x1f).unwrap_or_default()
        })
    }
}

impl FromStr for InviteCode {
    type Err = ParseInviteCodeError;

    /// Parses a code. Accepts any case, spaces and hyphens anywhere, O for 0, and I and L
    /// for 1.
    fn from_str(text: &str) -> Result<Self, ParseInviteCodeError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(ParseInviteCodeError);
        }
        let (mut bits, mut count) = (0_u128, 0);
        for letter in text.chars().filter(|letter| !matches!(letter, '-' | ' ')) {
            bits = bits << SYMBOL_BITS | value_of(letter).ok_or(ParseInviteCodeError)?;
            count += 1;
        }
        if count != Self::SYMBOL_COUNT {
            return Err(ParseInviteCodeError);
        }
        let mut bytes = [0; Self::BYTES];
        let all = bits.to_be_bytes();
        bytes.copy_from_slice(&all[all.len() - Self::BYTES..]);
        Ok(Self(bytes))
    }
}

fn value_of(letter: char) -> Option<u128> {
    let normalized = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let entry = (0..)
        .zip(SYMBOLS)
        .find(|(_, symbol)| char::from(**symbol) == normalized);
    entry.map(|(value, _)| value)
}

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_with_look_alikes() {
        for _ in 0..200 {
            let code = InviteCode::random();
            let text = code.text();
            assert_eq!(text.len(), 19);
            assert_eq!(text.parse(), Ok(code), "{text}");
            assert_eq!(text.to_lowercase().parse(), Ok(code), "{text}");
            assert_eq!(text.replace('-', "").parse(), Ok(code), "{text}");
            assert_eq!(text.replace('-', " ").parse(), Ok(code), "{text}");
            let look_alike = text.replace('0', "o").replace('1', "l");
            assert_eq!(look_alike.parse(), Ok(code), "{text}");
            assert_eq!(text.replace('1', "I").parse(), Ok(code), "{text}");
        }
    }

    #[test]
    fn every_bit_of_a_code_is_random() {
        let codes: Vec<[u8; 10]> = (0..2_000).map(|_| InviteCode::random().0).collect();
        for byte in 0..InviteCode::BYTES {
            for bit in 0..8 {
                let set = codes.iter().filter(|code| code[byte] >> bit & 1 == 1);
                assert!(
                    (800..1_200).contains(&set.count()),
                    "bit {bit} of byte {byte}"
                );
            }
        }
    }

    #[test]
    fn invalid_codes_are_rejected() {
        let good = InviteCode::from_bytes([0xab; 10]).text();
        for bad in [
            "",
            "-",
            &good[1..],
            &format!("{good}0"),
            &good.replacen('N', "U", 1),
            &good.replacen('N', "Ñ", 1),
            &good.replacen('N', "\0", 1),
            &" ".repeat(100),
            &format!("{good}{}", "-".repeat(100)),
        ] {
            assert_eq!(
                bad.parse::<InviteCode>(),
                Err(ParseInviteCodeError),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn debug_hides_the_code() {
        let code = InviteCode::from_bytes([0xab; 10]);
        assert_eq!(format!("{code:?}"), "InviteCode(..)");
    }
}
