//! Removes from scripts and styles what browsers do not need.

/// Returns a script or stylesheet without the comments at the beginnings of lines, blank
/// lines and indentation. They are a third of our files. The line breaks stay, so nothing
/// changes the meaning: our files have no literal of several lines.
pub(super) fn without_comments(text: &str) -> String {
    let mut compact = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines() {
        let mut line = line.trim();
        if in_comment || line.starts_with("/*") {
            let end = line.find("*/");
            in_comment = end.is_none();
            // Code may follow, as behind a cast in a comment.
            line = end.map_or("", |end| line[end + 2..].trim_start());
        }
        if !line.is_empty() && !line.starts_with("//") {
            compact.push_str(line);
            compact.push('\n');
        }
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::super::{list, shared};
    use super::*;

    #[test]
    fn comments_and_indentation_are_removed() {
        let text =
            "/*\n * Text\n */\n// one\nlet a = 1; // kept\n\n  /** Two. */\n  go(\"/* x\");\n";
        assert_eq!(
            without_comments(text),
            "let a = 1; // kept\ngo(\"/* x\");\n"
        );
    }

    #[test]
    fn code_behind_a_comment_stays() {
        let text = "/** @type {any} */ (timer).unref();\na();\n/*\n x */ b();\n/* 1 */\n";
        assert_eq!(without_comments(text), "(timer).unref();\na();\nb();\n");
    }

    /// A literal of several lines would be damaged.
    #[test]
    fn our_files_are_not_damaged() {
        let is_text = |kind: &str| [list::SCRIPT, list::CSS].contains(&kind);
        let files = list::PAGES.iter().chain(shared::FILES);
        for (path, _, text) in files.filter(|(_, kind, _)| is_text(kind)) {
            let compact = without_comments(text);
            for line in compact.lines() {
                assert_eq!(line.matches('`').count() % 2, 0, "{path}: {line}");
            }
            for (open, close) in [('{', '}'), ('(', ')')] {
                let count = |char: char| compact.matches(char).count();
                assert_eq!(count(open), count(close), "{path}");
            }
        }
    }
}
