//! Times, voters and ballots that a case writes down by number.

use std::time::Duration;

use crate::ballot::{Ballot, Choice};
use crate::id::BallotId;
use crate::poll::{AddressQuota, Poll, PollDraft};
use crate::time::Timestamp;
use crate::voter::{AddressId, VoterId, VoterPolicy};

/// When the polls of a case are made: some moment with all of its microseconds.
const START: &str = "2027-03-04T05:06:07.890123Z";

/// So many seconds after the polls were made.
pub(crate) fn at(seconds: u64) -> Timestamp {
    let start: Timestamp = START.parse().expect("a time");
    start.saturating_add(Duration::from_secs(seconds))
}

/// One microsecond before.
pub(crate) fn one_microsecond_before(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_micros() - 1).expect("a time")
}

/// The voter of that number, under that policy.
pub(crate) fn voter_with_policy(policy: VoterPolicy, number: u32) -> VoterId {
    let mut value = [0xA5; 15];
    value[..4].copy_from_slice(&number.to_be_bytes());
    VoterId::new(policy, value)
}

/// The voter of that number, under the policy that drafts have by default.
pub(crate) fn voter(number: u32) -> VoterId {
    voter_with_policy(VoterPolicy::default(), number)
}

/// The ballot id of that number.
pub(crate) fn ballot_id(number: u32) -> BallotId {
    let mut bytes = [0x5A; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    BallotId::from_bytes(bytes)
}

/// A ballot by numbers: who, under which id, says what.
pub(crate) fn ballot_with_choice(
    poll: &Poll,
    voter_number: u32,
    id: u32,
    choice: Choice,
) -> Ballot {
    Ballot {
        id: ballot_id(id),
        poll: poll.id,
        voter: voter(voter_number),
        choice,
        address: None,
    }
}

/// A ballot for the option of that index.
pub(crate) fn ballot(poll: &Poll, voter_number: u32, id: u32, option: usize) -> Ballot {
    ballot_with_choice(poll, voter_number, id, Choice::one(poll.options[option].id))
}

/// A ballot that takes the vote back.
pub(crate) fn withdrawal(poll: &Poll, voter_number: u32, id: u32) -> Ballot {
    ballot_with_choice(poll, voter_number, id, Choice::withdraw())
}

/// The address of that number, by whole IPv4 addresses.
pub(crate) fn address(number: u8) -> AddressId {
    AddressId::new(32, [number; 15])
}

/// The same ballot from the address of that number.
pub(crate) fn from_address(number: u8, ballot: Ballot) -> Ballot {
    Ballot {
        address: Some(address(number)),
        ..ballot
    }
}

/// Pick one of three, one vote each, no end.
pub(crate) fn draft() -> PollDraft {
    PollDraft::single_choice("Lunch?", ["Pizza", "Sushi", "Soup"])
}

/// Pick one of three, and change your mind as often as you like.
pub(crate) fn revote_draft() -> PollDraft {
    let mut draft = draft();
    draft.rules.revote = true;
    draft
}

/// The same draft, with so many votes from one address.
pub(crate) fn with_address_quota(ballots: u32, mut draft: PollDraft) -> PollDraft {
    draft.rules.address_quota = Some(AddressQuota::new(ballots));
    draft
}

/// The same draft, ending so many seconds after it was made.
pub(crate) fn closing_after(mut draft: PollDraft, seconds: u64) -> PollDraft {
    draft.closes_at = Some(at(seconds));
    draft
}
