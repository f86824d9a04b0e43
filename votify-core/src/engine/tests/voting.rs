use super::*;
use crate::ballot::Refusal;
use crate::engine::{EngineError, ErrorStatus, VoteOutcome};
use crate::id::{BallotId, OptionId};
use crate::poll::{OptionChange, PollChange};
use crate::voter::{Actor, IdentifyError, Owner, VoterPolicy};

#[tokio::test]
async fn receipt_contains_the_counts_after_the_vote() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let receipt = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    assert_eq!(receipt.outcome, VoteOutcome::Counted { revision: 1 });
    assert_eq!(receipt.view.count(poll.options[0].id), Some(1));
    let again = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(again, EngineError::Refused(Refusal::AlreadyVoted)),
        "{again}"
    );
    let active = harness
        .engine
        .ballot_of(poll.id, &browser(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(active.ballot.id, receipt.ballot);
}

#[tokio::test]
async fn repeated_ballot_is_replayed() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let id = BallotId::generate(harness.clock.now());
    for expected in [
        VoteOutcome::Counted { revision: 1 },
        VoteOutcome::Replayed { revision: 1 },
    ] {
        let receipt = harness
            .engine
            .cast(poll.id, &browser(1), id, first_option(&poll))
            .await
            .unwrap();
        assert_eq!(receipt.outcome, expected);
        assert_eq!(receipt.view.total_votes(), Some(1));
    }
}

#[tokio::test]
async fn unidentified_caller_gets_the_missing_identity() {
    let harness = Harness::new();
    let poll = harness
        .create_poll_with(|draft| draft.rules.voters = VoterPolicy::Account)
        .await;
    let error = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::Unidentified(IdentifyError::NotLoggedIn)),
        "{error}"
    );
    assert!(
        harness
            .engine
            .vote(poll.id, &Caller::account("alice"), first_option(&poll))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn votes_in_deleted_polls_are_not_found() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    harness
        .engine
        .delete_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    for _ in 0..2 {
        let error = harness
            .engine
            .vote(poll.id, &browser(1), first_option(&poll))
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::PollNotFound(_)), "{error}");
    }
}

/// Two engines on one store, one of them with an outdated definition in its cache.
#[tokio::test]
async fn outdated_definition_neither_refuses_nor_reveals_counts() {
    let instance_a = Harness::new();
    let instance_b = Harness::on(Arc::clone(&instance_a.store), MemoryBroadcaster::new());
    let poll = instance_a.create_poll().await;
    instance_b
        .engine
        .authorize_owner(poll.id, &browser(1))
        .await
        .unwrap_err();
    let added = OptionId::generate(instance_a.clock.now());
    let change = PollChange {
        voters: Some(VoterPolicy::Account),
        results: Some(crate::ResultsPolicy::AfterClose),
        options: Some(vec![
            OptionChange::Keep {
                id: poll.options[0].id,
                text: None,
            },
            OptionChange::Add {
                id: added,
                text: "Soup".into(),
            },
        ]),
        ..PollChange::default()
    };
    instance_a
        .engine
        .change_poll(poll.id, change, Actor::Host)
        .await
        .unwrap();
    let alice = Caller::account("alice").with_session(SessionId::random());
    let receipt = instance_b
        .engine
        .vote(poll.id, &alice, Choice::one(added))
        .await
        .unwrap();
    assert_eq!(receipt.view.counts(), None);
    assert_eq!(receipt.outcome, VoteOutcome::Counted { revision: 0 });
    let again = instance_a
        .engine
        .vote(poll.id, &alice, Choice::one(added))
        .await
        .unwrap_err();
    assert!(
        matches!(again, EngineError::Refused(Refusal::AlreadyVoted)),
        "{again}"
    );
}

#[tokio::test]
async fn only_the_creator_owns_a_poll() {
    let harness = Harness::new();
    let poll = harness
        .create_poll_with(|draft| {
            draft.owner = Some(Owner::Session(SessionId::from_bytes([1; 16])));
        })
        .await;
    assert!(
        harness
            .engine
            .authorize_owner(poll.id, &browser(1))
            .await
            .is_ok()
    );
    for stranger in [browser(2), Caller::anonymous(), Caller::account("alice")] {
        let error = harness
            .engine
            .authorize_owner(poll.id, &stranger)
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::NotOwner), "{error}");
    }
}

#[tokio::test]
async fn voters_are_recognized_after_secret_rotation() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let before = Harness::on(Arc::clone(&store), MemoryBroadcaster::new());
    let poll = before.create_poll().await;
    before
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let newer = "a newer secret of the tests, long enough";
    let rotated = Harness::with(Arc::clone(&store), |b| {
        b.keyring(Keyring::new([newer, SECRET]).unwrap())
    });
    let again = rotated
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(again, EngineError::Refused(Refusal::AlreadyVoted)),
        "{again}"
    );
    let without_old_secret = Harness::with(store, |b| b.keyring(Keyring::new([newer]).unwrap()));
    let error = without_old_secret
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            EngineError::Unidentified(IdentifyError::UnknownKey(_))
        ),
        "{error}"
    );
    assert_eq!(error.status(), ErrorStatus::Unavailable);
}
