use super::pausable_store::PausableStore;
use super::*;
use crate::ballot::Refusal;
use crate::engine::{EngineError, InviteRefusal, VoteOutcome};
use crate::id::BallotId;
use crate::poll::{PollChange, ResultsPolicy};
use crate::store::InviteStore;
use crate::voter::{Actor, IdentifyError, InviteCode, VoterPolicy};

/// An engine on a given store.
fn engine(store: &Arc<MemoryStore>) -> PollEngine {
    PollEngine::builder(Arc::clone(store))
        .keyring(Keyring::new([SECRET]).unwrap())
        .config(config())
        .build()
}

fn draft() -> PollDraft {
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    draft.rules.voters = VoterPolicy::Invite;
    draft
}

fn is_not_invited(error: &EngineError) -> bool {
    matches!(error, EngineError::Unidentified(IdentifyError::NotInvited))
}

#[tokio::test]
async fn each_code_counts_as_one_voter() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let poll = engine.create_poll(draft()).await.unwrap();
    let codes = engine
        .create_invites(poll.id, 2, Actor::Host)
        .await
        .unwrap();
    let [one, two] = [0, 1].map(|n| Caller::invited(codes[n]));
    let id = BallotId::generate(engine.now());
    let vote = |voter, id| engine.cast(poll.id, voter, id, first_option(&poll));
    let counted = vote(&one, id).await.unwrap();
    assert_eq!(counted.outcome, VoteOutcome::Counted { revision: 1 });
    let replayed = vote(&one, id).await.unwrap();
    assert_eq!(replayed.outcome, VoteOutcome::Replayed { revision: 1 });
    // A used code is refused from another browser too.
    let other_browser = one.clone().with_session(SessionId::random());
    for voter in [&one, &other_browser] {
        let again = engine
            .vote(poll.id, voter, first_option(&poll))
            .await
            .unwrap_err();
        assert!(
            matches!(again, EngineError::Refused(Refusal::AlreadyVoted)),
            "{again}"
        );
    }
    let receipt = engine
        .vote(poll.id, &two, first_option(&poll))
        .await
        .unwrap();
    assert_eq!(receipt.view.total_votes(), Some(2));
}

#[tokio::test]
async fn callers_without_an_invite_are_rejected() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let poll = engine.create_poll(draft()).await.unwrap();
    let other = engine.create_poll(draft()).await.unwrap();
    let codes = engine
        .create_invites(other.id, 1, Actor::Host)
        .await
        .unwrap();
    for code in [codes[0], InviteCode::random()] {
        let voter = Caller::invited(code);
        let error = engine
            .vote(poll.id, &voter, first_option(&poll))
            .await
            .unwrap_err();
        assert!(is_not_invited(&error), "{error}");
    }
    let error = engine.vote(poll.id, &browser(1), first_option(&poll)).await;
    assert!(matches!(
        error,
        Err(EngineError::Unidentified(IdentifyError::NoInvite))
    ));
    let snapshot = engine.poll(poll.id, &browser(1)).await.unwrap();
    assert_eq!(snapshot.view.total_votes(), Some(0));
}

#[tokio::test]
async fn refused_ballot_does_not_use_up_the_code() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let poll = engine.create_poll(draft()).await.unwrap();
    let codes = engine
        .create_invites(poll.id, 1, Actor::Host)
        .await
        .unwrap();
    let voter = Caller::invited(codes[0]);
    let unknown_option = Choice::one(crate::OptionId::generate(engine.now()));
    engine
        .vote(poll.id, &voter, unknown_option)
        .await
        .unwrap_err();
    assert!(
        engine
            .vote(poll.id, &voter, first_option(&poll))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn counts_are_shown_to_the_code_that_voted() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let mut draft = draft();
    draft.rules.results = ResultsPolicy::AfterVote;
    let poll = engine.create_poll(draft).await.unwrap();
    let codes = engine
        .create_invites(poll.id, 2, Actor::Host)
        .await
        .unwrap();
    let [one, two] = [0, 1].map(|n| Caller::invited(codes[n]));
    let mut watch = engine.watch(poll.id, &one, None).await.unwrap();
    let frame = watch.next().await.unwrap();
    assert_eq!(frame.view.total_votes(), None);
    engine
        .vote(poll.id, &one, first_option(&poll))
        .await
        .unwrap();
    while watch.next().await.unwrap().view.total_votes() != Some(1) {}
    for (voter, total) in [(&one, Some(1)), (&two, None), (&browser(1), None)] {
        let snapshot = engine.poll(poll.id, voter).await.unwrap();
        assert_eq!(snapshot.view.total_votes(), total);
    }
    let own = engine.ballot_of(poll.id, &one).await.unwrap();
    assert!(own.is_some());
    assert_eq!(engine.ballot_of(poll.id, &two).await.unwrap(), None);
}

