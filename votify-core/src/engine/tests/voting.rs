use super::*;
use crate::ballot::{Outcome, Refusal};
use crate::engine::EngineError;
use crate::id::{BallotId, OptionId};
use crate::poll::{OptionChange, PollChange};
use crate::voter::{IdentifyError, Owner, VoterPolicy};

#[tokio::test]
async fn a_vote_is_answered_with_the_counts_it_made() {
    let world = World::new();
    let poll = world.lunch().await;
    let receipt = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    assert_eq!(receipt.outcome, Outcome::Counted { revision: 1 });
    assert_eq!(receipt.view.count(poll.options[0].id), Some(1));
    let again = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(again, EngineError::Refused(Refusal::AlreadyVoted)),
        "{again}"
    );
    let standing = world
        .engine
        .ballot_of(poll.id, &browser(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(standing.ballot.id, receipt.ballot);
}

#[tokio::test]
async fn the_same_ballot_again_is_counted_once() {
    let world = World::new();
    let poll = world.lunch().await;
    let id = BallotId::generate(world.clock.now());
    for expected in [
        Outcome::Counted { revision: 1 },
        Outcome::Replayed { revision: 1 },
    ] {
        let receipt = world
            .engine
            .cast(poll.id, &browser(1), id, first(&poll))
            .await
            .unwrap();
        assert_eq!(receipt.outcome, expected);
        assert_eq!(receipt.view.total_votes(), Some(1));
    }
}

#[tokio::test]
async fn a_caller_who_cannot_be_identified_is_told_what_is_missing() {
    let world = World::new();
    let poll = world
        .poll(|draft| draft.rules.voters = VoterPolicy::Account)
        .await;
    let error = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::Unidentified(IdentifyError::NotLoggedIn)),
        "{error}"
    );
    assert!(
        world
            .engine
            .vote(poll.id, &Caller::account("alice"), first(&poll))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn polls_that_do_not_exist_take_no_votes() {
    let world = World::new();
    let poll = world.lunch().await;
    world.engine.delete_poll(poll.id).await.unwrap();
    for _ in 0..2 {
        let error = world
            .engine
            .vote(poll.id, &browser(1), first(&poll))
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::PollNotFound(_)), "{error}");
    }
}

/// Two engines on one store, of which one has an outdated definition at hand.
#[tokio::test]
async fn an_outdated_definition_refuses_and_reveals_nothing() {
    let here = World::new();
    let there = World::on(Arc::clone(&here.store), MemoryBroadcaster::new());
    let poll = here.lunch().await;
    there
        .engine
        .authorize_owner(poll.id, &browser(1))
        .await
        .unwrap_err();
    let added = OptionId::generate(here.clock.now());
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
    here.engine
        .change_poll(poll.id, change, &browser(1))
        .await
        .unwrap();
    let alice = Caller::account("alice").with_session(SessionId::random());
    let receipt = there
        .engine
        .vote(poll.id, &alice, Choice::one(added))
        .await
        .unwrap();
    assert_eq!(receipt.view.counts(), None);
    assert_eq!(receipt.outcome, Outcome::Counted { revision: 0 });
    let again = here
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
async fn only_the_maker_owns_a_poll() {
    let world = World::new();
    let poll = world
        .poll(|draft| draft.owner = Some(Owner::Session(SessionId::from_bytes([1; 16]))))
        .await;
    assert!(
        world
            .engine
            .authorize_owner(poll.id, &browser(1))
            .await
            .is_ok()
    );
    for stranger in [browser(2), Caller::anonymous(), Caller::account("alice")] {
        let error = world
            .engine
            .authorize_owner(poll.id, &stranger)
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::NotOwner), "{error}");
    }
}

#[tokio::test]
async fn votes_survive_the_rotation_of_the_secret() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let before = World::on(Arc::clone(&store), MemoryBroadcaster::new());
    let poll = before.lunch().await;
    before
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let newer = "a newer secret of the tests, long enough";
    let rotated = World::with(Arc::clone(&store), |b| {
        b.keyring(Keyring::new([newer, SECRET]).unwrap())
    });
    let again = rotated
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(again, EngineError::Refused(Refusal::AlreadyVoted)),
        "{again}"
    );
    let lost = World::with(store, |b| b.keyring(Keyring::new([newer]).unwrap()));
    let error = lost
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            EngineError::Unidentified(IdentifyError::UnknownKey(_))
        ),
        "{error}"
    );
}
