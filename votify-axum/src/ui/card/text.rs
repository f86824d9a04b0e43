//! Prepares texts for the fonts of the card, which are drawn without a shaping engine.

use std::iter;

use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::arabic;
use super::font::Font;

/// Ranges of letters that join or stack, which takes a shaping engine: Syriac, Thaana and
/// N'Ko, scripts of India and Southeast Asia, Mongolian.
const UNSHAPED: [(char, char); 3] = [
    ('\u{700}', '\u{fff}'),
    ('\u{1000}', '\u{109f}'),
    ('\u{1700}', '\u{18af}'),
];
/// Vowel marks of Hebrew and Arabic. Texts are read without them.
const VOWEL_MARKS: [(char, char); 5] = [
    ('\u{591}', '\u{5c7}'),
    ('\u{610}', '\u{61a}'),
    ('\u{64b}', '\u{65f}'),
    ('\u{670}', '\u{670}'),
    ('\u{6d6}', '\u{6ed}'),
];

/// A text that a font can draw, in logical order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DrawableText {
    text: String,
    is_right_to_left: bool,
}

impl DrawableText {
    /// Prepares a text. Emoji and signs that the font lacks are left out.
    ///
    /// Returns `None` if the font lacks a letter, a digit or a mark, or if nothing is left.
    pub(super) fn new(text: &str, font: &Font) -> Option<Self> {
        let mut kept = String::with_capacity(text.len());
        for letter in text.nfc() {
            if letter.is_whitespace() || is_within(letter, &VOWEL_MARKS) {
                // A mark has no width, and a run of blanks is one.
                if letter.is_whitespace() && !kept.is_empty() && !kept.ends_with(' ') {
                    kept.push(' ');
                }
                continue;
            }
            if is_invisible(letter) {
                continue;
            }
            let is_text = letter.is_alphanumeric() || is_combining_mark(letter);
            let is_drawable = font.has(letter) && !is_within(letter, &UNSHAPED);
            match (is_drawable, is_text) {
                (true, _) => kept.push(letter),
                (false, true) => return None,
                (false, false) => {}
            }
        }
        let text = arabic::join(kept.trim_end());
        if text.is_empty() || !text.chars().all(|letter| font.has(letter)) {
            return None;
        }
        let is_right_to_left = BidiInfo::new(&text, None)
            .paragraphs
            .first()
            .is_some_and(|paragraph| paragraph.level.is_rtl());
        Some(Self {
            text,
            is_right_to_left,
        })
    }

    /// Returns true if the text begins at the right.
    pub(super) const fn is_right_to_left(&self) -> bool {
        self.is_right_to_left
    }

    /// Breaks the text into lines of at most `width`, each in visual order. What does not
    /// fit into `max_lines` is cut off, and an ellipsis takes its place.
    pub(super) fn lines(
        &self,
        font: &Font,
        size: f32,
        width: f32,
        max_lines: usize,
    ) -> Vec<String> {
        let mut lines = wrapped(&self.text, font, size, width);
        if lines.len() > max_lines {
            lines.truncate(max_lines);
            if let Some(last) = lines.last_mut() {
                *last = with_ellipsis(last, font, size, width);
            }
        }
        let lines = lines.iter();
        lines.map(|line| self.visual(line)).collect()
    }

    /// Returns a line in the order in which it is drawn from left to right.
    fn visual(&self, line: &str) -> String {
        let level = if self.is_right_to_left {
            Level::rtl()
        } else {
            Level::ltr()
        };
        let info = BidiInfo::new(line, Some(level));
        let Some(paragraph) = info.paragraphs.first() else {
            return String::new();
        };
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        let mut visual = String::with_capacity(line.len());
        for run in runs {
            let is_right_to_left = levels.get(run.start).is_some_and(Level::is_rtl);
            let run = line.get(run).unwrap_or_default();
            if is_right_to_left {
                visual.extend(run.chars().rev().map(mirrored));
            } else {
                visual.push_str(run);
            }
        }
        visual
    }
}

