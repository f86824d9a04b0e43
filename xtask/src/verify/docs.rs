use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{cargo, git_ls_files, output, root, run};

/// Checks that relative links in Markdown files lead to existing files and headings.
///
/// # Errors
/// Returns an error that lists every broken link with its file and line.
pub(super) fn check_links() -> Result<()> {
    let mut broken = Vec::new();
    for name in output(&mut git_ls_files("*.md"))?.lines() {
        let path = root().join(name);
        // A deleted file stays in the index until the deletion is staged.
        if !path.exists() {
            continue;
        }
        for (line, target) in relative_links(&fs::read_to_string(&path)?) {
            if let Err(error) = check_link(&path, &target) {
                broken.push(format!("{name}:{line}: {target}: {error:#}"));
            }
        }
    }
    ensure!(
        broken.is_empty(),
        "broken links:\n  {}",
        broken.join("\n  ")
    );
    Ok(())
}

/// Checks that the tests which `CONTRIBUTING.md` runs by name exist.
///
/// # Errors
/// Returns an error that names the first missing test.
pub(super) fn check_test_names() -> Result<()> {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md"))?;
    let commands = text
        .lines()
        .filter(|line| line.starts_with("cargo nextest run") || line.starts_with("cargo test"));
    // A word with an underscore is a function; a word without may be a part of a name.
    let is_function = |word: &&str| word.contains('_') && !word.contains('=');
    for name in commands.flat_map(str::split_whitespace).filter(is_function) {
        let mut grep = Command::new("git");
        grep.current_dir(root())
            .args(["grep", "--quiet", "--fixed-strings"]);
        let found = grep.args([&format!("fn {name}("), "--", "*.rs"]).status()?;
        ensure!(found.success(), "CONTRIBUTING.md: no test is named {name}");
    }
    Ok(())
}

/// Returns the targets of a document's relative links with their line numbers.
fn relative_links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        for part in line.split("](").skip(1) {
            let target = part.split([')', ' ']).next().unwrap_or_default();
            if !target.contains(':') && !target.is_empty() {
                links.push((number, target.to_owned()));
            }
        }
    }
    links
}

/// Returns the numbered lines of a document that are not in a code block.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

fn check_link(from: &Path, target: &str) -> Result<()> {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => from.to_path_buf(),
        _ => from.parent().context("a file has a folder")?.join(file),
    };
    ensure!(path.exists(), "no such file");
    if !heading.is_empty() && path.extension().is_some_and(|extension| extension == "md") {
        let text = fs::read_to_string(path)?;
        let mut headings = prose(&text).filter(|(_, line)| line.starts_with('#'));
        ensure!(
            headings.any(|(_, line)| anchor(line) == heading),
            "no such heading"
        );
    }
    Ok(())
}

/// Returns the anchor that GitHub derives from a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'))
        .map(|char| if char == ' ' { '-' } else { char })
        .collect()
}

/// Builds the API documentation and rejects warnings, such as broken links.
///
/// The second run, without private items, finds links from public to private items.
///
/// # Errors
/// Returns an error if rustdoc reports a warning or an error.
pub(super) fn check_rustdoc() -> Result<()> {
    let mut internal = cargo(["doc", "--locked", "--no-deps", "--all-features"]);
    internal.args(["--workspace", "--document-private-items"]);
    // The whole workspace again: other packages would need their dependencies checked again,
    // with other features.
    let mut public = cargo(["doc", "--locked", "--no-deps", "--all-features"]);
    public.args(["--workspace", "--lib"]);
    let mut failed = Vec::new();
    for (name, mut doc) in [("internal", internal), ("public", public)] {
        if let Err(error) = run(doc.env("RUSTDOCFLAGS", "-Dwarnings")) {
            failed.push(format!("{name}: {error:#}"));
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_code_blocks() {
        let text = "See [a](a.md#b-c) and [b](https://b.example).\n\
                    ```rust\nlet x = y[0](z);\n```\n![c](c.png \"title\")\n";
        let expected = [(1, "a.md#b-c".to_owned()), (5, "c.png".to_owned())];
        assert_eq!(relative_links(text), expected);
    }

    #[test]
    fn anchors_are_those_of_github() {
        assert_eq!(anchor("## Redis as the store"), "redis-as-the-store");
        assert_eq!(anchor("### `serve`, and more"), "serve-and-more");
    }
}
