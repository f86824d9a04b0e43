use crate::id::OptionId;
use crate::poll::{BallotKind, OPTIONS_MAX, Poll};

/// What a ballot says.
///
/// Two choices are equal if they mean the same: the order of [`several`](Self::several) options does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Choice(Repr);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Repr {
    Withdraw,
    One(OptionId),
    /// Sorted; may hold doubles, which no poll accepts.
    Several(Box<[OptionId]>),
}

/// What is wrong with a choice for some poll.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceProblem {
    /// The poll takes exactly one option.
    #[error("this poll takes exactly one option, as option_id")]
    ExpectedSingle,
    /// The poll takes a list of options.
    #[error("this poll takes a list of options, as option_ids")]
    ExpectedMultiple,
    /// No option of this poll.
    #[error("{0} is no option of this poll")]
    UnknownOption(OptionId),
    /// An option stands twice on the ballot.
    #[error("{0} stands more than once on the ballot")]
    RepeatedOption(OptionId),
    /// Fewer options than the poll asks for.
    #[error("at least {min} options are needed")]
    TooFew {
        /// How many it asks for.
        min: u32,
    },
    /// More options than the poll allows.
    #[error("at most {max} options are allowed")]
    TooMany {
        /// How many it allows.
        max: u32,
    },
}

/// Stored bytes that are no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored choice cannot be read")]
pub struct CorruptChoice;

impl Choice {
    /// One option, for a poll of kind [`Single`](BallotKind::Single).
    #[must_use]
    pub const fn one(option: OptionId) -> Self {
        Self(Repr::One(option))
    }

    /// Several options, for a poll of kind [`Multiple`](BallotKind::Multiple).
    #[must_use]
    pub fn several(options: impl IntoIterator<Item = OptionId>) -> Self {
        let mut options: Vec<_> = options.into_iter().collect();
        options.sort_unstable();
        Self(Repr::Several(options.into_boxed_slice()))
    }

    /// "None: take my vote back."
    #[must_use]
    pub const fn withdraw() -> Self {
        Self(Repr::Withdraw)
    }

    /// Whether it takes a vote back.
    #[must_use]
    pub const fn is_withdrawal(&self) -> bool {
        matches!(self.0, Repr::Withdraw)
    }

    /// The chosen options, in ascending order.
    #[must_use]
    pub fn options(&self) -> &[OptionId] {
        match &self.0 {
            Repr::Withdraw => &[],
            Repr::One(option) => std::slice::from_ref(option),
            Repr::Several(options) => options,
        }
    }

    /// Whether this is a ballot that `poll` can count, apart from time and history.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(&self, poll: &Poll) -> Result<(), Vec<ChoiceProblem>> {
        let mut problems = Vec::new();
        match (&self.0, poll.rules.ballot) {
            (Repr::Withdraw, _) => return Ok(()),
            (Repr::One(_), BallotKind::Single) => {}
            (Repr::Several(options), BallotKind::Multiple { min, max }) => {
                let given = u32::try_from(options.len()).unwrap_or(u32::MAX);
                if given < min {
                    problems.push(ChoiceProblem::TooFew { min });
                }
                if given > max {
                    problems.push(ChoiceProblem::TooMany { max });
                }
            }
            (_, BallotKind::Single) => return Err(vec![ChoiceProblem::ExpectedSingle]),
            (_, BallotKind::Multiple { .. }) => return Err(vec![ChoiceProblem::ExpectedMultiple]),
        }
        // Enough of a hopelessly long list to tell what is wrong with it.
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

    /// The form in which stores keep it: a kind byte, then 16 bytes for each option.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let kind = match self.0 {
            Repr::Withdraw => 0,
            Repr::One(_) => 1,
            Repr::Several(_) => 2,
        };
        let mut bytes = Vec::with_capacity(1 + 16 * self.options().len());
        bytes.push(kind);
        self.options()
            .iter()
            .for_each(|option| bytes.extend_from_slice(option.as_bytes()));
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// If these are other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CorruptChoice> {
        let (kind, rest) = bytes.split_first().ok_or(CorruptChoice)?;
        let (options, []) = rest.as_chunks::<16>() else {
            return Err(CorruptChoice);
        };
        match (kind, options) {
            (0, []) => Ok(Self::withdraw()),
            (1, [option]) => Ok(Self::one(OptionId::from_bytes(*option))),
            (2, options) => Ok(Self::several(
                options.iter().copied().map(OptionId::from_bytes),
            )),
            _ => Err(CorruptChoice),
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
    fn bytes_round_trip_and_others_are_refused() {
        let id = |n| OptionId::from_bytes([n; 16]);
        for choice in [
            Choice::withdraw(),
            Choice::one(id(3)),
            Choice::several([id(9), id(1)]),
        ] {
            assert_eq!(Choice::from_bytes(&choice.to_bytes()), Ok(choice));
        }
        for bad in [&[][..], &[1], &[0, 0], &[7], &[1; 16]] {
            assert_eq!(Choice::from_bytes(bad), Err(CorruptChoice));
        }
    }

    #[test]
    fn order_does_not_matter() {
        let (a, b) = (OptionId::from_bytes([1; 16]), OptionId::from_bytes([2; 16]));
        assert_eq!(Choice::several([a, b]), Choice::several([b, a]));
        assert_ne!(Choice::several([a]), Choice::one(a));
    }

    #[test]
    fn every_problem_of_a_choice_is_named() {
        let single = poll(PollDraft::single_choice("t", ["a", "b", "c"]));
        let multiple = poll(PollDraft::multiple_choice("t", ["a", "b", "c"], 2, 2));
        let [a, b, c] = [0, 1, 2].map(|n: usize| multiple.options[n].id);
        let stranger = single.options[0].id;
        assert_eq!(Choice::one(stranger).check(&single), Ok(()));
        assert_eq!(Choice::several([a, b]).check(&multiple), Ok(()));
        assert_eq!(
            Choice::several([stranger]).check(&single),
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
            Choice::several([a, stranger]).check(&multiple),
            Err(vec![ChoiceProblem::UnknownOption(stranger)])
        );
    }
}
