//! Lays a picture out and draws it.

use super::canvas::{Canvas, Rect, Rgb};
use super::content::{CardContent, CardRow};
use super::font::Font;
use super::text::DrawableText;

/// The size that Open Graph recommends.
const WIDTH: u16 = 1200;
const HEIGHT: u16 = 630;
const MARGIN: f32 = 72.0;
const RIGHT: f32 = 1200.0 - MARGIN;
const COLUMN: f32 = RIGHT - MARGIN;

const WHITE: Rgb = Rgb(255, 255, 255);
const INK: Rgb = Rgb(28, 27, 46);
const MUTED: Rgb = Rgb(92, 90, 112);

/// The baselines of the lines at the top and at the bottom.
const HEAD: f32 = 98.0;
const FOOT: f32 = 574.0;
/// Where the title and the rows begin and end.
const TITLE_TOP: f32 = 142.0;
const ROWS_BOTTOM: f32 = 520.0;

/// The sizes of titles, each with the maximum of its lines. The first that fits is used.
const TITLE_SIZES: [(f32, usize); 3] = [(60.0, 1), (48.0, 2), (40.0, 2)];

/// Draws a picture.
pub(super) fn draw(content: &CardContent) -> Canvas {
    let background = WHITE.mixed(content.accent, 0.045);
    let mut canvas = Canvas::new(WIDTH, HEIGHT, background);
    let edge = Rect {
        x: 0.0,
        y: 0.0,
        width: f32::from(WIDTH),
        height: 14.0,
    };
    canvas.fill(edge, 0.0, content.accent);
    draw_head(&mut canvas, content);
    let bottom = draw_title(&mut canvas, content);
    draw_rows(&mut canvas, content, bottom + 22.0);
    draw_foot(&mut canvas, content);
    canvas
}

/// Draws the mark and the name of the site, and the state of the poll.
fn draw_head(canvas: &mut Canvas, content: &CardContent) {
    let mark = Rect {
        x: MARGIN,
        y: HEAD - 35.0,
        width: 46.0,
        height: 46.0,
    };
    canvas.fill(mark, 12.0, content.accent);
    for (index, height) in [14.0, 26.0, 20.0].into_iter().enumerate() {
        let bar = Rect {
            x: MARGIN + 10.0 + 9.5 * index as f32,
            y: HEAD + 1.0 - height,
            width: 7.0,
            height,
        };
        canvas.fill(bar, 3.0, WHITE);
    }
    let status_width = Font::bold().width(content.status, 24.0);
    if let Some(site) = &content.site {
        let width = COLUMN - status_width - 180.0;
        for line in site.lines(Font::bold(), 30.0, width, 1) {
            Font::bold().draw(canvas, &line, 30.0, (MARGIN + 64.0, HEAD), INK);
        }
    }
    let pill = Rect {
        x: RIGHT - status_width - 44.0,
        y: HEAD - 35.0,
        width: status_width + 44.0,
        height: 46.0,
    };
    canvas.fill(pill, 23.0, WHITE.mixed(content.accent, 0.16));
    let color = content.accent.mixed(INK, 0.35);
    Font::bold().draw(
        canvas,
        content.status,
        24.0,
        (pill.x + 22.0, HEAD - 3.0),
        color,
    );
}

/// Draws the title. Returns where it ends.
fn draw_title(canvas: &mut Canvas, content: &CardContent) -> f32 {
    let Some(title) = &content.title else {
        let text = "Take part in this poll";
        Font::bold().draw(canvas, text, 60.0, (MARGIN, TITLE_TOP + 60.0), INK);
        return TITLE_TOP + 78.0;
    };
    let font = Font::bold();
    let fitting = TITLE_SIZES
        .into_iter()
        .find(|(size, max)| title.lines(font, *size, COLUMN, usize::MAX).len() <= *max);
    let (size, max_lines) = fitting.unwrap_or(TITLE_SIZES[TITLE_SIZES.len() - 1]);
    let mut baseline = TITLE_TOP;
    for line in title.lines(font, size, COLUMN, max_lines) {
        baseline += size * 1.08;
        let x = start(title, font.width(&line, size), MARGIN, COLUMN);
        font.draw(canvas, &line, size, (x, baseline), INK);
    }
    baseline + size * 0.3
}

fn draw_rows(canvas: &mut Canvas, content: &CardContent, top: f32) {
    let count = content.rows.len().max(1) as f32;
    let pitch = ((ROWS_BOTTOM - top) / count).min(92.0);
    // Few rows do not hang at the top.
    let mut y = top + ((ROWS_BOTTOM - top - pitch * count) / 2.0).max(0.0);
    for row in &content.rows {
        if content.shows_counts {
            draw_result(canvas, row, content.accent, y, pitch);
        } else {
            draw_option(canvas, row, content.accent, y, pitch);
        }
        y += pitch;
    }
}

