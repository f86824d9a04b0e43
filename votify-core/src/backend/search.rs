use unicode_segmentation::UnicodeSegmentation;

use crate::text::search_form;

/// The maximum number of characters of a search word. Further characters are ignored.
pub const SEARCH_WORD_MAX: usize = 64;

/// The length in characters from which a word of a run is long enough.
const RUN_WORD_MIN: usize = 8;

/// Returns the words of a query as searches compare them, sorted, without duplicates.
///
/// A poll matches a query if each word of the query is the beginning of one of the
/// [`title_words`] of its title.
///
/// Words are those of Unicode UAX #29, after NFKC and case folding, without invisible
/// characters. Punctuation is ignored. Words have at most [`SEARCH_WORD_MAX`] characters.
///
/// Some scripts have no spaces between words, for example Chinese and Thai. There,
/// UAX #29 separates characters. A run of them is cut into words of 8 characters.
///
/// ```
/// use votify_core::backend::search_words;
///
/// assert_eq!(search_words("Lunch, today? LUNCH!"), ["lunch", "today"]);
/// assert_eq!(search_words("Straße \u{FF24}\u{AD}rei"), ["drei", "strasse"]);
/// assert_eq!(search_words("東京都"), ["東京都"]);
/// ```
#[must_use]
pub fn search_words(query: &str) -> Vec<String> {
    let form = search_form(query);
    let mut words = Vec::new();
    for run in runs(&form) {
        let mut rest = &run[..];
        while !rest.is_empty() {
            let (word, segments) = first_word(rest);
            words.push(word);
            rest = &rest[segments..];
        }
    }
    sorted(words)
}

/// Returns the words of a title with which searches compare the [`search_words`] of a
/// query, sorted, without duplicates.
///
/// Every store saves these words, so that all stores find the same polls. They are the
/// `search_words` of the title, except in a run of a script without spaces: a word begins
/// at each of its characters, so that a query finds every part of the run.
///
/// ```
/// use votify_core::backend::{matches_words, search_words, title_words};
///
/// let words = title_words("Lunch in 東京都?");
/// assert_eq!(words, ["in", "lunch", "京都", "東京都", "都"]);
/// assert!(matches_words(&words, &search_words("京都 LUN")));
/// ```
#[must_use]
pub fn title_words(title: &str) -> Vec<String> {
    let form = search_form(title);
    let words = runs(&form).into_iter().flat_map(|run| {
        let starts = 0..run.len();
        starts.map(move |start| first_word(&run[start..]).0)
    });
    sorted(words.collect())
}

/// Returns the segments of UAX #29 with a letter or digit. Adjacent segments form a run.
/// In scripts with spaces, a run is one segment.
fn runs(text: &str) -> Vec<Vec<&str>> {
    let mut runs: Vec<Vec<&str>> = Vec::new();
    let mut end = 0;
    for (start, segment) in text.unicode_word_indices() {
        match runs.last_mut() {
            Some(run) if start == end => run.push(segment),
            _ => runs.push(vec![segment]),
        }
        end = start + segment.len();
    }
    runs
}

/// Concatenates segments until the word has [`RUN_WORD_MIN`] characters. Returns the word
/// and the number of its segments.
fn first_word(run: &[&str]) -> (String, usize) {
    let mut word = String::new();
    let (mut length, mut segments) = (0, 0);
    for segment in run {
        if length >= RUN_WORD_MIN {
            break;
        }
        word.push_str(segment);
        length += segment.chars().count();
        segments += 1;
    }
    (word.chars().take(SEARCH_WORD_MAX).collect(), segments)
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort_unstable();
    words.dedup();
    words
}

/// Returns true if each query word is the beginning of a title word. They are results of
/// [`title_words`] and [`search_words`].
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
    use proptest::prelude::*;

    use super::*;

    fn matches(title: &str, query: &str) -> bool {
        matches_words(&title_words(title), &search_words(query))
    }

    #[test]
    fn words_are_unique_and_folded() {
        assert_eq!(search_words("  Öl  lunch LUNCH "), ["lunch", "öl"]);
        assert_eq!(search_words("ΣΊΣΥΦΟΣ σίσυφος"), ["σίσυφοσ"]);
        assert!(search_words(" ?! ").is_empty());
        assert!(search_words(" __ ").is_empty());
    }

    #[test]
    fn each_query_word_begins_a_title_word() {
        assert!(matches("Lunch on Friday?", "fri lun"));
        assert!(matches("Lunch on Friday?", ""));
        assert!(!matches("Lunch on Friday?", "day"));
        assert!(!matches("Lunch on Friday?", "lunch monday"));
        assert!(matches("lun\u{200B}ch", "LUNCH"));
        for low_line in ['_', '\u{FF3F}', '\u{203F}', '\u{FE4D}'] {
            assert!(matches(&format!("team{low_line}lunch"), "lunch"));
            assert!(matches("team lunch", &format!("team{low_line}lun")));
        }
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
    fn runs_without_spaces_match_by_their_parts() {
        let thai = "ร้านกาแฟที่ดีที่สุดในกรุงเทพมหานคร";
        assert!(matches(thai, "กาแฟ"));
        assert!(matches(thai, "กรุงเทพมหานคร"));
        assert!(!matches(thai, "ฟาแก"), "the same letters in another order");
        assert!(matches("今晚去東京タワー2026吗", "東京タ"));
        assert!(matches("今晚去東京タワー2026吗", "タワー2026"));
        assert!(!matches("今晚去東京", "京東"));
        assert_eq!(search_words(thai).len(), 5, "words of 8 characters");
        assert_eq!(search_words("Lunch 2026"), title_words("Lunch 2026"));
    }

    proptest! {
        #[test]
        fn every_part_of_a_run_matches(title in "[ก-ฮา東京都今天ひらカタx7]{1,40}", start: usize, end: usize) {
            let form = search_form(&title);
            let segments: Vec<&str> = form.unicode_words().collect();
            let start = start % segments.len();
            let part = segments[start..].concat();
            let length = 1 + end % part.chars().count();
            let query: String = part.chars().take(length).collect();
            prop_assert!(matches(&title, &query), "{} {}", title, query);
        }
    }

    #[test]
    fn long_words_are_truncated_on_both_sides() {
        let long = "a".repeat(SEARCH_WORD_MAX + 9);
        assert!(matches(&long, &format!("{long}b")));
        assert_eq!(search_words(&long), ["a".repeat(SEARCH_WORD_MAX)]);
    }
}
