//! The options of a poll with their counts, for pages that show results.

use votify_core::engine::PollSnapshot;
use votify_core::{BallotKind, PollStatus};

use super::percentages::{percentages, share};

/// One option with its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) id: String,
    pub(super) text: String,
    /// The number of votes. Zero while counts are hidden.
    pub(super) count: u64,
    /// The percentage of voters, as a whole number.
    pub(super) percent: u64,
    /// The share of voters with one decimal, such as `33.3`.
    pub(super) share: String,
    /// The place, from 1: options with equal counts share it. Zero while counts are hidden.
    pub(super) place: usize,
    /// True if no option has more votes, and this one has any.
    pub(super) leads: bool,
}

/// All options of a poll, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standings {
    pub(super) rows: Vec<Standing>,
    /// The number of voters. `None` while counts are hidden, and before the opening.
    pub(super) total: Option<u64>,
    /// True if a ballot has one option.
    pub(super) is_single: bool,
}

impl Standings {
    /// Takes what the audience of the snapshot may see.
    pub(super) fn new(snapshot: &PollSnapshot) -> Self {
        let PollSnapshot { poll, view, .. } = snapshot;
        let is_single = matches!(poll.rules.ballot, BallotKind::Single);
        // Before the opening all counts are zero, and say nothing.
        let total = view
            .total_votes()
            .filter(|_| snapshot.status != PollStatus::Scheduled);
        let counts: Vec<u64> = poll
            .options
            .iter()
            .map(|option| view.count(option.id).unwrap_or_default())
            .collect();
        let voters = total.unwrap_or_default();
        let percents = percentages(&counts, voters, is_single);
        let max = counts.iter().copied().max().unwrap_or_default();
        let rows = poll.options.iter().zip(&counts).zip(percents);
        let rows = rows.map(|((option, &count), percent)| Standing {
            id: option.id.to_string(),
            text: option.text.clone(),
            count,
            percent,
            share: share(count, voters),
            place: match total {
                Some(_) => 1 + counts.iter().filter(|other| **other > count).count(),
                None => 0,
            },
            leads: count > 0 && count == max,
        });
        Self {
            rows: rows.collect(),
            total,
            is_single,
        }
    }

    /// Returns the options with the most votes first, else in the poll's order.
    pub(super) fn sorted(mut self) -> Self {
        self.rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        self
    }

    /// Returns the texts of the options with the most votes.
    pub(super) fn leaders(&self) -> Vec<&str> {
        let leaders = self.rows.iter().filter(|row| row.leads);
        leaders.map(|row| row.text.as_str()).collect()
    }
}
