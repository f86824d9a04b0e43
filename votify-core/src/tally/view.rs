use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::id::OptionId;
use crate::poll::{Poll, ResultsPolicy};
use crate::tally::{OptionCount, Position, Tally, ViewPosition};

/// The audience of a view. An owner who has not voted is [`Public`](Self::Public).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Everyone.
    Public,
    /// A voter with an active ballot in the poll.
    Voted,
}

impl Audience {
    /// Returns the audience of a voter with or without an active ballot in the poll.
    pub(crate) const fn of_voter(has_active_ballot: bool) -> Self {
        if has_active_ballot {
            Self::Voted
        } else {
            Self::Public
        }
    }
}

/// The part of a tally that an audience may see. Counts leave the engine only in this
/// form.
///
/// Cloning is cheap: clones share the data.
#[derive(Clone)]
pub struct TallyView(Arc<Inner>);

struct Inner {
    data: ViewData,
    rendered: OnceLock<Bytes>,
}

#[derive(Debug, PartialEq, Eq)]
struct ViewData {
    position: ViewPosition,
    options: Vec<OptionId>,
    visible: Option<VisibleCounts>,
    is_final: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct VisibleCounts {
    total_votes: u64,
    counts: Vec<OptionCount>,
}

impl TallyView {
    /// Creates the view of `tally` for `audience`.
    ///
    /// If `tally` belongs to another version than `poll`, the view hides the counts: the
    /// rules of that version may have been stricter.
    #[must_use]
    pub fn new(poll: &Poll, tally: &Tally, audience: Audience) -> Self {
        let visible = poll.version == tally.version
            && match poll.rules.results {
                ResultsPolicy::Live => true,
                ResultsPolicy::AfterVote => audience == Audience::Voted || tally.sealed,
                ResultsPolicy::AfterClose => tally.sealed,
            };
        let Position { epoch, .. } = tally.position;
        let data = ViewData {
            position: if visible {
                ViewPosition::Shown(tally.position)
            } else {
                ViewPosition::Hidden {
                    epoch,
                    version: tally.version,
                }
            },
            options: tally.counts.iter().map(|entry| entry.option).collect(),
            visible: visible.then(|| VisibleCounts {
                total_votes: tally.total_votes,
                counts: tally.counts.clone(),
            }),
            is_final: tally.sealed,
        };
        Self(Arc::new(Inner {
            data,
            rendered: OnceLock::new(),
        }))
    }

    /// Creates a view without counts, before every position of the poll.
    pub(crate) fn without_counts(poll: &Poll) -> Self {
        let data = ViewData {
            position: ViewPosition::Hidden {
                epoch: 0,
                version: poll.version,
            },
            options: poll.options.iter().map(|option| option.id).collect(),
            visible: None,
            is_final: false,
        };
        Self(Arc::new(Inner {
            data,
            rendered: OnceLock::new(),
        }))
    }

    /// Returns the rendered view. The first call renders it; all clones share the result.
    ///
    /// `render` must depend on the view only, and be the same for all callers.
    pub fn rendered(&self, render: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.0.rendered.get_or_init(|| render(self))
    }

    /// Returns the view's position.
    #[must_use]
    pub fn position(&self) -> ViewPosition {
        self.0.data.position
    }

    /// Returns the options, in the poll's order.
    #[must_use]
    pub fn options(&self) -> &[OptionId] {
        &self.0.data.options
    }

    /// Returns one count for each option, in the poll's order, or `None` if counts are
    /// hidden.
    #[must_use]
    pub fn counts(&self) -> Option<&[OptionCount]> {
        self.0
            .data
            .visible
            .as_ref()
            .map(|visible| visible.counts.as_slice())
    }

    /// Returns the number of ballots that chose `option`.
    ///
    /// Returns `None` if counts are hidden or the poll has no such option.
    #[must_use]
    pub fn count(&self, option: OptionId) -> Option<u64> {
        self.counts()?
            .iter()
            .find(|entry| entry.option == option)
            .map(|entry| entry.count)
    }

    /// Returns the number of active ballots, or `None` if counts are hidden.
    #[must_use]
    pub fn total_votes(&self) -> Option<u64> {
        self.0
            .data
            .visible
            .as_ref()
            .map(|visible| visible.total_votes)
    }

    /// Returns true if the poll is sealed, so that only a repair or a deletion changes
    /// the view.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.0.data.is_final
    }
}

impl PartialEq for TallyView {
    fn eq(&self, other: &Self) -> bool {
        self.0.data == other.0.data
    }
}

impl Eq for TallyView {}

impl fmt::Debug for TallyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TallyView").field(&self.0.data).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PollId;
    use crate::poll::{PollDraft, PollState, SealCause};
    use crate::secret::Keyring;
    use crate::time::Timestamp;

    fn state(results: ResultsPolicy) -> PollState {
        let draft = PollDraft::single_choice("t", ["a", "b"]).results(results);
        let now = Timestamp::EPOCH;
        PollState::new(
            draft
                .into_poll(PollId::generate(now), now, &Keyring::ephemeral())
                .unwrap(),
        )
    }

    fn sees_counts(state: &PollState, audience: Audience) -> bool {
        TallyView::new(&state.poll, &state.tally, audience)
            .counts()
            .is_some()
    }

    #[test]
    fn the_results_policy_decides_the_audience_of_counts() {
        for (policy, public, voted) in [
            (ResultsPolicy::Live, true, true),
            (ResultsPolicy::AfterVote, false, true),
            (ResultsPolicy::AfterClose, false, false),
        ] {
            let open = state(policy);
            assert_eq!(
                (
                    sees_counts(&open, Audience::Public),
                    sees_counts(&open, Audience::Voted)
                ),
                (public, voted),
                "{policy:?}"
            );
            let sealed = open.seal(SealCause::Owner, Timestamp::EPOCH).unwrap();
            assert!(
                sees_counts(&sealed, Audience::Public) && sees_counts(&sealed, Audience::Voted),
                "{policy:?}"
            );
        }
    }

    #[test]
    fn counts_of_another_version_are_hidden() {
        let mut state = state(ResultsPolicy::Live);
        state.tally.version += 1;
        assert!(!sees_counts(&state, Audience::Voted));
    }
}
