use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

use super::invisible::{is_blank, is_invisible};

const ZERO_WIDTH_JOINER: char = '\u{200D}';
/// Begins the flag of a region, followed by the region's code in tags.
const BLACK_FLAG: char = '\u{1F3F4}';

/// Returns the same key for texts that look the same, apart from letters of different
/// scripts that look alike.
///
/// The key is the text in NFKC without invisible characters, and with each run of blanks
/// as one space. Unlike in NFKC and among invisible characters, these make a difference:
///
/// - super- and subscript digits and signs, since 10² is not 102;
/// - joiners between emoji, since a family looks different from its members. Those between
///   emoji that no font joins too: which ones fonts join changes each year, and a text must
///   not be refused because it is newer than this code;
/// - tags of flags, since the flags of England and Scotland differ in nothing else.
pub(crate) fn comparison_key(text: &str) -> String {
    let mut decomposed = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        if is_region_flag(cluster) {
            decomposed.push_str(cluster);
        } else {
            push_cluster(&mut decomposed, cluster);
        }
    }
    // Composes after invisible characters between a letter and its accent are gone.
    let composed: String = decomposed.nfc().collect();
    let words: Vec<&str> = composed.split_whitespace().collect();
    words.join(" ")
}

/// Adds one grapheme cluster in compatibility decomposition.
fn push_cluster(decomposed: &mut String, cluster: &str) {
    let mut chars = cluster.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ZERO_WIDTH_JOINER {
            if chars.peek().is_some_and(|next| is_joined(*next)) {
                decomposed.push(c);
            }
        } else if is_raised_or_lowered(c) {
            decomposed.push(c);
        } else if matches!(c, '\u{3164}' | '\u{FFA0}') {
            // Fillers of Hangul outside of a syllable, which fonts show as blanks.
            decomposed.push(' ');
        } else {
            decompose_compatible(c, |part| {
                if is_blank(part) {
                    decomposed.push(' ');
                } else if !is_invisible(part) {
                    decomposed.push(part);
                }
            });
        }
    }
}

/// Returns true if a character after a joiner in the same cluster is an emoji that the
/// joiner connects with the emoji before it.
///
/// Clusters contain nothing else after a joiner but letters of Indic conjuncts, combining
/// marks, skin tones and invisible characters (UAX #29, rules GB9 to GB11).
fn is_joined(next: char) -> bool {
    let is_skin_tone = matches!(next, '\u{1F3FB}'..='\u{1F3FF}');
    !next.is_alphanumeric() && !is_combining_mark(next) && !is_skin_tone && !is_invisible(next)
}

/// Returns true for super- and subscript digits and signs.
const fn is_raised_or_lowered(c: char) -> bool {
    matches!(
        c,
        '\u{B2}' | '\u{B3}' | '\u{B9}' | '\u{2070}' | '\u{2074}'..='\u{208E}'
    )
}

/// Returns true for a black flag with the code of a region: tags of 3 to 6 letters and
/// digits and the final tag (UTS #51).
fn is_region_flag(cluster: &str) -> bool {
    let Some(tags) = cluster.strip_prefix(BLACK_FLAG) else {
        return false;
    };
    let Some(code) = tags.strip_suffix('\u{E007F}') else {
        return false;
    };
    let is_code_tag = |c| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}');
    (3..=6).contains(&code.chars().count()) && code.chars().all(is_code_tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{looks_empty, shown_form};

    #[test]
    fn keys_are_composed_and_collapsed() {
        for (text, key) in [
            (" a \u{A0}\n b ", "a b"),
            ("e\u{200B}\u{301}", "é"),
            ("１０²", "10²"),
            ("x\u{2080}", "x\u{2080}"),
            ("\u{FDFA}", "صلى الله عليه وسلم"),
            ("´", "\u{301}"),
            ("a\u{3164}b\u{FFA0}c", "a b c"),
            ("a\u{FFFC}b\u{10FFFF}", "ab"),
            ("Ⅳ ℃ ﬃ", "IV °C ffi"),
            ("\u{200B}\u{2800}", ""),
        ] {
            assert_eq!(comparison_key(text), key, "{text:?}");
        }
    }

    /// Also where no font joins the emoji, as documented in `docs/http-api.md`.
    #[test]
    fn joiners_between_any_emoji_make_a_difference() {
        for (joined, apart) in [("👩\u{200D}👦", "👩👦"), ("🍕\u{200D}🍣", "🍕🍣")]
        {
            assert_ne!(comparison_key(joined), comparison_key(apart));
        }
    }

    proptest! {
        #[test]
        fn keys_are_stable(text in r"[\pL\pM\pN\pS\pZ\p{Cf}a-c \u{1F3F4}\u{E0061}-\u{E007F}]{0,12}") {
            let key = comparison_key(&text);
            prop_assert_eq!(&comparison_key(&shown_form(&text)), &key);
            prop_assert_eq!(key.is_empty(), looks_empty(&text));
        }
    }
}
