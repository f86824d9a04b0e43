//! What a caller learns about themselves agrees with what a vote would get.

use super::{Harness, browser};
use crate::ballot::Refusal;
use crate::engine::{EngineError, PollEngine};
use crate::id::PollId;
use crate::poll::{AddressQuota, BallotKind, Poll, PollDraft, ResultsPolicy};
use crate::voter::{Actor, Caller, IdentifyError, Owner, SessionId, VoterPolicy};
use crate::{Choice, InviteCode};

fn choice(poll: &Poll) -> Choice {
    match poll.rules.ballot {
        BallotKind::Single => Choice::one(poll.options[1].id),
        BallotKind::Multiple { .. } => Choice::several(poll.options.iter().map(|o| o.id)),
    }
}

async fn refusal(engine: &PollEngine, poll: PollId, caller: &Caller) -> Option<String> {
    let state = engine.caller_state(poll, caller).await.unwrap();
    state.refusal.map(|error| error.to_string())
}

/// Polls at each time, of each kind and policy: a vote gets the error that was announced.
#[tokio::test(start_paused = true)]
async fn a_vote_gets_the_announced_refusal() {
    for voters in VoterPolicy::ALL {
        for (ballot, revote) in [
            (BallotKind::Single, false),
            (BallotKind::Multiple { min: 2, max: 2 }, false),
            (BallotKind::Single, true),
        ] {
            let harness = Harness::new();
            let engine = &harness.engine;
            let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
            draft.rules.voters = voters;
            draft.rules.ballot = ballot;
            draft.rules.revote = revote;
            draft.rules.results = ResultsPolicy::AfterClose;
            draft.opens_at = Some(harness.in_seconds(10));
            draft.closes_at = Some(harness.in_seconds(30));
            let poll = engine.create_poll(draft).await.unwrap();
            let code = match voters {
                VoterPolicy::Invite => {
                    let codes = engine.create_invites(poll.id, 1, Actor::Host).await;
                    codes.unwrap().remove(0)
                }
                _ => InviteCode::random(),
            };
            let known = browser(1)
                .with_address("192.0.2.1".parse().unwrap())
                .with_account(crate::voter::AccountId::new("ada"))
                .with_invite(code);
            let unknown = Caller::invited(InviteCode::random());
            for seconds in [0, 10, 1, 30] {
                harness
                    .clock
                    .advance(std::time::Duration::from_secs(seconds));
                for caller in [&known, &Caller::anonymous(), &unknown, &known] {
                    let expected = refusal(engine, poll.id, caller).await;
                    let vote = engine.vote(poll.id, caller, choice(&poll)).await;
                    let error = vote.err().map(|error| error.to_string());
                    assert_eq!(expected, error, "{voters:?} {ballot:?} {revote} {seconds}");
                }
            }
            let state = engine.caller_state(poll.id, &known).await.unwrap();
            assert!(state.ballot.is_some(), "{voters:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_code_and_a_used_code_differ() {
    let harness = Harness::new();
    let engine = &harness.engine;
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    draft.rules.voters = VoterPolicy::Invite;
    let poll = engine.create_poll(draft).await.unwrap();
    let codes = engine.create_invites(poll.id, 2, Actor::Host).await;
    let [used, unused] = codes.unwrap()[..] else {
        panic!("two codes");
    };
    let voter = Caller::invited(used);
    engine.vote(poll.id, &voter, choice(&poll)).await.unwrap();
    let refusal = async |caller: &Caller| {
        let state = engine.caller_state(poll.id, caller).await.unwrap();
        (state.ballot.is_some(), state.refusal)
    };
    let unidentified = |state| match state {
        (false, Some(EngineError::Unidentified(error))) => error,
        other => panic!("{other:?}"),
    };
    let absent = unidentified(refusal(&Caller::anonymous()).await);
    assert_eq!(absent, IdentifyError::NoInvite);
    let unknown = Caller::invited(InviteCode::random());
    assert_eq!(
        unidentified(refusal(&unknown).await),
        IdentifyError::NotInvited
    );
    let used = refusal(&voter).await;
    assert!(
        matches!(
            used,
            (true, Some(EngineError::Refused(Refusal::AlreadyVoted)))
        ),
        "{used:?}"
    );
    let unused = refusal(&Caller::invited(unused)).await;
    assert!(matches!(unused, (false, None)), "{unused:?}");
}

/// The state of a caller at an address does not depend on the votes of others there.
#[tokio::test]
async fn the_quota_of_an_address_is_not_told() {
    let harness = Harness::new();
    let engine = &harness.engine;
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    draft.rules.address_quota = Some(AddressQuota {
        ballots: 1,
        ipv4_prefix: 32,
    });
    let poll = engine.create_poll(draft).await.unwrap();
    let at_address = |n| browser(n).with_address("192.0.2.1".parse().unwrap());
    let before = refusal(engine, poll.id, &at_address(2)).await;
    engine
        .vote(poll.id, &at_address(1), choice(&poll))
        .await
        .unwrap();
    assert_eq!(refusal(engine, poll.id, &at_address(2)).await, before);
    assert_eq!(before, None);
}

#[tokio::test]
async fn the_owner_is_told() {
    let harness = Harness::new();
    let session = SessionId::from_bytes([1; 16]);
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let draft = draft.owner(Owner::Session(session));
    let poll = harness.engine.create_poll(draft).await.unwrap();
    for (caller, is_owner) in [
        (Caller::session(session), true),
        (Caller::session(SessionId::random()), false),
        (Caller::anonymous(), false),
    ] {
        let state = harness.engine.caller_state(poll.id, &caller).await;
        assert_eq!(state.unwrap().is_owner, is_owner);
    }
    let unknown = PollId::generate(harness.engine.now());
    let state = harness.engine.caller_state(unknown, &browser(1)).await;
    assert!(matches!(state, Err(EngineError::PollNotFound(_))));
}
