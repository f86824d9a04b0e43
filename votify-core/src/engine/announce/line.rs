use std::sync::Arc;

use crate::broadcast::{NodeId, Update};
use crate::engine::live::VOTE_SAMPLE;
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::Tally;

/// What waits to be told of one poll: of each kind the newest, so never more than three messages, one for each turn.
///
/// A new definition goes first, as counts of another version mean nothing without it. Counts and viewers take turns.
#[derive(Debug, Default)]
pub(super) struct Line {
    definition: Option<(Arc<Poll>, Arc<Tally>)>,
    counts: Option<Counts>,
    viewers: Option<(NodeId, u32)>,
    /// Whether the viewers have let counts go first already.
    viewers_next: bool,
}

#[derive(Debug)]
struct Counts {
    tally: Arc<Tally>,
    votes: Vec<OptionId>,
}

impl Line {
    /// Takes counts in place of older ones.
    pub(super) fn take_counts(&mut self, tally: &Arc<Tally>, votes: &[OptionId]) {
        if let Some((_, defined)) = &self.definition
            && tally.position <= defined.position
        {
            return;
        }
        let counts = self.counts.get_or_insert_with(|| Counts {
            tally: Arc::clone(tally),
            votes: Vec::new(),
        });
        if tally.position > counts.tally.position {
            counts.tally = Arc::clone(tally);
        }
        let room = VOTE_SAMPLE.saturating_sub(counts.votes.len());
        counts.votes.extend(votes.iter().take(room));
    }

    /// Takes a definition with its counts in place of older ones.
    pub(super) fn take_definition(&mut self, poll: Arc<Poll>, tally: Arc<Tally>) {
        if let Some((_, kept)) = &self.definition
            && tally.position < kept.position
        {
            return;
        }
        let is_newer = |counts: &Counts| counts.tally.position > tally.position;
        self.counts = self.counts.take().filter(is_newer);
        self.definition = Some((poll, tally));
    }

    /// Takes this node's number of viewers in place of an older one.
    pub(super) fn take_viewers(&mut self, node: NodeId, viewers: u32) {
        self.viewers = Some((node, viewers));
    }

    /// What is told at the poll's next turn, if anything waits.
    pub(super) fn next(&mut self, poll: PollId) -> Option<Update> {
        if let Some((poll, tally)) = self.definition.take() {
            return Some(Update::PollChanged {
                poll: Box::new(Arc::unwrap_or_clone(poll)),
                tally: Arc::unwrap_or_clone(tally),
            });
        }
        if let Some((node, viewers)) = self.viewers
            && (self.viewers_next || self.counts.is_none())
        {
            (self.viewers, self.viewers_next) = (None, false);
            return Some(Update::Viewers {
                poll,
                node,
                viewers,
            });
        }
        let Counts { tally, votes } = self.counts.take()?;
        self.viewers_next = self.viewers.is_some();
        Some(Update::TallyChanged {
            tally: Arc::unwrap_or_clone(tally),
            votes,
        })
    }
}
