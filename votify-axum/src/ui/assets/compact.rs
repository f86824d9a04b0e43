//! Removes from scripts and styles what browsers do not need.

/// A cast for the TypeScript compiler, which checks our scripts.
const CAST: &str = "/** @type {any} */ ";

/// Punctuation of scripts that needs no space beside it.
const PUNCTUATION: &str = "{}()[],;:=<>&|?!";

/// Returns a script without comments, without the spaces around punctuation, and without line
/// breaks after punctuation. Our scripts end statements with semicolons, so no line break
/// has a meaning.
pub(super) fn compact_script(text: &str) -> String {
    let mut compact = String::with_capacity(text.len());
    for line in without_comments(text).lines() {
        let line = compact_line(&line.replace(CAST, ""));
        // The last semicolon of a block and the last comma of a list.
        if line.starts_with(['}', ')', ']']) && compact.ends_with([';', ',']) {
            compact.pop();
        }
        compact.push_str(&line);
        // A comment may end a line.
        if line.contains("//") || !line.ends_with(['{', '}', ';', ',', '(', '[']) {
            compact.push('\n');
        }
    }
    compact
}

/// Returns a line without the spaces around punctuation, or as it is if it has a regular
/// expression, a division, a comment, or a template in a template.
fn compact_line(line: &str) -> String {
    let is_nested = line.contains("${") && line.matches('`').count() > 2;
    let mut compact = String::with_capacity(line.len());
    let mut code = String::new();
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(_), '\\') => {
                compact.push(char);
                compact.extend(chars.next());
            }
            (Some(open), _) => {
                compact.push(char);
                quote = (open != char).then_some(open);
            }
            (None, '/') => return line.to_owned(),
            (None, '"' | '\'' | '`') if !is_nested => {
                push_without_spaces(&code, &mut compact);
                code.clear();
                compact.push(char);
                quote = Some(char);
            }
            (None, '`') => return line.to_owned(),
            (None, _) => code.push(char),
        }
    }
    push_without_spaces(&code, &mut compact);
    compact
}

/// Appends code without the spaces beside punctuation. Those between `+` or `-` stay: `a - -b`
/// needs them.
fn push_without_spaces(code: &str, compact: &mut String) {
    let is_punctuation = |char: Option<char>| char.is_some_and(|char| PUNCTUATION.contains(char));
    let mut chars = code.chars().peekable();
    let mut last = None;
    while let Some(char) = chars.next() {
        let next = chars.peek().copied();
        if char != ' ' || !(is_punctuation(last) || is_punctuation(next)) {
            compact.push(char);
        }
        last = Some(char);
    }
}

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

    #[test]
    fn spaces_around_punctuation_are_removed() {
        for (line, compact) in [
            (
                "if (a && !b) return { c: [1, 2] };",
                "if(a&&!b)return{c:[1,2]};",
            ),
            ("const x = y - -z;", "const x=y - -z;"),
            ("f(\"a , b\", c = \"\");", "f(\"a , b\",c=\"\");"),
            ("import { a } from \"a\";", "import{a}from \"a\";"),
            ("g(/** @type {any} */ a, b);", "g(a,b);"),
            ("h(`a , ${b} c`, d);", "h(`a , ${b} c`,d);"),
            ("h(\"a \\\" , b\", c);", "h(\"a \\\" , b\",c);"),
            ("i('a , \"b', c);", "i('a , \"b',c);"),
            ("j(/a , b/, c);", "j(/a , b/, c);"),
            (
                "k(`a${b ? `c , d` : e}`, f);",
                "k(`a${b ? `c , d` : e}`, f);",
            ),
        ] {
            assert_eq!(compact_line(&line.replace(CAST, "")), compact);
        }
    }

    #[test]
    fn line_breaks_stay_where_a_statement_may_end() {
        let script = "if (a) {\n  b(\n    c,\n  );\n  d() // e;\n}\nf\n";
        assert_eq!(compact_script(script), "if(a){b(c);d() // e;\n}f\n");
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
