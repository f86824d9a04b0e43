//! The fonts of the card: DejaVu Sans, for Latin, Greek, Cyrillic, Armenian, Georgian,
//! Hebrew and Arabic letters and many signs.

use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, GlyphId, PxScale, ScaleFont, point};

use super::canvas::{Canvas, Rgb};

/// A font.
#[derive(Debug)]
pub(super) struct Font(FontRef<'static>);

impl Font {
    /// Returns the font of normal texts.
    pub(super) fn regular() -> &'static Self {
        static FONT: OnceLock<Font> = OnceLock::new();
        FONT.get_or_init(|| Self::parse(dejavu::sans::regular()))
    }

    /// Returns the font of titles and numbers.
    pub(super) fn bold() -> &'static Self {
        static FONT: OnceLock<Font> = OnceLock::new();
        FONT.get_or_init(|| Self::parse(dejavu::sans::bold()))
    }

    fn parse(bytes: &'static [u8]) -> Self {
        #[expect(clippy::expect_used, reason = "part of the program; a test parses it")]
        let font = FontRef::try_from_slice(bytes).expect("the font is valid");
        Self(font)
    }

    /// Returns true if the font has a glyph for this character.
    pub(super) fn has(&self, letter: char) -> bool {
        self.0.glyph_id(letter) != GlyphId(0)
    }

    /// Returns the width of a line at `size` pixels.
    pub(super) fn width(&self, line: &str, size: f32) -> f32 {
        self.positions(line, size)
            .last()
            .map_or(0.0, |(_, _, end)| end)
    }

    /// Draws a line, in visual order, whose baseline begins at `(x, y)`.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        line: &str,
        size: f32,
        (x, y): (f32, f32),
        color: Rgb,
    ) {
        let scale = PxScale::from(self.scale(size));
        for (glyph, offset, _) in self.positions(line, size) {
            let glyph = glyph.with_scale_and_position(scale, point(x + offset, y));
            let Some(outline) = self.0.outline_glyph(glyph) else {
                continue;
            };
            let bounds = outline.px_bounds();
            outline.draw(|column, row, coverage| {
                canvas.blend(
                    bounds.min.x + column as f32,
                    bounds.min.y + row as f32,
                    color,
                    coverage,
                );
            });
        }
    }

    /// Returns each glyph of a line with the offsets of its beginning and its end.
    fn positions(&self, line: &str, size: f32) -> impl Iterator<Item = (GlyphId, f32, f32)> {
        let scaled = self.0.as_scaled(self.scale(size));
        let mut end = 0.0;
        let mut previous = None;
        line.chars().map(move |letter| {
            let glyph = scaled.glyph_id(letter);
            if let Some(previous) = previous.replace(glyph) {
                end += scaled.kern(previous, glyph);
            }
            let start = end;
            end += scaled.h_advance(glyph);
            (glyph, start, end)
        })
    }

    /// Returns the scale at which an em is `size` pixels. The library measures from the
    /// ascent to the descent instead.
    fn scale(&self, size: f32) -> f32 {
        let em = self.0.units_per_em().unwrap_or(2048.0);
        size * self.0.height_unscaled() / em
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_are_valid_and_have_the_same_scripts() {
        for letter in "AzéŁλЖԱქא\u{fe91}9€…✓".chars() {
            assert!(Font::regular().has(letter), "{letter}");
            assert!(Font::bold().has(letter), "{letter}");
        }
        assert!(!Font::regular().has('語'));
    }

    #[test]
    fn an_em_is_as_large_as_asked() {
        let font = Font::regular();
        let widths = [20.0, 40.0].map(|size| font.width("Hello", size));
        assert!((widths[1] - 2.0 * widths[0]).abs() < 0.1, "{widths:?}");
        // The advance of "M" in DejaVu Sans is 0.863 em.
        assert!((font.width("M", 100.0) - 86.3).abs() < 0.5);
    }
}