/// Breaks a text at blanks, and words that are too long between letters.
fn wrapped(text: &str, font: &Font, size: f32, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let candidate = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if font.width(&candidate, size) <= width {
            line = candidate;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars() {
            line.push(letter);
            if font.width(&line, size) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, letter.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Returns the beginning of a line that fits with an ellipsis behind it.
fn with_ellipsis(line: &str, font: &Font, size: f32, width: f32) -> String {
    let mut letters: Vec<char> = line.chars().collect();
    loop {
        let kept = letters.iter().collect::<String>();
        let candidate: String = kept.trim_end().chars().chain(iter::once('…')).collect();
        if letters.is_empty() || font.width(&candidate, size) <= width {
            return candidate;
        }
        letters.pop();
    }
}

fn is_within(letter: char, ranges: &[(char, char)]) -> bool {
    ranges
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&letter))
}

/// Returns true for characters that only join, isolate or decorate others.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{20e3}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Returns the sign that stands for a bracket in a text from right to left.
const fn mirrored(letter: char) -> char {
    match letter {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        '‹' => '›',
        '›' => '‹',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str) -> Option<DrawableText> {
        DrawableText::new(text, Font::regular())
    }

    fn shown(text: &str) -> Option<String> {
        let lines = prepared(text)?.lines(Font::regular(), 20.0, 1e6, 1);
        lines.into_iter().next()
    }

    #[test]
    fn scripts_of_the_font_are_drawn() {
        for text in [
            "Lunch?",
            "Größe",
            "Ελλάδα",
            "Привет",
            "Հայաստան",
            "საქართველო",
            "10 €",
        ] {
            assert_eq!(shown(text).as_deref(), Some(text));
        }
        assert_eq!(shown("Cafe\u{301}").as_deref(), Some("Café"));
    }

    #[test]
    fn emoji_that_the_font_lacks_are_left_out() {
        assert_eq!(shown("🍕 Pizza  👩‍👩‍👧").as_deref(), Some("Pizza"));
        assert_eq!(shown("1\u{fe0f}\u{20e3} One").as_deref(), Some("1 One"));
        assert_eq!(shown("🍕"), None);
    }

    #[test]
    fn a_text_with_a_missing_letter_is_not_drawn_at_all() {
        for text in ["日本", "Tokyo 東京", "ไทย", "हिन्दी", "ދިވެހި"] {
            assert_eq!(prepared(text), None, "{text}");
        }
    }

    #[test]
    fn right_to_left_texts_are_reversed() {
        let text = prepared("שלום (עולם)").unwrap();
        assert!(text.is_right_to_left());
        assert_eq!(shown("שלום (עולם)").as_deref(), Some("(םלוע) םולש"));
        // Numbers keep their order, and vowel marks are left out.
        assert_eq!(shown("שָׁלוֹם 25").as_deref(), Some("25 םולש"));
        assert!(!prepared("Say שלום").unwrap().is_right_to_left());
        assert_eq!(shown("بيت").as_deref(), Some("\u{fe96}\u{fef4}\u{fe91}"));
    }

    #[test]
    fn lines_break_at_blanks_and_end_with_an_ellipsis() {
        let font = Font::regular();
        let text = prepared("aaa bbb ccc ddd").unwrap();
        let width = font.width("aaa bbb", 20.0) + 1.0;
        assert_eq!(text.lines(font, 20.0, width, 2), ["aaa bbb", "ccc ddd"]);
        let cut = text.lines(font, 20.0, width, 1);
        assert!(
            cut[0].starts_with("aaa b") && cut[0].ends_with('…'),
            "{cut:?}"
        );
        let long = prepared(&"w".repeat(100)).unwrap();
        let lines = long.lines(font, 20.0, 200.0, 3);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| font.width(line, 20.0) <= 200.0));
    }
}
