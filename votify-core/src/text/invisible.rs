/// Returns true if nothing of the text is visible.
pub(crate) fn looks_empty(text: &str) -> bool {
    text.chars().all(|c| is_blank(c) || is_invisible(c))
}

/// Returns true if a character takes space and shows nothing.
///
/// Unicode's `White_Space`, and blanks that it counts as symbols or letters: of braille,
/// of musical notes and of hieroglyphs.
pub(super) const fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{2800}' | '\u{1D159}' | '\u{13441}'..='\u{13442}')
}

/// Returns true if a character is invisible: Unicode's `Default_Ignorable_Code_Point`, and
/// what no common program shows: the marks of interlinear annotations, the replacement of
/// an object, and code points that are no characters.
///
/// Source: Unicode Character Database, `DerivedCoreProperties.txt`. The property includes
/// ranges for future characters, so the list remains valid.
pub(super) const fn is_invisible(c: char) -> bool {
    is_noncharacter(c)
        || matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFC}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Returns true for Unicode's `Noncharacter_Code_Point`.
const fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{FDD0}'..='\u{FDEF}') || matches!(c as u32 & 0xFFFF, 0xFFFE | 0xFFFF)
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    /// The tables of regex-syntax are generated from the Unicode Character Database.
    #[test]
    fn all_ignorable_characters_are_invisible() {
        let property =
            r"[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{FFF9}-\u{FFFC}]";
        let hir = regex_syntax::parse(property).unwrap();
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
            panic!("{hir:?}");
        };
        let expected: Vec<char> = class
            .ranges()
            .iter()
            .flat_map(|range| range.start()..=range.end())
            .collect();
        let invisible: Vec<char> = ('\0'..=char::MAX).filter(|c| is_invisible(*c)).collect();
        assert_eq!(invisible, expected);
    }
}
