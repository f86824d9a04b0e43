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
    let mut draft = PollDraft::single_choice("t", ["a", "b"]);
    draft.rules.revote = revote;
    draft.closes_at = Some(closes());
    draft
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
    }
}

fn one(poll: &Poll, option: usize) -> Choice {
    Choice::one(poll.options[option].id)
}

fn voted(ballot: Ballot) -> VoterHistory {
    let standing = ActiveBallot {
        ballot,
        revision: 7,
        cast_at: OPENS,
    };
    VoterHistory {
        active: Some(standing),
        superseded: Vec::new(),
    }
}

#[test]
fn a_first_ballot_counts_and_a_second_only_with_revote() {
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
fn taking_back_needs_revote_and_a_vote() {
    let take_back = |poll: &Poll| ballot(poll, 2, Choice::withdraw());
    let strict = poll(false);
    let first = voted(ballot(&strict, 1, one(&strict, 0)));
    assert_eq!(
        decide(&strict, &first, 0, &take_back(&strict), OPENS),
        Verdict::Refuse(Refusal::RevoteNotAllowed)
    );
    let lenient = poll(true);
    let none = VoterHistory::default();
    assert_eq!(
        decide(&lenient, &none, 0, &take_back(&lenient), OPENS),
        Verdict::Refuse(Refusal::NotVoted)
    );
    let first = voted(ballot(&lenient, 1, one(&lenient, 0)));
    assert_eq!(
        decide(&lenient, &first, 0, &take_back(&lenient), OPENS),
        Verdict::Withdraw
    );
}

#[test]
fn the_window_is_closed_at_its_end_and_open_at_its_beginning() {
    let mut poll = poll(false);
    let ballot = ballot(&poll, 1, one(&poll, 0));
    let now = |at| decide(&poll, &VoterHistory::default(), 0, &ballot, at);
    let last = Timestamp::from_micros(closes().as_micros() - 1).unwrap();
    assert_eq!(now(OPENS), Verdict::Count);
    assert_eq!(now(last), Verdict::Count);
    assert_eq!(now(closes()), Verdict::Refuse(Refusal::Closed));
    poll.opens_at = last;
    let early = decide(&poll, &VoterHistory::default(), 0, &ballot, OPENS);
    assert_eq!(
        early,
        Verdict::Refuse(Refusal::NotOpenYet { opens_at: last })
    );
}

#[test]
fn a_sealed_poll_takes_nothing_whatever_the_clock_says() {
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
fn a_replay_is_told_so_even_after_the_end_and_after_being_superseded() {
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
        active: None,
        superseded: vec![old],
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
fn a_ballot_that_does_not_fit_is_told_why() {
    let poll = poll(false);
    let stranger = OptionId::from_bytes([1; 16]);
    let verdict = decide(
        &poll,
        &VoterHistory::default(),
        0,
        &ballot(&poll, 1, Choice::one(stranger)),
        OPENS,
    );
    assert_eq!(
        verdict,
        Verdict::Refuse(Refusal::Invalid(vec![ChoiceProblem::UnknownOption(
            stranger
        )]))
    );
}

#[test]
fn a_voter_of_another_policy_is_sent_back() {
    let poll = poll(false);
    let mut ballot = ballot(&poll, 1, one(&poll, 0));
    ballot.voter = VoterId::new(VoterPolicy::Ip, [9; 15]);
    let verdict = decide(&poll, &VoterHistory::default(), 0, &ballot, OPENS);
    assert_eq!(verdict, Verdict::Refuse(Refusal::OtherVoterPolicy));
}

#[test]
fn a_full_address_refuses_only_who_would_be_one_more() {
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
fn who_was_located_by_other_rules_is_sent_back() {
    let mut poll = poll(false);
    poll.rules.address_quota = Some(AddressQuota {
        ballots: 1,
        ipv4_prefix: 24,
    });
    let mut ballot = ballot(&poll, 1, one(&poll, 0));
    let none = VoterHistory::default();
    let sent_back = Verdict::Refuse(Refusal::OtherVoterPolicy);
    assert_eq!(decide(&poll, &none, 0, &ballot, OPENS), sent_back);
    ballot.address = Some(AddressId::new(32, [1; 15]));
    assert_eq!(decide(&poll, &none, 0, &ballot, OPENS), sent_back);
    ballot.address = Some(AddressId::new(24, [1; 15]));
    assert_eq!(decide(&poll, &none, 0, &ballot, OPENS), Verdict::Count);
}
