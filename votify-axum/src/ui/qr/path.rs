use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use crate::error::Problem;

/// The blank margin that scanners need, in modules.
const MARGIN: usize = 4;

/// A QR code as one path of SVG. It has about 3 KB, a tenth of one shape for each
/// module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct QrPath {
    /// The width of the code with its margin, in modules.
    pub(in crate::ui) size: usize,
    /// The dark modules: a rectangle for each run of them in a row.
    pub(in crate::ui) path: String,
}

impl QrPath {
    /// Encodes a text.
    ///
    /// # Errors
    /// - `internal`: the text has more than 2 331 bytes, longer than any URL of a poll.
    pub(in crate::ui) fn of(text: &str) -> Result<Self, Problem> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|error| Problem::internal(&error))?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|left, right| left == right) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + MARGIN, y + MARGIN, run.len());
                    // Writing to a string cannot fail.
                    let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
                }
                x += run.len();
            }
        }
        Ok(Self {
            size: width + 2 * MARGIN,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://polls.example.org/p/0199aa3e-0000-7000-8000-000000000001\
                       ?invite=0W3G-E1R7-0W3G-E1R7";

    /// Returns the modules that a path fills.
    fn filled(path: &QrPath) -> Vec<(usize, usize)> {
        let runs = path.path.split('M').skip(1);
        let modules = runs.flat_map(|run| {
            let (start, rest) = run.split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let length: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            (x..x + length).map(move |x| (x, y)).collect::<Vec<_>>()
        });
        modules.collect()
    }

    #[test]
    fn the_path_has_every_dark_module() {
        let code = QrCode::with_error_correction_level(URL, EcLevel::M).unwrap();
        let path = QrPath::of(URL).unwrap();
        assert_eq!(path.size, code.width() + 2 * MARGIN);
        let mut dark = Vec::new();
        for y in 0..code.width() {
            for x in 0..code.width() {
                if code[(x, y)] == Color::Dark {
                    dark.push((x + MARGIN, y + MARGIN));
                }
            }
        }
        assert_eq!(filled(&path), dark);
        assert!(path.path.len() < 8_000, "{}", path.path.len());
    }

    #[test]
    fn a_text_that_is_too_long_is_an_error() {
        assert!(QrPath::of(&"x".repeat(3_000)).is_err());
    }
}
