//! The look of the pages that a host or operator sets.

use std::fmt::Write as _;

use super::colors::{Color, ThemeColors};
use crate::middleware::origin::Origin;

/// Title, logo, colors and texts of the web pages.
///
/// ```
/// use votify_axum::{Theme, ThemeColors};
///
/// let mut light = ThemeColors::default();
/// light.accent = Some("#006d5b".parse()?);
/// let theme = Theme::new()
///     .title("Student council")
///     .logo("https://example.org/logo.svg")?
///     .light(light)
///     .footer("Questions? votes@example.org");
/// # let _ = theme;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    title: String,
    logo: Option<String>,
    logo_origin: Option<Origin>,
    light: ThemeColors,
    dark: ThemeColors,
    footer: String,
    css: String,
}

/// The reason why a part of a theme is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTheme {
    /// The logo is neither an `http` or `https` URL nor a path that begins with one slash.
    #[error("expected a URL such as https://example.org/logo.svg or a path such as /logo.svg")]
    Logo,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            title: "Votify".to_owned(),
            logo: None,
            logo_origin: None,
            light: ThemeColors::default(),
            dark: ThemeColors::default(),
            footer: String::new(),
            css: String::new(),
        }
    }
}

impl Theme {
    /// Creates the default theme.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the site, in the header and in the title of each page. Defaults to
    /// `Votify`.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the picture beside the title. It is shown 32 px high. Defaults to the logo of
    /// Votify.
    ///
    /// # Errors
    /// - [`InvalidTheme::Logo`]: the text is neither an `http` or `https` URL nor a path that
    ///   begins with one slash.
    pub fn logo(mut self, url: impl Into<String>) -> Result<Self, InvalidTheme> {
        let url = url.into();
        let is_path = url.starts_with('/') && !url.starts_with("//") && !url.contains('\\');
        self.logo_origin = if is_path {
            None
        } else {
            Some(origin_of(&url).ok_or(InvalidTheme::Logo)?)
        };
        self.logo = Some(url);
        Ok(self)
    }

    /// Sets the color of buttons, links and bars in light and dark mode. Defaults to a
    /// blue-violet.
    #[must_use]
    pub fn accent(mut self, color: Color) -> Self {
        self.light.accent = Some(color.clone());
        self.dark.accent = Some(color);
        self
    }

    /// Sets the colors in light mode.
    #[must_use]
    pub fn light(mut self, colors: ThemeColors) -> Self {
        self.light = colors;
        self
    }

    /// Sets the colors in dark mode.
    #[must_use]
    pub fn dark(mut self, colors: ThemeColors) -> Self {
        self.dark = colors;
        self
    }

    /// Sets the text at the end of each page. Defaults to none.
    #[must_use]
    pub fn footer(mut self, text: impl Into<String>) -> Self {
        self.footer = text.into();
        self
    }

    /// Adds CSS after that of the pages, as it is. It may load fonts and pictures from the
    /// site itself only.
    #[must_use]
    pub fn css(mut self, css: impl Into<String>) -> Self {
        self.css = css.into();
        self
    }

    /// Returns the name of the site.
    pub(crate) fn site_title(&self) -> &str {
        &self.title
    }

    /// Returns the URL of the logo, or an empty text for the logo of Votify.
    pub(crate) fn logo_url(&self) -> &str {
        self.logo.as_deref().unwrap_or_default()
    }

    /// Returns the text of the footer.
    pub(crate) fn footer_text(&self) -> &str {
        &self.footer
    }

    /// Returns the accent color in light mode, if it is not the default.
    pub(super) const fn light_accent(&self) -> Option<&Color> {
        self.light.accent.as_ref()
    }

    /// Returns the origin of the logo, if it is not the site's own.
    pub(super) const fn logo_origin(&self) -> Option<&Origin> {
        self.logo_origin.as_ref()
    }

    /// Returns the content of `/theme.css`.
    pub(super) fn stylesheet(&self) -> String {
        let mut css = String::new();
        for (scheme, colors) in [("light", &self.light), ("dark", &self.dark)] {
            let rule = rule(colors);
            if !rule.is_empty() {
                let _ = write!(
                    css,
                    "@media (prefers-color-scheme: {scheme}) {{\n{rule}}}\n"
                );
            }
        }
        css.push_str(&self.css);
        css
    }
}

/// Returns a rule with the properties of colors. Empty if there are none.
fn rule(colors: &ThemeColors) -> String {
    let mut css = String::new();
    for (name, color) in colors.properties() {
        let _ = writeln!(css, "    {name}: {color};");
    }
    if css.is_empty() {
        return css;
    }
    format!("  :root {{\n{css}  }}\n")
}

/// Returns the origin of an absolute URL without characters that end a header's value.
fn origin_of(url: &str) -> Option<Origin> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let scheme = url.len() - rest.len();
    url.get(..scheme + end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stylesheet_has_the_given_colors_and_css() {
        assert_eq!(Theme::new().stylesheet(), "");
        let light = ThemeColors {
            accent: "#123456".parse().ok(),
            ..ThemeColors::default()
        };
        let dark = ThemeColors {
            text: "#fff".parse().ok(),
            ..ThemeColors::default()
        };
        let theme = Theme::new().light(light).dark(dark).css("p { margin: 0 }");
        assert_eq!(
            theme.stylesheet(),
            "@media (prefers-color-scheme: light) {\n  :root {\n    --votify-accent: #123456;\n  }\n}\n\
             @media (prefers-color-scheme: dark) {\n  :root {\n    --votify-text: #fff;\n  }\n}\n\
             p { margin: 0 }"
        );
    }

    #[test]
    fn logos_are_urls_or_paths() {
        let theme = Theme::new()
            .logo("https://cdn.example.org:8443/a.svg")
            .unwrap();
        assert_eq!(
            theme.logo_origin().map(ToString::to_string).as_deref(),
            Some("https://cdn.example.org:8443")
        );
        assert!(
            Theme::new()
                .logo("/logo.svg")
                .unwrap()
                .logo_origin()
                .is_none()
        );
        for bad in [
            "",
            "logo.svg",
            "//evil.test/x",
            "javascript:alert(1)",
            "data:image/png,x",
        ] {
            assert_eq!(
                Theme::new().logo(bad).unwrap_err(),
                InvalidTheme::Logo,
                "{bad}"
            );
        }
    }
}
