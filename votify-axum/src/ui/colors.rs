//! The colors of a theme, which cannot contain anything but a color.

use std::fmt;
use std::str::FromStr;

/// A color of CSS: `#4a3aff`, or a function of numbers such as `rgb(74 58 255)` or
/// `oklch(55% 0.2 275)`.
///
/// ```
/// use votify_axum::Color;
///
/// let color: Color = "oklch(55% 0.2 275)".parse()?;
/// assert_eq!(color.to_string(), "oklch(55% 0.2 275)");
/// assert!("red; } body { display: none".parse::<Color>().is_err());
/// # Ok::<(), votify_axum::InvalidColor>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Color(String);

/// The text is not a color such as `#4a3aff` or `oklch(55% 0.2 275)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a color such as #4a3aff, rgb(74 58 255), hsl(245 100% 61%) or oklch(55% 0.2 275)"
)]
pub struct InvalidColor;

/// The functions whose arguments are numbers.
const FUNCTIONS: [&str; 9] = [
    "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch",
];
/// Maximum length of a color in bytes.
const MAX_BYTES: usize = 64;

impl FromStr for Color {
    type Err = InvalidColor;

    fn from_str(text: &str) -> Result<Self, InvalidColor> {
        let text = text.trim();
        let is_color = text.len() <= MAX_BYTES && (is_hex(text) || is_function(text));
        is_color.then(|| Self(text.to_owned())).ok_or(InvalidColor)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_hex(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        [3, 4, 6, 8].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Returns true for a known function of three or four numbers, with units of angles and
/// percentages.
fn is_function(text: &str) -> bool {
    let Some((name, arguments)) = text.split_once('(') else {
        return false;
    };
    let Some(arguments) = arguments.strip_suffix(')') else {
        return false;
    };
    let is_known = FUNCTIONS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
    let separators = |char: char| char.is_ascii_whitespace() || char == ',' || char == '/';
    let mut numbers = arguments.split(separators).filter(|text| !text.is_empty());
    let count = numbers.clone().count();
    is_known && (3..=4).contains(&count) && numbers.all(is_number)
}

fn is_number(text: &str) -> bool {
    let digits = ["deg", "turn", "rad", "%"]
        .iter()
        .find_map(|unit| text.strip_suffix(unit))
        .unwrap_or(text);
    text == "none" || digits.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The colors of pages in light or dark. A color that is absent keeps its default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ThemeColors {
    /// Buttons, links, the chosen option and bars. Defaults to a blue-violet.
    pub accent: Option<Color>,
    /// Text on the accent color.
    pub on_accent: Option<Color>,
    /// The background of pages.
    pub background: Option<Color>,
    /// The background of cards and fields.
    pub surface: Option<Color>,
    /// The main text.
    pub text: Option<Color>,
    /// Less important text.
    pub muted: Option<Color>,
    /// Lines around cards and fields.
    pub border: Option<Color>,
}

impl ThemeColors {
    /// Returns the names of the CSS properties and their colors.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&'static str, &Color)> {
        [
            ("--votify-accent", &self.accent),
            ("--votify-on-accent", &self.on_accent),
            ("--votify-background", &self.background),
            ("--votify-surface", &self.surface),
            ("--votify-text", &self.text),
            ("--votify-muted", &self.muted),
            ("--votify-border", &self.border),
        ]
        .into_iter()
        .filter_map(|(name, color)| Some((name, color.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_parsed() {
        for good in [
            "#fff",
            "#4A3aff",
            "#4a3affcc",
            " #fff ",
            "rgb(74 58 255)",
            "rgba(74, 58, 255, 0.5)",
            "hsl(245deg 100% 61% / 50%)",
            "oklch(55% 0.2 275)",
            "OKLCH(0.55 0.2 275)",
            "lab(50% none -20)",
        ] {
            assert_eq!(good.parse::<Color>().unwrap().to_string(), good.trim());
        }
        for bad in [
            "",
            "red",
            "#ff",
            "#ggg",
            "rgb(1 2)",
            "rgb(1 2 3",
            "rgb(1 2 3 4 5)",
            "rgb(inf 2 3)",
            "url(1 2 3)",
            "var(--x)",
            "rgb(1 2 3); } body { color: #000",
            "rgb(1 2 3)/*",
            "calc(1 2 3)",
            "rgb(1 2 3)\n#fff",
        ] {
            assert!(bad.parse::<Color>().is_err(), "{bad}");
        }
    }
}
