/// Returns the search terms of a query: lower case, split at white space, sorted, without
/// duplicates.
///
/// ```
/// use votify_core::backend::search_terms;
///
/// assert_eq!(search_terms("Lunch today LUNCH"), ["lunch", "today"]);
/// ```
#[must_use]
pub fn search_terms(query: &str) -> Vec<String> {
    let mut terms: Vec<String> = search_key(query)
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Returns the form of a title that searches compare: lower case. Every store saves it
/// with the title, so that all stores find the same polls.
#[must_use]
pub fn search_key(title: &str) -> String {
    title.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_terms_are_lower_case_and_unique() {
        assert_eq!(search_terms("  Öl  lunch LUNCH "), ["lunch", "öl"]);
        assert!(search_terms(" ").is_empty());
    }
}
