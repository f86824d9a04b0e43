use votify_core::{Ballot, BallotId, PollId, VoterId};

/// Stands in Redis for the one ballot that was accepted of a voter: a digest of its id.
///
/// A ballot with another mark has another id. One with the same mark may be the same ballot, so it goes on to the store.
/// The id itself is not shown, because a client may be recognised by it; nor is what the ballot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark([u8; 8]);

impl Mark {
    pub(super) fn of(ballot: &Ballot) -> Self {
        Self::made(ballot.poll, ballot.voter, ballot.id)
    }

    fn made(poll: PollId, voter: VoterId, id: BallotId) -> Self {
        let mut hasher =
            blake3::Hasher::new_derive_key("votify 2026-11 mark of an accepted ballot");
        for part in [poll.as_bytes(), voter.as_bytes(), id.as_bytes()] {
            hasher.update(part);
        }
        let mut mark = [0; 8];
        hasher.finalize_xof().fill(&mut mark);
        Self(mark)
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Choice, OptionId, VoterPolicy};

    use super::*;

    #[test]
    fn a_mark_is_of_one_id_whatever_the_ballot_says() {
        let ballot = |id, option| Ballot {
            id: BallotId::from_bytes([id; 16]),
            poll: PollId::from_bytes([7; 16]),
            voter: VoterId::new(VoterPolicy::Browser, [8; 15]),
            choice: Choice::one(OptionId::from_bytes([option; 16])),
            address: None,
        };
        let mark = Mark::of(&ballot(1, 1));
        assert_eq!(mark, Mark::of(&ballot(1, 2)));
        assert_ne!(mark, Mark::of(&ballot(2, 1)));
        assert_eq!(Mark::read(mark.as_bytes()), Some(mark));
        assert_eq!(Mark::read(b"short"), None);
    }
}
