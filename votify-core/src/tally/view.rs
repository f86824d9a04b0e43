use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::id::OptionId;
use crate::poll::{Poll, ResultsPolicy};
use crate::tally::{OptionCount, Position, Tally};

/// Who looks at a poll. The owner is no exception: an owner who has not voted is the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Anybody.
    Public,
    /// A voter whose ballot stands in this poll.
    Voted,
}

/// What a viewer has seen last, as told to clients.
///
/// To viewers from whom counts are hidden it grows with edits and closing only, so it tells nothing of votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewPosition {
    /// Counts are shown.
    Shown(Position),
    /// Counts are hidden.
    Hidden {
        /// The epoch of the poll's history.
        epoch: u64,
        /// The poll's version.
        version: u64,
    },
}

impl ViewPosition {
    /// The epoch of the poll's history.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        match self {
            Self::Shown(position) => position.epoch,
            Self::Hidden { epoch, .. } => *epoch,
        }
    }

    /// Whether a viewer who has seen `seen` has seen something newer than this.
    ///
    /// Positions with and without counts are compared by epoch alone.
    #[must_use]
    pub fn is_older_than(&self, seen: &Self) -> bool {
        match (self, seen) {
            (Self::Shown(this), Self::Shown(seen)) => this < seen,
            (
                Self::Hidden { epoch, version },
                Self::Hidden {
                    epoch: seen_epoch,
                    version: seen_version,
                },
            ) => (epoch, version) < (seen_epoch, seen_version),
            _ => self.epoch() < seen.epoch(),
        }
    }
}

impl fmt::Display for ViewPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown(position) => position.fmt(f),
            Self::Hidden { epoch, version } => write!(f, "{epoch}-v{version}"),
        }
    }
}

/// The text is no position that this library ever told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position of a stream")]
pub struct ParsePositionError;

impl FromStr for ViewPosition {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain
                .then(|| digits.parse().ok())
                .flatten()
                .ok_or(ParsePositionError)
        };
        let (epoch, rest) = text.split_once('-').ok_or(ParsePositionError)?;
        let epoch = number(epoch)?;
        match rest.strip_prefix('v') {
            Some(version) => Ok(Self::Hidden {
                epoch,
                version: number(version)?,
            }),
            None => Ok(Self::Shown(Position {
                epoch,
                revision: number(rest)?,
            })),
        }
    }
}

/// A tally made for an audience: the only form in which counts leave the engine.
///
/// Clones share what is inside, so that all voters of a batch can be shown one view.
#[derive(Clone)]
pub struct TallyView(Arc<Inside>);

struct Inside {
    seen: Seen,
    rendered: OnceLock<Bytes>,
}

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    position: ViewPosition,
    options: Vec<OptionId>,
    shown: Option<Shown>,
    is_final: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Shown {
    total_votes: u64,
    counts: Vec<OptionCount>,
}

impl TallyView {
    /// What `audience` may see of `tally`, which must be of the same version of the poll.
    ///
    /// A tally of another version than `poll` is shown to nobody: its rules may have been others.
    #[must_use]
    pub fn new(poll: &Poll, tally: &Tally, audience: Audience) -> Self {
        let visible = poll.version == tally.version
            && match poll.rules.results {
                ResultsPolicy::Live => true,
                ResultsPolicy::AfterVote => audience == Audience::Voted || tally.sealed,
                ResultsPolicy::AfterClose => tally.sealed,
            };
        let Position { epoch, .. } = tally.position;
        let seen = Seen {
            position: if visible {
                ViewPosition::Shown(tally.position)
            } else {
                ViewPosition::Hidden {
                    epoch,
                    version: tally.version,
                }
            },
            options: tally.counts.iter().map(|entry| entry.option).collect(),
            shown: visible.then(|| Shown {
                total_votes: tally.total_votes,
                counts: tally.counts.clone(),
            }),
            is_final: tally.sealed,
        };
        Self(Arc::new(Inside {
            seen,
            rendered: OnceLock::new(),
        }))
    }

