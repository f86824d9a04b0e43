use std::fs;

use serde::{Deserialize, Serialize};
use votify_axum::{Color, Theme, ThemeColors};

use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::settings::settings_file::Value;
use crate::settings::sources::Sources;

/// The names of the colors of a mode in error messages, in the order of [`ColorValues`].
const LIGHT: [&str; 7] = [
    "theme.light.accent",
    "theme.light.on-accent",
    "theme.light.background",
    "theme.light.surface",
    "theme.light.text",
    "theme.light.muted",
    "theme.light.border",
];
const DARK: [&str; 7] = [
    "theme.dark.accent",
    "theme.dark.on-accent",
    "theme.dark.background",
    "theme.dark.surface",
    "theme.dark.text",
    "theme.dark.muted",
    "theme.dark.border",
];

/// The table `theme` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ThemeFile {
    title: Option<Value>,
    logo: Option<Value>,
    accent: Option<Value>,
    footer: Option<Value>,
    css: Option<Value>,
    #[serde(default)]
    light: ColorValues,
    #[serde(default)]
    dark: ColorValues,
}

/// The colors of one mode.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ColorValues {
    accent: Option<Value>,
    on_accent: Option<Value>,
    background: Option<Value>,
    surface: Option<Value>,
    text: Option<Value>,
    muted: Option<Value>,
    border: Option<Value>,
}

/// The look of the web pages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ThemeSettings {
    pub(crate) theme: Theme,
    /// The settings in the form of the file. `None` if there are none.
    pub(super) printed: Option<PrintedTheme>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PrintedTheme {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    footer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    css: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    light: Option<PrintedColors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dark: Option<PrintedColors>,
}

/// The names and values of the colors that are set.
type PrintedColors = std::collections::BTreeMap<&'static str, String>;

/// Reads the flags, the variables and the table `theme`.
pub(super) fn read(args: &ServeArgs, sources: &Sources<'_>) -> Result<ThemeSettings, CliError> {
    let empty = ThemeFile::default();
    let file = sources.file().theme.as_ref().unwrap_or(&empty);
    let text = |name, argument: &Option<String>, in_file: &Option<Value>| {
        sources
            .setting(name, argument.as_ref(), in_file.as_ref())
            .parse(|text| Ok(text.to_owned()))
    };
    let title = text("theme-title", &args.theme_title, &file.title)?;
    let footer = text("theme-footer", &args.theme_footer, &file.footer)?;
    let logo = sources
        .setting("theme-logo", args.theme_logo.as_ref(), file.logo.as_ref())
        .parse(|text| match Theme::new().logo(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(error.to_string()),
        })?;
    let accent = sources
        .setting(
            "theme-accent",
            args.theme_accent.as_ref(),
            file.accent.as_ref(),
        )
        .parse(color)?;
    let css = sources
        .setting("theme-css", args.theme_css.as_ref(), file.css.as_ref())
        .parse(|path| match fs::read_to_string(path) {
            Ok(css) => Ok((path.to_owned(), css)),
            Err(error) => Err(format!("cannot read the file: {error}")),
        })?;
    let mut light = colors(&file.light, LIGHT, sources)?;
    let mut dark = colors(&file.dark, DARK, sources)?;
    let printed = PrintedTheme {
        title: title.clone(),
        logo: logo.clone(),
        accent: accent.as_ref().map(ToString::to_string),
        footer: footer.clone(),
        css: css.as_ref().map(|(path, _)| path.clone()),
        light: printed_colors(&light),
        dark: printed_colors(&dark),
    };
    for colors in [&mut light, &mut dark] {
        if colors.accent.is_none() {
            colors.accent.clone_from(&accent);
        }
    }
    let mut theme = Theme::new().light(light).dark(dark);
    if let Some(title) = title {
        theme = theme.title(title);
    }
    if let Some(footer) = footer {
        theme = theme.footer(footer);
    }
    if let Some((_, css)) = css {
        theme = theme.css(css);
    }
    if let Some(logo) = logo {
        theme = theme
            .logo(logo)
            .map_err(|error| CliError::usage(format!("--theme-logo: {error}")))?;
    }
    Ok(ThemeSettings {
        theme,
        printed: (printed != PrintedTheme::default()).then_some(printed),
    })
}

fn color(text: &str) -> Result<Color, String> {
    text.parse()
        .map_err(|error: votify_axum::InvalidColor| error.to_string())
}

fn colors(
    values: &ColorValues,
    names: [&'static str; 7],
    sources: &Sources<'_>,
) -> Result<ThemeColors, CliError> {
    let mut colors = ThemeColors::default();
    let fields = [
        (&values.accent, &mut colors.accent),
        (&values.on_accent, &mut colors.on_accent),
        (&values.background, &mut colors.background),
        (&values.surface, &mut colors.surface),
        (&values.text, &mut colors.text),
        (&values.muted, &mut colors.muted),
        (&values.border, &mut colors.border),
    ];
    for ((value, field), name) in fields.into_iter().zip(names) {
        *field = sources.only_in_file(name, value.as_ref()).parse(color)?;
    }
    Ok(colors)
}

fn printed_colors(colors: &ThemeColors) -> Option<PrintedColors> {
    let printed: PrintedColors = [
        ("accent", &colors.accent),
        ("on-accent", &colors.on_accent),
        ("background", &colors.background),
        ("surface", &colors.surface),
        ("text", &colors.text),
        ("muted", &colors.muted),
        ("border", &colors.border),
    ]
    .into_iter()
    .filter_map(|(name, color)| Some((name, color.as_ref()?.to_string())))
    .collect();
    (!printed.is_empty()).then_some(printed)
}
