use std::time::Duration;

use super::*;
use crate::ballot::{ActiveBallot, Choice, ChoiceProblem, SupersededBallot};
use crate::id::{BallotId, OptionId, PollId};
use crate::poll::{PollDraft, PollState, SealCause};
use crate::secret::Keyring;
use crate::voter::{AddressId, VoterId, VoterPolicy};

const OPENS: Timestamp = Timestamp::EPOCH;

fn closes() -> Timestamp {
    OPENS.saturating_add(Duration::from_secs(60))
}

fn poll(revote: bool) -> Poll {
    PollDraft::single_choice("t", ["a", "b"])
        .revote(revote)
        .closes_at(closes())
        .into_poll(PollId::generate(OPENS), OPENS, &Keyring::ephemeral())
        .unwrap()
}

fn ballot(poll: &Poll, id: u8, choice: Choice) -> Ballot {
    let voter = VoterId::new(VoterPolicy::Browser, [9; 15]);
    Ballot {
        id: BallotId::from_bytes([id; 16]),
        poll: poll.id,
        voter,
        choice,
        address: None,
        accepted: None,
    }
}

fn one(poll: &Poll, option: usize) -> Choice {
    Choice::one(poll.options[option].id)
}

fn voted(ballot: Ballot) -> VoterHistory {
    let active = ActiveBallot {
        ballot,
        revision: 7,
        cast_at: OPENS,
    };
    VoterHistory {
        active: Some(active),
        ..VoterHistory::default()
    }
}

/// Decides a ballot for a poll whose only ballots are those of this history.
fn decide(
    poll: &Poll,
    history: &VoterHistory,
    ballots_at_address: u32,
    ballot: &Ballot,
    now: Timestamp,
) -> Verdict {
    let had_ballots = history.active.is_some() || !history.superseded.is_empty();
    super::decide(poll, had_ballots, history, ballots_at_address, ballot, now)
}

#[test]
fn a_second_ballot_counts_only_with_revote() {
    for (revote, second) in [
        (false, Verdict::Refuse(Refusal::AlreadyVoted)),
        (true, Verdict::Replace),
    ] {
        let poll = poll(revote);
        let first = ballot(&poll, 1, one(&poll, 0));
        assert_eq!(
            decide(&poll, &VoterHistory::default(), 0, &first, OPENS),
            Verdict::Count
        );
        assert_eq!(
            decide(
                &poll,
                &voted(first),
                0,
                &ballot(&poll, 2, one(&poll, 1)),
                OPENS
            ),
            second
        );
    }
}

#[test]
fn withdrawing_requires_revote_and_an_active_ballot() {
    let withdrawal = |poll: &Poll| ballot(poll, 2, Choice::withdraw());
    let strict = poll(false);
    let first = voted(ballot(&strict, 1, one(&strict, 0)));
    assert_eq!(
        decide(&strict, &first, 0, &withdrawal(&strict), OPENS),
        Verdict::Refuse(Refusal::RevoteNotAllowed)
    );
    let lenient = poll(true);
    let none = VoterHistory::default();
    assert_eq!(
        decide(&lenient, &none, 0, &withdrawal(&lenient), OPENS),
        Verdict::Refuse(Refusal::NotVoted)
    );
    let first = voted(ballot(&lenient, 1, one(&lenient, 0)));
    assert_eq!(
        decide(&lenient, &first, 0, &withdrawal(&lenient), OPENS),
        Verdict::Withdraw
    );
}

#[test]
fn opening_time_is_inclusive_and_closing_time_exclusive() {
    let mut poll = poll(false);
    let ballot = ballot(&poll, 1, one(&poll, 0));
    let now = |at| decide(&poll, &VoterHistory::default(), 0, &ballot, at);
    let last = Timestamp::from_micros(closes().as_micros() - 1).unwrap();
    assert_eq!(now(OPENS), Verdict::Count);
    assert_eq!(now(last), Verdict::Count);
    assert_eq!(now(closes()), Verdict::Refuse(Refusal::Closed));
    poll.opens_at = Some(last);
    let early = decide(&poll, &VoterHistory::default(), 0, &ballot, OPENS);
    assert_eq!(
        early,
        Verdict::Refuse(Refusal::NotOpenYet { opens_at: last })
    );
}

#[test]
fn a_poll_with_ballots_is_open_before_its_opening_time() {
    let mut poll = poll(false);
    poll.opens_at = Some(Timestamp::from_micros(closes().as_micros() - 1).unwrap());
    let (ballot, none) = (ballot(&poll, 1, one(&poll, 0)), VoterHistory::default());
    let opened = super::decide(&poll, true, &none, 0, &ballot, OPENS);
    assert_eq!(opened, Verdict::Count);
    let closed = super::decide(&poll, true, &none, 0, &ballot, closes());
    assert_eq!(closed, Verdict::Refuse(Refusal::Closed));
}