/// Draws an option with its bar and percentage.
fn draw_result(canvas: &mut Canvas, row: &CardRow, accent: Rgb, top: f32, pitch: f32) {
    let size = (pitch * 0.36).min(30.0);
    let font = if row.leads {
        Font::bold()
    } else {
        Font::regular()
    };
    let baseline = top + size;
    let percent_width = Font::bold().width(&row.percent, size);
    let label_width = COLUMN - percent_width - 32.0;
    let is_right_to_left = row
        .text
        .as_ref()
        .is_some_and(DrawableText::is_right_to_left);
    let (label_left, percent_x) = if is_right_to_left {
        (RIGHT - label_width, MARGIN)
    } else {
        (MARGIN, RIGHT - percent_width)
    };
    draw_label(canvas, row, font, size, (label_left, baseline), label_width);
    Font::bold().draw(canvas, &row.percent, size, (percent_x, baseline), INK);
    let track = Rect {
        x: MARGIN,
        y: baseline + pitch * 0.13,
        width: COLUMN,
        height: (pitch * 0.24).min(20.0),
    };
    canvas.fill(track, track.height, WHITE.mixed(INK, 0.09));
    // A round bar is at least as wide as it is high.
    let width = (COLUMN * row.share.clamp(0.0, 1.0)).max(track.height);
    if row.share > 0.0 {
        let x = if is_right_to_left {
            RIGHT - width
        } else {
            MARGIN
        };
        let color = if row.leads {
            accent
        } else {
            WHITE.mixed(accent, 0.55)
        };
        canvas.fill(Rect { x, width, ..track }, track.height, color);
    }
}

/// Draws an option as voters see it before they vote.
fn draw_option(canvas: &mut Canvas, row: &CardRow, accent: Rgb, top: f32, pitch: f32) {
    let height = (pitch - 14.0).min(70.0);
    let size = (height * 0.46).min(30.0);
    let frame = Rect {
        x: MARGIN,
        y: top,
        width: COLUMN,
        height,
    };
    let inner = Rect {
        x: frame.x + 2.0,
        y: frame.y + 2.0,
        width: frame.width - 4.0,
        height: frame.height - 4.0,
    };
    canvas.fill(frame, 14.0, WHITE.mixed(accent, 0.3));
    canvas.fill(inner, 12.0, WHITE);
    let is_right_to_left = row
        .text
        .as_ref()
        .is_some_and(DrawableText::is_right_to_left);
    let radius = height * 0.19;
    let circle_x = if is_right_to_left {
        RIGHT - 22.0 - 2.0 * radius
    } else {
        MARGIN + 22.0
    };
    let circle = Rect {
        x: circle_x,
        y: top + height / 2.0 - radius,
        width: 2.0 * radius,
        height: 2.0 * radius,
    };
    canvas.fill(circle, radius, WHITE.mixed(accent, 0.6));
    let hole = Rect {
        x: circle.x + 3.0,
        y: circle.y + 3.0,
        width: circle.width - 6.0,
        height: circle.height - 6.0,
    };
    canvas.fill(hole, radius, WHITE);
    let indent = 44.0 + 2.0 * radius;
    let width = COLUMN - indent - 24.0;
    let left = if is_right_to_left {
        RIGHT - indent - width
    } else {
        MARGIN + indent
    };
    let baseline = top + height / 2.0 + size * 0.36;
    draw_label(canvas, row, Font::regular(), size, (left, baseline), width);
}

/// Draws the text of an option, or its number.
fn draw_label(
    canvas: &mut Canvas,
    row: &CardRow,
    font: &Font,
    size: f32,
    (left, baseline): (f32, f32),
    width: f32,
) {
    let Some(text) = &row.text else {
        let number = format!("Option {}", row.number);
        font.draw(canvas, &number, size, (left, baseline), INK);
        return;
    };
    for line in text.lines(font, size, width, 1) {
        let x = start(text, font.width(&line, size), left, width);
        font.draw(canvas, &line, size, (x, baseline), INK);
    }
}

fn draw_foot(canvas: &mut Canvas, content: &CardContent) {
    let size = 26.0;
    Font::bold().draw(canvas, &content.summary, size, (MARGIN, FOOT), INK);
    let width = Font::regular().width(&content.note, size);
    let used = Font::bold().width(&content.summary, size);
    // The summary matters more, should both not fit.
    if used + width + 32.0 <= COLUMN {
        Font::regular().draw(canvas, &content.note, size, (RIGHT - width, FOOT), MUTED);
    }
}

/// Returns where a line of a text begins in a column.
fn start(text: &DrawableText, line_width: f32, left: f32, width: f32) -> f32 {
    if text.is_right_to_left() {
        left + width - line_width
    } else {
        left
    }
}