    /// The view as bytes: made by whoever asks first, shared by all who hold a clone.
    ///
    /// `render` must be a function of the view alone, and the same wherever this is called.
    pub fn rendered(&self, render: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.0.rendered.get_or_init(|| render(self))
    }

    /// Where this view stands.
    #[must_use]
    pub fn position(&self) -> ViewPosition {
        self.0.seen.position
    }

    /// The options, in the poll's order.
    #[must_use]
    pub fn options(&self) -> &[OptionId] {
        &self.0.seen.options
    }

    /// A count for each option in the poll's order; `None` where results are hidden.
    #[must_use]
    pub fn counts(&self) -> Option<&[OptionCount]> {
        self.0
            .seen
            .shown
            .as_ref()
            .map(|shown| shown.counts.as_slice())
    }

    /// How many ballots chose `option`; `None` where results are hidden or it is no option.
    #[must_use]
    pub fn count(&self, option: OptionId) -> Option<u64> {
        self.counts()?
            .iter()
            .find(|entry| entry.option == option)
            .map(|entry| entry.count)
    }

    /// How many ballots stand; `None` where results are hidden.
    #[must_use]
    pub fn total_votes(&self) -> Option<u64> {
        self.0.seen.shown.as_ref().map(|shown| shown.total_votes)
    }

    /// Whether it can never change again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.0.seen.is_final
    }
}

impl PartialEq for TallyView {
    fn eq(&self, other: &Self) -> bool {
        self.0.seen == other.0.seen
    }
}

impl Eq for TallyView {}

impl fmt::Debug for TallyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TallyView").field(&self.0.seen).finish()
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
        let mut draft = PollDraft::single_choice("t", ["a", "b"]);
        draft.rules.results = results;
        let now = Timestamp::EPOCH;
        PollState::new(
            draft
                .into_poll(PollId::generate(now), now, &Keyring::ephemeral())
                .unwrap(),
        )
    }

    fn sees(state: &PollState, audience: Audience) -> bool {
        TallyView::new(&state.poll, &state.tally, audience)
            .counts()
            .is_some()
    }

    #[test]
    fn who_sees_counts_follows_the_policy() {
        for (policy, public, voted) in [
            (ResultsPolicy::Live, true, true),
            (ResultsPolicy::AfterVote, false, true),
            (ResultsPolicy::AfterClose, false, false),
        ] {
            let open = state(policy);
            assert_eq!(
                (sees(&open, Audience::Public), sees(&open, Audience::Voted)),
                (public, voted),
                "{policy:?}"
            );
            let sealed = open.seal(SealCause::Owner, Timestamp::EPOCH).unwrap();
            assert!(
                sees(&sealed, Audience::Public) && sees(&sealed, Audience::Voted),
                "{policy:?}"
            );
        }
    }

    #[test]
    fn a_tally_of_another_version_is_shown_to_nobody() {
        let mut state = state(ResultsPolicy::Live);
        state.tally.version += 1;
        assert!(!sees(&state, Audience::Voted));
    }

    #[test]
    fn positions_read_back_as_they_were_told() {
        let shown = ViewPosition::Shown(Position {
            epoch: 2,
            revision: 80,
        });
        let hidden = ViewPosition::Hidden {
            epoch: 2,
            version: 3,
        };
        assert_eq!(shown.to_string().parse(), Ok(shown));
        assert_eq!(hidden.to_string().parse(), Ok(hidden));
        for bad in [
            "",
            "1",
            "1-",
            "-1",
            "1-v",
            "1-+2",
            "x-1",
            "1-99999999999999999999",
        ] {
            assert_eq!(
                bad.parse::<ViewPosition>(),
                Err(ParsePositionError),
                "{bad}"
            );
        }
    }
}