#[test]
fn a_poll_without_opening_time_is_open_before_its_creation() {
    let poll = PollDraft::single_choice("t", ["a", "b"])
        .into_poll(PollId::generate(closes()), closes(), &Keyring::ephemeral())
        .unwrap();
    let ballot = ballot(&poll, 1, one(&poll, 0));
    let counted = decide(&poll, &VoterHistory::default(), 0, &ballot, OPENS);
    assert_eq!(counted, Verdict::Count);
}

#[test]
fn a_sealed_poll_is_closed_at_any_time() {
    let open = poll(true);
    let sealed = PollState::new(open)
        .seal(SealCause::Owner, closes())
        .unwrap()
        .poll;
    let ballot = ballot(&sealed, 1, one(&sealed, 0));
    assert_eq!(
        decide(&sealed, &VoterHistory::default(), 0, &ballot, OPENS),
        Verdict::Refuse(Refusal::Closed)
    );
}

#[test]
fn replays_are_recognized_after_closing_and_after_replacement() {
    let poll = poll(true);
    let first = ballot(&poll, 1, one(&poll, 0));
    let changed = ballot(&poll, 1, one(&poll, 1));
    let history = voted(first.clone());
    assert_eq!(
        decide(&poll, &history, 0, &first, closes()),
        Verdict::Replay { revision: 7 }
    );
    assert_eq!(
        decide(&poll, &history, 0, &changed, OPENS),
        Verdict::Refuse(Refusal::BallotIdReused)
    );
    let old = SupersededBallot {
        id: first.id,
        voter: first.voter,
        choice: first.choice.clone(),
        revision: 3,
    };
    let history = VoterHistory {
        superseded: vec![old],
        ..VoterHistory::default()
    };
    assert_eq!(
        decide(&poll, &history, 0, &first, OPENS),
        Verdict::Replay { revision: 3 }
    );
    assert_eq!(
        decide(&poll, &history, 0, &changed, OPENS),
        Verdict::Refuse(Refusal::BallotIdReused)
    );
}

#[test]
fn an_invalid_choice_is_refused_with_its_problems() {
    let poll = poll(false);
    let unknown = OptionId::from_bytes([1; 16]);
    let verdict = decide(
        &poll,
        &VoterHistory::default(),
        0,
        &ballot(&poll, 1, Choice::one(unknown)),
        OPENS,
    );
    assert_eq!(
        verdict,
        Verdict::Refuse(Refusal::Invalid(vec![ChoiceProblem::UnknownOption(
            unknown
        )]))
    );
}

#[test]
fn a_voter_of_another_policy_is_refused() {
    let poll = poll(false);
    let mut ballot = ballot(&poll, 1, one(&poll, 0));
    ballot.voter = VoterId::new(VoterPolicy::Ip, [9; 15]);
    let verdict = decide(&poll, &VoterHistory::default(), 0, &ballot, OPENS);
    assert_eq!(verdict, Verdict::Refuse(Refusal::OutdatedIdentity));
}

#[test]
fn an_exhausted_quota_refuses_only_first_ballots() {
    let address = AddressId::new(32, [1; 15]);
    let from = |ballot| Ballot {
        address: Some(address),
        ..ballot
    };
    let mut poll = poll(true);
    poll.rules.address_quota = Some(AddressQuota::new(3));
    let first = from(ballot(&poll, 1, one(&poll, 0)));
    let none = VoterHistory::default();
    let full = Verdict::Refuse(Refusal::AddressQuota);
    assert_eq!(decide(&poll, &none, 2, &first, OPENS), Verdict::Count);
    assert_eq!(decide(&poll, &none, 3, &first, OPENS), full);
    assert_eq!(decide(&poll, &none, 9, &first, OPENS), full);
    let history = voted(first.clone());
    let again = from(ballot(&poll, 2, one(&poll, 1)));
    let back = from(ballot(&poll, 3, Choice::withdraw()));
    let replay = Verdict::Replay { revision: 7 };
    assert_eq!(decide(&poll, &history, 3, &first, OPENS), replay);
    assert_eq!(decide(&poll, &history, 3, &again, OPENS), Verdict::Replace);
    assert_eq!(decide(&poll, &history, 3, &back, OPENS), Verdict::Withdraw);
    let closed = decide(&poll, &none, 3, &first, closes());
    assert_eq!(closed, Verdict::Refuse(Refusal::Closed));
    poll.rules.address_quota = None;
    assert_eq!(decide(&poll, &none, 3, &first, OPENS), Verdict::Count);
}

#[test]
fn an_address_of_another_prefix_is_refused() {
    let mut poll = poll(false);
    poll.rules.address_quota = Some(AddressQuota {
        ballots: 1,
        ipv4_prefix: 24,
    });
    let mut ballot = ballot(&poll, 1, one(&poll, 0));
    let none = VoterHistory::default();
    let refused = Verdict::Refuse(Refusal::OutdatedIdentity);
    assert_eq!(decide(&poll, &none, 0, &ballot, OPENS), refused);
    ballot.address = Some(AddressId::new(32, [1; 15]));
    assert_eq!(decide(&poll, &none, 0, &ballot, OPENS), refused);
    ballot.address = Some(AddressId::new(24, [1; 15]));
    assert_eq!(decide(&poll, &none, 0, &ballot, OPENS), Verdict::Count);
}
