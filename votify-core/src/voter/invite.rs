use std::fmt;
use std::str::FromStr;

/// The symbols of a code: no I, L, O, which look like others, and no U (Crockford's base 32).
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOL_BITS: usize = 5;
/// How many symbols stand together.
const GROUP: usize = 4;
/// More than anybody needs to write one down.
const TEXT_MAX: usize = 64;

/// What somebody was given to vote with, once: 80 random bits.
///
/// It is a secret until it was used, so `Debug` shows nothing of it, and there is no `Display`: [`text`](Self::text) writes
/// it for the one who is to have it. What is kept is the [`VoterId`](crate::VoterId) that follows from it, never the code.
///
/// ```
/// use votify_core::voter::InviteCode;
///
/// let code = InviteCode::from_bytes([7; 10]);
/// assert_eq!(code.text(), "0W3G-E1R7-0W3G-E1R7");
/// // As people type it.
/// assert_eq!("ow3g e1r7 ow3g eir7".parse(), Ok(code));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InviteCode([u8; Self::BYTES]);

/// The text is no code: not 16 letters and digits in groups, or with a U among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is like 0W3G-E1R7-0W3G-E1R7")]
pub struct ParseInviteCodeError;

impl InviteCode {
    const BYTES: usize = 10;
    const SYMBOL_COUNT: usize = Self::BYTES * 8 / SYMBOL_BITS;

    /// A code that nobody can guess.
    #[must_use]
    pub fn random() -> Self {
        let random = *uuid::Uuid::new_v4().as_bytes();
        let mut bytes = [0; Self::BYTES];
        // The bytes between say in part which kind of UUID it is.
        bytes[..6].copy_from_slice(&random[..6]);
        bytes[6..].copy_from_slice(&random[12..]);
        Self(bytes)
    }

    /// A code from bytes of the caller's choosing: for tests.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The code as it is handed out: four groups of four capital letters and digits.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(Self::SYMBOL_COUNT + Self::SYMBOL_COUNT / GROUP);
        for (place, value) in self.values().enumerate() {
            if place > 0 && place % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(SYMBOLS[value]));
        }
        text
    }

    /// The numbers below 32 that the symbols stand for.
    fn values(&self) -> impl Iterator<Item = usize> {
        let bits = self
            .0
            .iter()
            .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        (0..Self::SYMBOL_COUNT).rev().map(move |place| {
            usize::try_from(bits >> (place * SYMBOL_BITS) & 0x1f).unwrap_or_default()
        })
    }
}

impl FromStr for InviteCode {
    type Err = ParseInviteCodeError;

    /// Takes capital and small letters, blanks and hyphens anywhere, and look-alikes for what they look like.
    fn from_str(text: &str) -> Result<Self, ParseInviteCodeError> {
        if text.len() > TEXT_MAX {
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
    let meant = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let found = (0..)
        .zip(SYMBOLS)
        .find(|(_, symbol)| char::from(**symbol) == meant);
    found.map(|(value, _)| value)
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
    fn a_code_is_read_as_it_was_written() {
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
    fn codes_differ_in_every_bit() {
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
    fn what_is_no_code_is_refused() {
        let good = InviteCode::from_bytes([0xab; 10]).text();
        for wrong in [
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
                wrong.parse::<InviteCode>(),
                Err(ParseInviteCodeError),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let code = InviteCode::from_bytes([0xab; 10]);
        assert_eq!(format!("{code:?}"), "InviteCode(..)");
    }
}
