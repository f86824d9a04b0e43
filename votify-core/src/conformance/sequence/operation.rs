use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::strategy::{Strategy, Union};

use crate::ballot::{Accepted, Ballot, Choice};
use crate::conformance::sequence::edit::{Edit, edit};
use crate::conformance::store::builders::{
    address, at, ballot_id, voter_with_policy, with_address_quota,
};
use crate::id::OptionId;
use crate::poll::{BallotKind, Poll, PollDraft, Visibility};
use crate::voter::{AccountId, Owner, VoterId, VoterPolicy};

/// Number of polls in a sequence.
pub(crate) const SLOTS: usize = 3;
/// Number of voters in a sequence.
pub(crate) const VOTERS: u32 = 5;

/// An operation on the store. Polls and everything else are numbers, so that it shrinks
/// and prints well.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Creates the poll of a slot, or another one after a deletion.
    Create { slot: usize, spec: PollSpec },
    /// Casts a batch.
    Cast(Vec<Vote>),
    /// Casts earlier ballots again, given by their index among all ballots of the
    /// sequence.
    Resend(Vec<usize>),
    /// Edits a poll.
    Change { slot: usize, edit: Edit },
    /// Seals the polls of some slots, which may occur several times.
    Seal { slots: Vec<usize>, by_owner: bool },
    /// Deletes a poll.
    Delete { slot: usize },
    /// Deletes a poll if no ballot was ever counted in it.
    DeleteUnused { slot: usize },
    /// Repairs a poll.
    Repair { slot: usize },
    /// Advances the clock by seconds. Negative, because clocks of instances differ.
    Wait(i8),
}

/// The parameters of a new poll.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PollSpec {
    pub(crate) multiple: bool,
    pub(crate) revote: bool,
    /// The seconds until the opening. `None`: no opening time.
    pub(crate) opens_after: Option<u8>,
    pub(crate) open_seconds: Option<u8>,
    pub(crate) quota: Option<u32>,
    pub(crate) public: bool,
    pub(crate) owner: Option<u8>,
    pub(crate) external_ref: Option<u8>,
}

impl PollSpec {
    pub(crate) fn draft(self, now: u64) -> PollDraft {
        let mut draft = PollDraft::single_choice("title 0", ["a", "b", "c"]);
        if self.multiple {
            draft.rules.ballot = BallotKind::Multiple { min: 1, max: 2 };
        }
        draft.rules.revote = self.revote;
        if self.public {
            draft.visibility = Visibility::Public;
        }
        draft.owner = self.owner.map(owner);
        draft.external_ref = self.external_ref.map(external_ref);
        let opens = now + u64::from(self.opens_after.unwrap_or(0));
        draft.opens_at = self.opens_after.map(|_| at(opens));
        draft.closes_at = self
            .open_seconds
            .map(|seconds| at(opens + u64::from(seconds)));
        match self.quota {
            Some(ballots) => with_address_quota(ballots, draft),
            None => draft,
        }
    }
}

/// Returns the owner with this number.
pub(crate) fn owner(number: u8) -> Owner {
    Owner::Account(AccountId::new(format!("owner {number}")))
}

/// Returns the external reference with this number.
pub(crate) fn external_ref(number: u8) -> String {
    format!("ref {number}")
}

/// The parameters of a ballot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vote {
    pub(crate) slot: usize,
    pub(crate) voter: u32,
    pub(crate) id: u32,
    pub(crate) choice: ChoiceSpec,
    pub(crate) by_ip: bool,
    pub(crate) from: u8,
    /// The log position, and the seconds from `now` to the acceptance, of a ballot from a
    /// queue.
    pub(crate) accepted: Option<(u64, i8)>,
}

impl Vote {
    /// Returns the ballot for this poll, as sent at `now`.
    pub(crate) fn ballot(&self, poll: &Poll, now: u64) -> Ballot {
        let accepted = self.accepted.map(|(log_position, seconds)| Accepted {
            at: at(now.saturating_add_signed(seconds.into())),
            log_position,
        });
        Ballot {
            id: ballot_id(self.id),
            poll: poll.id,
            voter: voter_by(self.voter, self.by_ip),
            choice: self.choice.choice(poll),
            address: Some(address(self.from)),
            accepted,
        }
    }
}

/// Returns the voter with this number under one of two policies.
pub(crate) fn voter_by(number: u32, by_ip: bool) -> VoterId {
    let policy = if by_ip {
        VoterPolicy::Ip
    } else {
        VoterPolicy::Browser
    };
    voter_with_policy(policy, number)
}

/// The parameters of a choice.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ChoiceSpec {
    One(usize),
    Several(usize, usize),
    Withdraw,
}

impl ChoiceSpec {
    /// Returns the choice. An index beyond the poll's options is an unknown option.
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

fn poll_spec() -> impl Strategy<Value = PollSpec> {
    let window = (
        prop_oneof![6 => Just(None), 1 => Just(Some(0)), 2 => (1..20_u8).prop_map(Some)],
        option::of(1..60_u8),
    );
    let quota = prop_oneof![1 => Just(None), 2 => (1..3_u32).prop_map(Some)];
    let listed = (any::<bool>(), option::of(0..3_u8), option::of(0..2_u8));
    (any::<bool>(), any::<bool>(), window, quota, listed).prop_map(
        |(multiple, revote, (opens_after, open_seconds), quota, (public, owner, external_ref))| {
            PollSpec {
                multiple,
                revote,
                opens_after,
                open_seconds,
                quota,
                public,
                owner,
                external_ref,
            }
        },
    )
}

pub(crate) fn vote() -> impl Strategy<Value = Vote> {
    let choice = prop_oneof![
        8 => (0..4_usize).prop_map(ChoiceSpec::One),
        6 => (0..3_usize, 0..4_usize).prop_map(|(a, b)| ChoiceSpec::Several(a, b)),
        5 => Just(ChoiceSpec::Withdraw),
    ];
    let by_ip = prop_oneof![19 => Just(false), 1 => Just(true)];
    let accepted = prop_oneof![
        3 => Just(None),
        1 => (1..12_u64, -9..9_i8).prop_map(Some),
    ];
    (
        0..SLOTS,
        0..VOTERS,
        0..8_u32,
        choice,
        by_ip,
        0..2_u8,
        accepted,
    )
        .prop_map(|(slot, voter, id, choice, by_ip, from, accepted)| Vote {
            slot,
            voter,
            id,
            choice,
            by_ip,
            from,
            accepted,
        })
}

/// Generates two polls and a sequence of operations on them.
pub(crate) fn operations() -> impl Strategy<Value = ((PollSpec, PollSpec), Vec<Operation>)> {
    let slot = || 0..SLOTS;
    let operation = Union::new_weighted(vec![
        (8, vec(vote(), 1..16).prop_map(Operation::Cast).boxed()),
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
            (vec(slot(), 1..5), any::<bool>())
                .prop_map(|(slots, by_owner)| Operation::Seal { slots, by_owner })
                .boxed(),
        ),
        (
            1,
            slot().prop_map(|slot| Operation::Delete { slot }).boxed(),
        ),
        (
            1,
            slot()
                .prop_map(|slot| Operation::DeleteUnused { slot })
                .boxed(),
        ),
        (
            1,
            slot().prop_map(|slot| Operation::Repair { slot }).boxed(),
        ),
        (
            1,
            (slot(), poll_spec())
                .prop_map(|(slot, spec)| Operation::Create { slot, spec })
                .boxed(),
        ),
        (2, (-5..30_i8).prop_map(Operation::Wait).boxed()),
    ]);
    ((poll_spec(), poll_spec()), vec(operation, 1..16))
}
