use crate::id::OptionId;
use crate::poll::{BallotKind, OPTIONS_MAX, Poll};

/// The choice of a ballot: one option, several, or a withdrawal.
///
/// Choices with the same options are equal, in any order.
///
/// ```
/// use votify_core::{Choice, OptionId, Timestamp};
///
/// let [a, b] = [(); 2].map(|()| OptionId::generate(Timestamp::EPOCH));
/// assert_eq!(Choice::several([a, b]), Choice::several([b, a]));
/// assert_eq!(Choice::one(a).options(), [a]);
/// assert!(Choice::withdraw().is_withdrawal());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Choice(pub(crate) Repr);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Repr {
    Withdraw,
    One(OptionId),
    /// Sorted. May contain duplicates, which `Choice::check` rejects.
    Several(Box<[OptionId]>),
}

/// An error in a choice for a given poll.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceProblem {
    /// The poll requires exactly one option.
    #[error("this poll requires exactly one option, as option_id")]
    ExpectedSingle,
    /// The poll requires a list of options.
    #[error("this poll requires a list of options, as option_ids")]
    ExpectedMultiple,
    /// The poll has no such option.
    #[error("{0} is not an option of this poll")]
    UnknownOption(OptionId),
    /// An option occurs more than once.
    #[error("{0} is listed more than once")]
    RepeatedOption(OptionId),
    /// The choice has fewer options than the poll requires.
    #[error("at least {min} options are required")]
    TooFew {
        /// The poll's minimum.
        min: u32,
    },
    /// The choice has more options than the poll allows.
    #[error("at most {max} options are allowed")]
    TooMany {
        /// The poll's maximum.
        max: u32,
    },
}

impl Choice {
    /// Chooses one option, for a poll of kind [`Single`](BallotKind::Single).
    #[must_use]
    pub const fn one(option: OptionId) -> Self {
        Self(Repr::One(option))
    }

    /// Chooses several options, for a poll of kind [`Multiple`](BallotKind::Multiple).
    #[must_use]
    pub fn several(options: impl IntoIterator<Item = OptionId>) -> Self {
        let mut options: Vec<_> = options.into_iter().collect();
        options.sort_unstable();
        Self(Repr::Several(options.into_boxed_slice()))
    }

    /// Withdraws the voter's vote.
    #[must_use]
    pub const fn withdraw() -> Self {
        Self(Repr::Withdraw)
    }

    /// Returns true if this choice withdraws a vote.
    #[must_use]
    pub const fn is_withdrawal(&self) -> bool {
        matches!(self.0, Repr::Withdraw)
    }

    /// Returns the chosen options, in ascending order. Empty for a withdrawal.
    #[must_use]
    pub fn options(&self) -> &[OptionId] {
        match &self.0 {
            Repr::Withdraw => &[],
            Repr::One(option) => std::slice::from_ref(option),
            Repr::Several(options) => options,
        }
    }

    /// Checks the number and the ids of the options against `poll`. Ignores time and
    /// history.
    ///
    /// # Errors
    /// Returns every [`ChoiceProblem`]; the voter has to choose again.
    pub fn check(&self, poll: &Poll) -> Result<(), Vec<ChoiceProblem>> {
        let mut problems = Vec::new();
        match (&self.0, poll.rules.ballot) {
            (Repr::Withdraw, _) => return Ok(()),
            (Repr::One(_), BallotKind::Single) => {}
            (Repr::Several(options), BallotKind::Multiple { min, max }) => {
                let count = u32::try_from(options.len()).unwrap_or(u32::MAX);
                if count < min {
                    problems.push(ChoiceProblem::TooFew { min });
                }
                if count > max {
                    problems.push(ChoiceProblem::TooMany { max });
                }
            }
            (_, BallotKind::Single) => return Err(vec![ChoiceProblem::ExpectedSingle]),
            (_, BallotKind::Multiple { .. }) => return Err(vec![ChoiceProblem::ExpectedMultiple]),
        }
        // A longer list is invalid anyway, so the rest is not reported.
        let mut previous = None;
        for option in self.options().iter().take(OPTIONS_MAX + 1) {
            if previous == Some(option) {
                problems.push(ChoiceProblem::RepeatedOption(*option));
            } else if poll.option(*option).is_none() {
                problems.push(ChoiceProblem::UnknownOption(*option));
            }
            previous = Some(option);
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PollId;
    use crate::poll::PollDraft;
    use crate::secret::Keyring;
    use crate::time::Timestamp;

    fn poll(draft: PollDraft) -> Poll {
        draft
            .into_poll(
                PollId::generate(Timestamp::EPOCH),
                Timestamp::EPOCH,
                &Keyring::ephemeral(),
            )
            .unwrap()
    }

    #[test]
    fn choices_are_equal_in_any_order() {
        let (a, b) = (OptionId::from_bytes([1; 16]), OptionId::from_bytes([2; 16]));
        assert_eq!(Choice::several([a, b]), Choice::several([b, a]));
        assert_ne!(Choice::several([a]), Choice::one(a));
    }

    #[test]
    fn check_reports_every_problem() {
        let single = poll(PollDraft::single_choice("t", ["a", "b", "c"]));
        let multiple = poll(PollDraft::multiple_choice("t", ["a", "b", "c"], 2, 2));
        let [a, b, c] = [0, 1, 2].map(|n: usize| multiple.options[n].id);
        let foreign = single.options[0].id;
        assert_eq!(Choice::one(foreign).check(&single), Ok(()));
        assert_eq!(Choice::several([a, b]).check(&multiple), Ok(()));
        assert_eq!(
            Choice::several([foreign]).check(&single),
            Err(vec![ChoiceProblem::ExpectedSingle])
        );
        assert_eq!(
            Choice::one(a).check(&multiple),
            Err(vec![ChoiceProblem::ExpectedMultiple])
        );
        assert_eq!(
            Choice::several([]).check(&multiple),
            Err(vec![ChoiceProblem::TooFew { min: 2 }])
        );
        assert_eq!(
            Choice::several([a, b, c]).check(&multiple),
            Err(vec![ChoiceProblem::TooMany { max: 2 }])
        );
        assert_eq!(
            Choice::several([a, a]).check(&multiple),
            Err(vec![ChoiceProblem::RepeatedOption(a)])
        );
        assert_eq!(
            Choice::several([a, foreign]).check(&multiple),
            Err(vec![ChoiceProblem::UnknownOption(foreign)])
        );
    }
}
