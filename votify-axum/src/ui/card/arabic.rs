//! Joins Arabic letters: replaces letters by the forms that they take in a word.
//!
//! Fonts do this with tables that only a shaping engine reads. Unicode also has the forms
//! as characters of their own (Arabic Presentation Forms), whose compatibility
//! decompositions are the letters. The forms of a letter follow one another: isolated,
//! final, initial, medial. A letter with two forms joins only the letter before it.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// The blocks of the forms: of Persian, Urdu and other languages, and of Arabic.
const FORMS: [RangeInclusive<char>; 2] = ['\u{fb50}'..='\u{fbb1}', '\u{fe80}'..='\u{fefc}'];
const LAM: char = '\u{644}';
const TATWEEL: char = '\u{640}';

/// The forms of a letter: one, two or four.
static LETTERS: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut letters: HashMap<char, Vec<char>> = HashMap::new();
    for (form, parts) in decompositions() {
        if let [letter] = parts[..] {
            letters.entry(letter).or_default().push(form);
        }
    }
    letters
});

/// The ligatures of lam and a form of alef: isolated and final.
static LAM_ALEFS: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut ligatures: HashMap<char, Vec<char>> = HashMap::new();
    for (form, parts) in decompositions() {
        if let [LAM, alef] = parts[..] {
            ligatures.entry(alef).or_default().push(form);
        }
    }
    ligatures
});

fn decompositions() -> impl Iterator<Item = (char, Vec<char>)> {
    FORMS.into_iter().flatten().map(|form| {
        let parts = std::iter::once(form).nfkc().collect();
        (form, parts)
    })
}

/// Returns the text with each letter in the form that its neighbours ask for, in logical
/// order. Vowel marks must have been removed.
pub(super) fn join(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut joined = String::with_capacity(text.len());
    let mut previous = None;
    let mut index = 0;
    while let Some(&letter) = letters.get(index) {
        let next = letters.get(index + 1).copied();
        let ligature = next
            .filter(|_| letter == LAM)
            .and_then(|next| LAM_ALEFS.get(&next));
        let (forms, width) = match ligature {
            Some(forms) => (Some(forms), 2),
            None => (LETTERS.get(&letter), 1),
        };
        let joins_previous = previous.is_some_and(joins_next) && can_join(forms, letter);
        let after = letters.get(index + width).copied();
        let joins_after = width == 1
            && joins_next(letter)
            && after.is_some_and(|after| can_join(LETTERS.get(&after), after));
        let form = forms.and_then(|forms| {
            forms.get(match (joins_previous, joins_after) {
                (false, false) => 0,
                (true, false) => 1,
                (false, true) => 2,
                (true, true) => 3,
            })
        });
        joined.push(form.copied().unwrap_or(letter));
        // A ligature ends in an alef, which joins nothing after it.
        previous = Some(letter).filter(|_| width == 1);
        index += width;
    }
    joined
}

/// Returns true if a letter joins the one before it.
fn can_join(forms: Option<&Vec<char>>, letter: char) -> bool {
    letter == TATWEEL || forms.is_some_and(|forms| forms.len() >= 2)
}

/// Returns true if a letter joins the one after it.
fn joins_next(letter: char) -> bool {
    letter == TATWEEL || LETTERS.get(&letter).is_some_and(|forms| forms.len() >= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_take_the_forms_of_their_places() {
        // Beh, yeh, teh: initial, medial, final.
        assert_eq!(join("بيت"), "\u{fe91}\u{fef4}\u{fe96}");
        // Dal joins only the letter before it.
        assert_eq!(join("دب"), "\u{fea9}\u{fe8f}");
        assert_eq!(join("بد"), "\u{fe91}\u{feaa}");
        // Hamza joins nothing.
        assert_eq!(join("بء"), "\u{fe8f}\u{fe80}");
        // Peh and gaf of Persian.
        assert_eq!(join("پگ"), "\u{fb58}\u{fb93}");
    }

    #[test]
    fn lam_and_alef_become_one_sign() {
        assert_eq!(join("لا"), "\u{fefb}");
        assert_eq!(join("سلام"), "\u{feb3}\u{fefc}\u{fee1}");
    }

    #[test]
    fn other_scripts_stay_as_they_are() {
        for text in ["", "Lunch?", "שלום", "Ελλάδα", "a ب"] {
            let joined = join(text);
            assert_eq!(joined.nfkc().collect::<String>(), text);
        }
    }
}
