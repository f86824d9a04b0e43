//! Builders of times, voters, ballots and drafts.

use std::time::Duration;

use crate::ballot::{Accepted, Ballot, Choice};
use crate::id::BallotId;
use crate::poll::{AddressQuota, Metadata, Poll, PollDraft, Visibility};
use crate::time::Timestamp;
use crate::voter::{AddressId, VoterId, VoterPolicy};

/// Creation time of the polls. All microsecond digits are set, so that truncation is
/// detected.
const START: &str = "2027-03-04T05:06:07.890123Z";

/// Returns the time this many seconds after the polls' creation.
pub(crate) fn at(seconds: u64) -> Timestamp {
    let start: Timestamp = START.parse().expect("a valid time");
    start.saturating_add(Duration::from_secs(seconds))
}

/// Returns the time one microsecond earlier.
pub(crate) fn one_microsecond_before(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_micros() - 1).expect("a valid time")
}

/// Returns the voter with this number under a policy.
pub(crate) fn voter_with_policy(policy: VoterPolicy, number: u32) -> VoterId {
    let mut value = [0xA5; 15];
    value[..4].copy_from_slice(&number.to_be_bytes());
    VoterId::new(policy, value)
}

/// Returns the voter with this number under the default policy of drafts.
pub(crate) fn voter(number: u32) -> VoterId {
    voter_with_policy(VoterPolicy::default(), number)
}

/// Returns the ballot id with this number.
pub(crate) fn ballot_id(number: u32) -> BallotId {
    let mut bytes = [0x5A; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    BallotId::from_bytes(bytes)
}

/// Returns a ballot with this choice.
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
        accepted: None,
    }
}

/// Returns a ballot for the option with this index.
pub(crate) fn ballot(poll: &Poll, voter_number: u32, id: u32, option: usize) -> Ballot {
    ballot_with_choice(poll, voter_number, id, Choice::one(poll.options[option].id))
}

/// Returns a withdrawal.
pub(crate) fn withdrawal(poll: &Poll, voter_number: u32, id: u32) -> Ballot {
    ballot_with_choice(poll, voter_number, id, Choice::withdraw())
}

/// Returns the ballot as a queue delivers it that accepted it this many seconds after the
/// polls' creation.
pub(crate) fn accepted(log_position: u64, seconds: u64, ballot: Ballot) -> Ballot {
    Ballot {
        accepted: Some(Accepted {
            at: at(seconds),
            log_position,
        }),
        ..ballot
    }
}

/// Returns the address with this number under a quota by whole IPv4 addresses.
pub(crate) fn address(number: u8) -> AddressId {
    AddressId::new(32, [number; 15])
}

/// Returns the ballot with the address with this number.
pub(crate) fn from_address(number: u8, ballot: Ballot) -> Ballot {
    Ballot {
        address: Some(address(number)),
        ..ballot
    }
}

/// Returns a public single-choice draft with three options, without revote and closing
/// time.
pub(crate) fn draft() -> PollDraft {
    PollDraft::single_choice("Lunch?", ["Pizza", "Sushi", "Soup"]).visibility(Visibility::Public)
}

/// Returns a single-choice draft with three options and revote.
pub(crate) fn revote_draft() -> PollDraft {
    let mut draft = draft();
    draft.rules.revote = true;
    draft
}

/// Returns metadata with exactly this text.
pub(crate) fn metadata(text: &str) -> Metadata {
    text.parse().expect("a JSON object")
}

/// Returns the draft with an address quota.
pub(crate) fn with_address_quota(ballots: u32, mut draft: PollDraft) -> PollDraft {
    draft.rules.address_quota = Some(AddressQuota::new(ballots));
    draft
}

/// Returns the draft with a closing time this many seconds after its creation.
pub(crate) fn closing_after(mut draft: PollDraft, seconds: u64) -> PollDraft {
    draft.closes_at = Some(at(seconds));
    draft
}
