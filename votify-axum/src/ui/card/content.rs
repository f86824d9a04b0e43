//! What a picture shows: texts that the font can draw, and shares.

use votify_core::engine::PollSnapshot;
use votify_core::{PollStatus, Timestamp};

use super::accent;
use super::canvas::Rgb;
use super::font::Font;
use super::text::DrawableText;
use crate::ui::poll_status::{StatusChange, StatusLabel};
use crate::ui::result_texts::hidden_until;
use crate::ui::standings::Standings;
use crate::ui::theme::Theme;
use crate::ui::times::grouped;
use crate::ui::votes_text::votes_text;

/// Maximum number of options in a picture.
pub(super) const MAX_ROWS: usize = 4;

/// Everything that a picture shows.
#[derive(Debug)]
pub(super) struct CardContent {
    pub(super) site: Option<DrawableText>,
    pub(super) status: &'static str,
    pub(super) title: Option<DrawableText>,
    pub(super) rows: Vec<CardRow>,
    /// True if the rows have shares.
    pub(super) shows_counts: bool,
    /// The number of votes, or when they are shown.
    pub(super) summary: String,
    /// What can be done, or how many options are left out.
    pub(super) note: String,
    pub(super) accent: Rgb,
}

/// One option.
#[derive(Debug)]
pub(super) struct CardRow {
    /// `None` if the font cannot draw the text. The row then has a number.
    pub(super) text: Option<DrawableText>,
    /// The place of the option in the poll, from 1.
    pub(super) number: usize,
    pub(super) percent: String,
    /// The share of voters, from 0 to 1.
    pub(super) share: f32,
    pub(super) leads: bool,
}

impl CardContent {
    /// Takes what the audience of the snapshot may see.
    pub(super) fn new(snapshot: &PollSnapshot, theme: &Theme, now: Timestamp) -> Self {
        let change = StatusChange::of(snapshot, now);
        let change = change.filter(|_| snapshot.status != PollStatus::Closed);
        let standings = Standings::new(snapshot);
        let total = standings.total;
        let mut rows: Vec<_> = standings.rows.iter().enumerate().collect();
        // A poll with few options keeps its order, as voters see it.
        if rows.len() > MAX_ROWS {
            rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.count));
        }
        let left_out = rows.len().saturating_sub(MAX_ROWS);
        let rows = rows.into_iter().take(MAX_ROWS).map(|(index, row)| CardRow {
            text: DrawableText::new(&row.text, Font::regular()),
            number: index + 1,
            percent: format!("{}%", row.percent),
            share: row.share.parse().unwrap_or(0.0_f32) / 100.0,
            leads: row.leads,
        });
        Self {
            site: DrawableText::new(theme.site_title(), Font::bold()),
            status: StatusLabel::of(snapshot).text,
            title: DrawableText::new(&snapshot.poll.title, Font::bold()),
            rows: rows.collect(),
            shows_counts: total.is_some(),
            summary: match total {
                Some(total) => votes_text(&snapshot.poll, total),
                None => hidden_until(snapshot),
            },
            note: match (left_out, change) {
                (0, Some(change)) => format!("{} {}", change.verb, change.moment.text),
                (0, None) => String::new(),
                (1, _) => "and one more option".to_owned(),
                (count, _) => format!("and {} more options", grouped(count as u64)),
            },
            accent: accent::of(theme),
        }
    }
}
