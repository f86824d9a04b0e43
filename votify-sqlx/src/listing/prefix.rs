//! The words with a prefix, as a range in the order of bytes.

/// Returns the smallest text with a prefix, and a text after all others with the prefix.
pub(super) fn prefix_range(prefix: &str) -> [String; 2] {
    [prefix.to_owned(), after_prefix(prefix)]
}

/// Returns the prefix with its last character replaced by the next one. The order of
/// characters is that of their bytes in UTF-8.
fn after_prefix(prefix: &str) -> String {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return chars.into_iter().collect();
        }
    }
    // No word consists of this character, which Unicode assigns to nothing.
    char::MAX.to_string().repeat(2 + prefix.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_range_has_exactly_the_words_with_the_prefix() {
        for (prefix, inside, outside) in [
            ("lun", "lunch", "luo"),
            ("z", "z\u{10FFFF}", "{"),
            ("a\u{D7FF}", "a\u{D7FF}b", "a\u{E000}"),
            ("a\u{10FFFF}", "a\u{10FFFF}b", "b"),
            ("\u{10FFFF}", "\u{10FFFF}b", ""),
        ] {
            let end = after_prefix(prefix);
            let range = prefix..end.as_str();
            assert!(
                range.contains(&prefix) && range.contains(&inside),
                "{prefix}"
            );
            assert!(!range.contains(&outside), "{prefix}");
        }
    }
}
