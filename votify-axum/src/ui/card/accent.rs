//! The accent color of the theme, as a color of the picture.

use super::canvas::Rgb;
use crate::ui::theme::Theme;

/// `oklch(52% 0.21 278)`, the default of the pages.
const DEFAULT: Rgb = Rgb(84, 78, 221);

/// Returns the accent color for light pages. `hwb`, `lab` and `lch` are not converted, and
/// give the default.
pub(super) fn of(theme: &Theme) -> Rgb {
    let color = theme.light_accent().map(ToString::to_string);
    color.and_then(|color| parse(&color)).unwrap_or(DEFAULT)
}

fn parse(color: &str) -> Option<Rgb> {
    if let Some(digits) = color.strip_prefix('#') {
        return hex(digits);
    }
    let (name, arguments) = color.strip_suffix(')')?.split_once('(')?;
    let separators = |letter: char| letter.is_ascii_whitespace() || letter == ',' || letter == '/';
    let mut arguments = arguments.split(separators).filter(|text| !text.is_empty());
    let (first, second, third) = (arguments.next()?, arguments.next()?, arguments.next()?);
    match name.to_ascii_lowercase().as_str() {
        "rgb" | "rgba" => {
            let channel = |text| Some(byte(number(text, 255.0)? / 255.0));
            Some(Rgb(channel(first)?, channel(second)?, channel(third)?))
        }
        "hsl" | "hsla" => Some(hsl(angle(first)?, percent(second)?, percent(third)?)),
        "oklab" => Some(oklab(
            number(first, 1.0)?,
            number(second, 0.4)?,
            number(third, 0.4)?,
        )),
        "oklch" => {
            let (chroma, hue) = (number(second, 0.4)?, angle(third)?.to_radians());
            Some(oklab(
                number(first, 1.0)?,
                chroma * hue.cos(),
                chroma * hue.sin(),
            ))
        }
        _ => None,
    }
}

fn hex(digits: &str) -> Option<Rgb> {
    let step = if digits.len() < 6 { 1 } else { 2 };
    let channel = |index: usize| {
        let text = digits.get(index * step..(index + 1) * step)?;
        let value = u8::from_str_radix(text, 16).ok()?;
        Some(if step == 1 { value * 17 } else { value })
    };
    Some(Rgb(channel(0)?, channel(1)?, channel(2)?))
}

/// Reads a number, or a percentage of `full`.
fn number(text: &str, full: f32) -> Option<f32> {
    match (text, text.strip_suffix('%')) {
        ("none", _) => Some(0.0),
        (_, Some(percent)) => Some(percent.parse::<f32>().ok()? / 100.0 * full),
        (_, None) => text.parse().ok(),
    }
}

/// Reads a percentage as a number from 0 to 1. The sign may be left out.
fn percent(text: &str) -> Option<f32> {
    number(text.trim_end_matches('%'), 1.0).map(|percent| percent / 100.0)
}

/// Reads an angle in degrees.
fn angle(text: &str) -> Option<f32> {
    let units = [
        ("deg", 1.0),
        ("turn", 360.0),
        ("rad", 180.0 / std::f32::consts::PI),
    ];
    let unit = units
        .iter()
        .find_map(|(unit, degrees)| Some((text.strip_suffix(unit)?, *degrees)));
    let (text, degrees) = unit.unwrap_or((text, 1.0));
    Some(number(text, 360.0)? * degrees)
}

/// Converts as CSS Color 4 does, section 7.1.
fn hsl(hue: f32, saturation: f32, lightness: f32) -> Rgb {
    let amount = saturation * lightness.min(1.0 - lightness);
    let channel = |offset: f32| {
        let k = (offset + hue / 30.0).rem_euclid(12.0);
        byte(lightness - amount * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0))
    };
    Rgb(channel(0.0), channel(8.0), channel(4.0))
}

/// Converts with the matrices of <https://bottosson.github.io/posts/oklab/>.
#[expect(clippy::excessive_precision, reason = "as published")]
fn oklab(lightness: f32, a: f32, b: f32) -> Rgb {
    let long = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let medium = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let short = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    Rgb(
        encoded(4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short),
        encoded(-1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short),
        encoded(-0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short),
    )
}

/// Converts linear light to a byte of sRGB.
fn encoded(light: f32) -> u8 {
    byte(if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of a byte"
)]
fn byte(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_near(color: &str, expected: Rgb) {
        let Rgb(red, green, blue) = parse(color).unwrap();
        let near = |a: u8, b: u8| a.abs_diff(b) <= 2;
        let is_near = near(red, expected.0) && near(green, expected.1) && near(blue, expected.2);
        assert!(is_near, "{color}: {red} {green} {blue}");
    }

    #[test]
    fn colors_of_css_are_converted() {
        for (color, expected) in [
            ("#123456", Rgb(0x12, 0x34, 0x56)),
            ("#12345680", Rgb(0x12, 0x34, 0x56)),
            ("#f0a", Rgb(255, 0, 170)),
            ("rgb(74 58 255)", Rgb(74, 58, 255)),
            ("rgba(10%, 20%, 100%, 0.5)", Rgb(26, 51, 255)),
            ("hsl(120 100% 25%)", Rgb(0, 128, 0)),
            ("hsl(0.5turn 100% 50%)", Rgb(0, 255, 255)),
            // The values of red, lime and blue by CSS Color 4.
            ("oklch(62.8% 0.2577 29.23)", Rgb(255, 0, 0)),
            ("oklch(0.8664 0.2948 142.5)", Rgb(0, 255, 0)),
            ("oklab(0.452 -0.0325 -0.3115)", Rgb(0, 0, 255)),
        ] {
            assert_near(color, expected);
        }
        assert_eq!(parse("lab(50% 1 2)"), None);
    }

    #[test]
    fn the_default_is_that_of_the_stylesheet() {
        let css = include_str!("../../../ui/pages/styles/tokens.css");
        let (_, rest) = css.split_once("--votify-accent: ").unwrap();
        let (color, _) = rest.split_once(';').unwrap();
        assert_near(color, DEFAULT);
        assert_eq!(of(&Theme::new()), DEFAULT);
    }
}
