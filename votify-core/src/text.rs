//! How texts are compared.

use unicode_normalization::UnicodeNormalization;

/// Folds case. Upper case first, because several lower-case forms share one capital (ς
/// and σ, ß and ss).
pub(crate) fn fold_case(text: &str) -> String {
    let folded = text.chars().flat_map(char::to_uppercase);
    folded.flat_map(char::to_lowercase).nfkc().collect()
}

/// Returns true if a character is invisible: Unicode's `Default_Ignorable_Code_Point`.
///
/// Source: Unicode Character Database, `DerivedCoreProperties.txt`.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
