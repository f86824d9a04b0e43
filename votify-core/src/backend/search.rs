use unicode_segmentation::UnicodeSegmentation;

use crate::text::search_form;

/// The maximum number of characters of a search word. Further characters are ignored.
pub const SEARCH_WORD_MAX: usize = 64;

/// Returns the words of a title or a query as searches compare them, sorted, without
/// duplicates.
///
/// A poll matches a query if each word of the query is the beginning of a word of its
/// title. Every store saves the words of a title, so that all stores find the same polls.
///
/// Words are those of Unicode UAX #29, after NFKC and case folding, without invisible
/// characters. Punctuation is ignored. In scripts without spaces between words, such as
/// Chinese and Thai, each character is a word.
///
/// ```
/// use votify_core::backend::search_words;
///
/// assert_eq!(search_words("Lunch, today? LUNCH!"), ["lunch", "today"]);
/// assert_eq!(search_words("Straße \u{FF24}\u{AD}rei"), ["drei", "strasse"]);
/// ```
#[must_use]
pub fn search_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = search_form(text)
        .unicode_words()
        .map(|word| word.chars().take(SEARCH_WORD_MAX).collect())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Returns true if each query word is the beginning of a title word. Both are results of
/// [`search_words`].
#[must_use]
pub fn matches_words(title_words: &[String], query_words: &[String]) -> bool {
    query_words.iter().all(|wanted| {
        // Sorted, so the first word that is not smaller is the only candidate.
        let first = title_words.partition_point(|word| word < wanted);
        title_words
            .get(first)
            .is_some_and(|word| word.starts_with(wanted.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(title: &str, query: &str) -> bool {
        matches_words(&search_words(title), &search_words(query))
    }

    #[test]
    fn words_are_unique_and_folded() {
        assert_eq!(search_words("  Öl  lunch LUNCH "), ["lunch", "öl"]);
        assert_eq!(search_words("ΣΊΣΥΦΟΣ σίσυφος"), ["σίσυφοσ"]);
        assert!(search_words(" ?! ").is_empty());
    }

    #[test]
    fn each_query_word_begins_a_title_word() {
        assert!(matches("Lunch on Friday?", "fri lun"));
        assert!(matches("Lunch on Friday?", ""));
        assert!(!matches("Lunch on Friday?", "day"));
        assert!(!matches("Lunch on Friday?", "lunch monday"));
        assert!(matches("lun\u{200B}ch", "LUNCH"));
        assert!(matches("e\u{301}te\u{301}", "\u{C9}t\u{C9}"));
    }

    #[test]
    fn words_match_in_every_script() {
        for (title, query) in [
            ("STRAẞE", "strasse"),
            ("Ｐｉｚｚａ ①", "pizza 1"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ПРИВЕТ", "при"),
            ("مرحبا بالعالم", "بالع مرح"),
            ("می\u{200C}خواهم", "میخواهم"),
            ("שלום עולם", "עול"),
            ("ภาษาไทย", "ไทย"),
            ("हिन्दी भाषा", "हिन्"),
            ("\u{1112}\u{1161}\u{11AB}국어", "한국"),
            ("ｶﾞﾑ テスト", "ガム"),
            ("今天吃什么", "吃什"),
            ("𐐀𐐁", "𐐨𐐩"),
            ("m²", "M2"),
        ] {
            assert!(matches(title, query), "{title} {query}");
        }
    }

    #[test]
    fn long_words_are_truncated_on_both_sides() {
        let long = "a".repeat(SEARCH_WORD_MAX + 9);
        assert!(matches(&long, &format!("{long}b")));
        assert_eq!(search_words(&long), ["a".repeat(SEARCH_WORD_MAX)]);
    }
}
