use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::strategy::{Strategy, Union};

use crate::ballot::{Ballot, Choice};
use crate::conformance::sequence::edit::{Edit, edit};
use crate::conformance::store::builders::{
    address, at, ballot_id, voter_with_policy, with_address_quota,
};
use crate::id::OptionId;
use crate::poll::{BallotKind, Poll, PollDraft};
use crate::voter::{VoterId, VoterPolicy};

/// How many polls a sequence knows of.
pub(crate) const SLOTS: usize = 3;
/// How many voters there are.
pub(crate) const VOTERS: u32 = 5;

/// Something to do, with polls and everything else by number, so that it shrinks and reads well.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Makes the poll, or another one in its place once it was deleted.
    Create { slot: usize, made: PollSpec },
    /// Casts a batch.
    Cast(Vec<Vote>),
    /// Casts again what was cast before: these of all ballots ever sent.
    Resend(Vec<usize>),
    /// Edits a poll.
    Change { slot: usize, edit: Edit },
    /// Seals a poll.
    Seal { slot: usize, by_owner: bool },
    /// Deletes a poll.
    Delete { slot: usize },
    /// Recounts a poll.
    Repair { slot: usize },
    /// Lets so many seconds pass; some clocks go back a little.
    Wait(i8),
}

/// How a poll is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PollSpec {
    pub(crate) several: bool,
    pub(crate) revote: bool,
    pub(crate) opens_in: u8,
    pub(crate) open_for: Option<u8>,
    pub(crate) quota: Option<u32>,
}

impl PollSpec {
    pub(crate) fn draft(self, now: u64) -> PollDraft {
        let mut draft = PollDraft::single_choice("title 0", ["a", "b", "c"]);
        if self.several {
            draft.rules.ballot = BallotKind::Multiple { min: 1, max: 2 };
        }
        draft.rules.revote = self.revote;
        let opens = now + u64::from(self.opens_in);
        draft.opens_at = Some(at(opens));
        draft.closes_at = self.open_for.map(|seconds| at(opens + u64::from(seconds)));
        match self.quota {
            Some(ballots) => with_address_quota(ballots, draft),
            None => draft,
        }
    }
}

/// A ballot by numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vote {
    pub(crate) slot: usize,
    pub(crate) voter: u32,
    pub(crate) id: u32,
    pub(crate) says: ChoiceSpec,
    pub(crate) by_address: bool,
    pub(crate) from: u8,
}

impl Vote {
    /// The ballot, if it is for this poll.
    pub(crate) fn written(&self, poll: &Poll) -> Ballot {
        Ballot {
            id: ballot_id(self.id),
            poll: poll.id,
            voter: voter_by(self.voter, self.by_address),
            choice: self.says.choice(poll),
            address: Some(address(self.from)),
        }
    }
}

/// The voter of that number under one of two policies.
pub(crate) fn voter_by(number: u32, by_address: bool) -> VoterId {
    let policy = if by_address {
        VoterPolicy::Ip
    } else {
        VoterPolicy::Browser
    };
    voter_with_policy(policy, number)
}

/// A choice by numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ChoiceSpec {
    One(usize),
    Several(usize, usize),
    Withdraw,
}

impl ChoiceSpec {
    /// An index beyond the poll's options stands for an option that it does not have.
    pub(crate) fn choice(self, poll: &Poll) -> Choice {
        let option = |index: usize| {
            let own = poll.options.get(index).map(|option| option.id);
            own.unwrap_or(OptionId::from_bytes([0xEE; 16]))
        };
        match self {
            Self::One(index) => Choice::one(option(index)),
            Self::Several(a, b) if a == b => Choice::several([option(a)]),
            Self::Several(a, b) => Choice::several([option(a), option(b)]),
            Self::Withdraw => Choice::withdraw(),
        }
    }
}

fn made() -> impl Strategy<Value = PollSpec> {
    let window = (
        prop_oneof![4 => Just(0), 1 => 1..20_u8],
        option::of(1..60_u8),
    );
    let quota = option::of(1..3_u32);
    (any::<bool>(), any::<bool>(), window, quota).prop_map(
        |(several, revote, (opens_in, open_for), quota)| PollSpec {
            several,
            revote,
            opens_in,
            open_for,
            quota,
        },
    )
}

pub(crate) fn vote() -> impl Strategy<Value = Vote> {
    let says = prop_oneof![
        8 => (0..4_usize).prop_map(ChoiceSpec::One),
        6 => (0..3_usize, 0..4_usize).prop_map(|(a, b)| ChoiceSpec::Several(a, b)),
        3 => Just(ChoiceSpec::Withdraw),
    ];
    let by_address = prop_oneof![19 => Just(false), 1 => Just(true)];
    (0..SLOTS, 0..VOTERS, 0..8_u32, says, by_address, 0..2_u8).prop_map(
        |(slot, voter, id, says, by_address, from)| Vote {
            slot,
            voter,
            id,
            says,
            by_address,
            from,
        },
    )
}

/// What to do after two polls were made like this.
pub(crate) fn operations() -> impl Strategy<Value = ((PollSpec, PollSpec), Vec<Operation>)> {
    let slot = || 0..SLOTS;
    let operation = Union::new_weighted(vec![
        (8, vec(vote(), 1..12).prop_map(Operation::Cast).boxed()),
        (
            2,
            vec(0..64_usize, 1..8).prop_map(Operation::Resend).boxed(),
        ),
        (
            4,
            (slot(), edit())
                .prop_map(|(slot, edit)| Operation::Change { slot, edit })
                .boxed(),
        ),
        (
            2,
            (slot(), any::<bool>())
                .prop_map(|(slot, by_owner)| Operation::Seal { slot, by_owner })
                .boxed(),
        ),
        (
            1,
            slot().prop_map(|slot| Operation::Delete { slot }).boxed(),
        ),
        (
            1,
            slot().prop_map(|slot| Operation::Repair { slot }).boxed(),
        ),
        (
            1,
            (slot(), made())
                .prop_map(|(slot, made)| Operation::Create { slot, made })
                .boxed(),
        ),
        (2, (-5..30_i8).prop_map(Operation::Wait).boxed()),
    ]);
    ((made(), made()), vec(operation, 1..16))
}