#[tokio::test]
async fn codes_are_created_for_open_invite_polls_up_to_the_maximum() {
    let store = Arc::new(MemoryStore::new());
    let engine = engine(&store);
    let refused = async |poll, count| match engine.create_invites(poll, count, Actor::Host).await {
        Err(EngineError::InvitesRefused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let browsers = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let browsers = engine.create_poll(browsers).await.unwrap();
    assert_eq!(refused(browsers.id, 1).await, InviteRefusal::NotByInvite);
    let poll = engine.create_poll(draft()).await.unwrap();
    let max = PollEngine::MAX_INVITES_PER_CALL;
    for count in [0, max + 1] {
        assert_eq!(refused(poll.id, count).await, InviteRefusal::Count { max });
    }
    for _ in 0..10 {
        let codes = engine
            .create_invites(poll.id, max, Actor::Host)
            .await
            .unwrap();
        assert_eq!(codes.len(), max as usize);
    }
    let (existing, max) = (100_000, PollEngine::MAX_INVITES_PER_POLL);
    let full = InviteRefusal::TooMany { existing, max };
    assert_eq!(refused(poll.id, 1).await, full);
    engine.close_poll(poll.id, Actor::Host).await.unwrap();
    assert_eq!(refused(poll.id, 1).await, InviteRefusal::Closed);
    engine.delete_poll(poll.id, Actor::Host).await.unwrap();
    let deleted = engine.create_invites(poll.id, 1, Actor::Host).await;
    assert!(matches!(deleted, Err(EngineError::PollNotFound(_))));
}

#[tokio::test]
async fn used_codes_are_counted_for_viewers_of_results() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    for results in [ResultsPolicy::Live, ResultsPolicy::AfterClose] {
        let mut draft = draft();
        draft.rules.results = results;
        draft.rules.revote = true;
        draft.owner = browser(1).as_owner();
        let poll = engine.create_poll(draft).await.unwrap();
        let counts = async || {
            let owner = browser(1);
            let counts = engine.invite_counts(poll.id, Actor::Caller(&owner)).await;
            let counts = counts.unwrap();
            assert_eq!(
                engine.invite_counts(poll.id, Actor::Host).await.unwrap(),
                counts
            );
            (counts.made, counts.used, counts.left())
        };
        let shown = |used, left| match results {
            ResultsPolicy::Live => (3, Some(used), Some(left)),
            _ => (3, None, None),
        };
        let codes = engine.create_invites(poll.id, 3, Actor::Host).await;
        let codes = codes.unwrap();
        assert_eq!(counts().await, shown(0, 3));
        let voter = Caller::invited(codes[0]);
        for _ in 0..2 {
            let vote = engine.vote(poll.id, &voter, first_option(&poll)).await;
            vote.unwrap();
        }
        assert_eq!(counts().await, shown(1, 2));
        let withdrawn = engine.vote(poll.id, &voter, Choice::withdraw()).await;
        withdrawn.unwrap();
        assert_eq!(counts().await, shown(0, 3));
        let vote = engine.vote(poll.id, &voter, first_option(&poll)).await;
        vote.unwrap();
        engine.close_poll(poll.id, Actor::Host).await.unwrap();
        assert_eq!(counts().await, (3, Some(1), Some(2)));
    }
    let browsers = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let browsers = engine.create_poll(browsers).await.unwrap();
    let refused = engine.invite_counts(browsers.id, Actor::Host).await;
    assert!(matches!(
        refused,
        Err(EngineError::InvitesRefused(InviteRefusal::NotByInvite))
    ));
}

#[tokio::test]
async fn invite_polls_are_invalid_without_an_invite_store() {
    let harness = Harness::with(PausableStore::new(), |builder| builder);
    let assert_voters_invalid = |error: EngineError| match error {
        EngineError::InvalidPoll(invalid) => assert_eq!(invalid.0[0].field, "voters"),
        other => panic!("{other}"),
    };
    assert_voters_invalid(harness.engine.create_poll(draft()).await.unwrap_err());
    let poll = harness.create_poll().await;
    let change = PollChange {
        voters: Some(VoterPolicy::Invite),
        ..PollChange::default()
    };
    let changed = harness
        .engine
        .change_poll(poll.id, change, Actor::Host)
        .await;
    assert_voters_invalid(changed.unwrap_err());
}

/// Two engines on one store, one of them with an outdated definition in its cache.
#[tokio::test]
async fn rejected_callers_are_checked_against_the_current_definition() {
    let store = Arc::new(MemoryStore::new());
    let (instance_a, instance_b) = (engine(&store), engine(&store));
    let poll = instance_a.create_poll(draft()).await.unwrap();
    let uninvited = Caller::invited(InviteCode::random()).with_session(SessionId::random());
    let vote = async |voter| instance_b.vote(poll.id, voter, first_option(&poll)).await;
    assert!(is_not_invited(&vote(&uninvited).await.unwrap_err()));
    let change = PollChange {
        voters: Some(VoterPolicy::Browser),
        ..PollChange::default()
    };
    instance_a
        .change_poll(poll.id, change, Actor::Host)
        .await
        .unwrap();
    assert!(vote(&uninvited).await.is_ok());
    instance_a.delete_poll(poll.id, Actor::Host).await.unwrap();
    let deleted = vote(&uninvited).await.unwrap_err();
    assert!(matches!(deleted, EngineError::PollNotFound(_)), "{deleted}");
    let poll = instance_a.create_poll(draft()).await.unwrap();
    instance_b.definition(poll.id).await.unwrap();
    instance_a.delete_poll(poll.id, Actor::Host).await.unwrap();
    let deleted = instance_b
        .vote(poll.id, &uninvited, first_option(&poll))
        .await
        .unwrap_err();
    assert!(matches!(deleted, EngineError::PollNotFound(_)), "{deleted}");
    assert_eq!(
        store.invited(poll.id, &[]).await.unwrap(),
        Vec::<bool>::new()
    );
}
