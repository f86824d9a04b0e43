//! How texts are shown, compared and searched.
//!
//! Every normalization of the texts of polls is here, so that all stores agree.

mod comparison;
mod invisible;

use unicode_normalization::UnicodeNormalization;

pub(crate) use comparison::comparison_key;
use invisible::is_invisible;
pub(crate) use invisible::looks_empty;

/// Returns the form in which a text is stored and shown: without white space at its ends,
/// in NFC.
pub(crate) fn shown_form(text: &str) -> String {
    text.trim().nfc().collect()
}

/// Returns the form in which searches compare a text: in NFKC, with case folded, without
/// invisible characters, with one kind of apostrophe, and without the characters that join
/// words.
pub(crate) fn search_form(text: &str) -> String {
    let visible = text.nfkc().filter(|c| !is_invisible(*c));
    let visible: String = visible.map(plain_punctuation).collect();
    // The capital İ of Turkish folds to `i` with a dot above, which `i` has anyway.
    fold_case(&visible).replace("i\u{307}", "i")
}

/// Returns `'` for the apostrophes that keyboards of phones type instead of it, and a space
/// for the low lines and ties that UAX #29 counts as parts of words.
const fn plain_punctuation(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{2BC}' => '\'',
        '_' | '\u{203F}' | '\u{2040}' | '\u{2054}' => ' ',
        other => other,
    }
}

/// Folds case. Upper case before lower case, because several lower-case forms share one
/// capital (ς and σ, ß and ss). Lower case before both, because the capital ẞ has no
/// upper case and the lower case ß.
pub(crate) fn fold_case(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    let folded = lower
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    folded.nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cases_of_a_letter_have_one_folded_form() {
        for (one, other) in [
            ("STRAẞE", "Straße"),
            ("STRASSE", "straße"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ᾈ", "ᾀ"),
            ("\u{212A}", "k"),
            ("ǅ", "ǆ"),
            ("Ꭰ", "ꭰ"),
            ("𐐀", "𐐨"),
        ] {
            assert_eq!(fold_case(one), fold_case(other));
        }
        assert_ne!(fold_case("é"), fold_case("e"));
    }

    #[test]
    fn searches_ignore_kinds_of_apostrophes_and_the_dot_of_i() {
        for (one, other) in [
            ("İstanbul", "istanbul"),
            ("L’été", "l'été"),
            ("dʼor", "D'OR"),
        ] {
            assert_eq!(search_form(one), search_form(other));
        }
    }
}
