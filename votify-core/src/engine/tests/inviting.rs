use super::*;
use crate::ballot::{Outcome, Refusal};
use crate::engine::{EngineError, InviteRefusal};
use crate::id::BallotId;
use crate::poll::{PollChange, ResultsPolicy};
use crate::store::InviteStore;
use crate::voter::{IdentifyError, InviteCode, VoterPolicy};

/// An engine over a store that keeps invites too.
fn engine(store: &Arc<MemoryStore>) -> PollEngine {
    PollEngine::builder(Arc::clone(store))
        .invites(Arc::clone(store))
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
async fn each_code_is_one_voter() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let poll = engine.create_poll(draft()).await.unwrap();
    let codes = engine.create_invites(poll.id, 2).await.unwrap();
    let [one, two] = [0, 1].map(|n| Caller::invited(codes[n]));
    let id = BallotId::generate(engine.now());
    let vote = |voter, id| engine.cast(poll.id, voter, id, first(&poll));
    let counted = vote(&one, id).await.unwrap();
    assert_eq!(counted.outcome, Outcome::Counted { revision: 1 });
    let replayed = vote(&one, id).await.unwrap();
    assert_eq!(replayed.outcome, Outcome::Replayed { revision: 1 });
    // The code is used up, whoever brings it.
    let elsewhere = one.clone().with_session(SessionId::random());
    for voter in [&one, &elsewhere] {
        let again = engine.vote(poll.id, voter, first(&poll)).await.unwrap_err();
        assert!(
            matches!(again, EngineError::Refused(Refusal::AlreadyVoted)),
            "{again}"
        );
    }
    let receipt = engine.vote(poll.id, &two, first(&poll)).await.unwrap();
    assert_eq!(receipt.view.total_votes(), Some(2));
}

#[tokio::test]
async fn who_was_not_invited_is_told_so_and_counts_nothing() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let poll = engine.create_poll(draft()).await.unwrap();
    let other = engine.create_poll(draft()).await.unwrap();
    let codes = engine.create_invites(other.id, 1).await.unwrap();
    for code in [codes[0], InviteCode::random()] {
        let voter = Caller::invited(code);
        let error = engine
            .vote(poll.id, &voter, first(&poll))
            .await
            .unwrap_err();
        assert!(is_not_invited(&error), "{error}");
    }
    let error = engine.vote(poll.id, &browser(1), first(&poll)).await;
    assert!(matches!(
        error,
        Err(EngineError::Unidentified(IdentifyError::NoInvite))
    ));
    let seen = engine.poll(poll.id, &browser(1)).await.unwrap();
    assert_eq!(seen.view.total_votes(), Some(0));
}

#[tokio::test]
async fn a_failed_attempt_does_not_use_a_code_up() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let poll = engine.create_poll(draft()).await.unwrap();
    let codes = engine.create_invites(poll.id, 1).await.unwrap();
    let voter = Caller::invited(codes[0]);
    let nowhere = Choice::one(crate::OptionId::generate(engine.now()));
    engine.vote(poll.id, &voter, nowhere).await.unwrap_err();
    assert!(engine.vote(poll.id, &voter, first(&poll)).await.is_ok());
}

#[tokio::test]
async fn counts_show_to_the_code_that_voted() {
    let engine = engine(&Arc::new(MemoryStore::new()));
    let mut draft = draft();
    draft.rules.results = ResultsPolicy::AfterVote;
    let poll = engine.create_poll(draft).await.unwrap();
    let codes = engine.create_invites(poll.id, 2).await.unwrap();
    let [one, two] = [0, 1].map(|n| Caller::invited(codes[n]));
    let mut watch = engine.watch(poll.id, &one, None).await.unwrap();
    let frame = watch.next().await.unwrap();
    assert_eq!(frame.view.total_votes(), None);
    engine.vote(poll.id, &one, first(&poll)).await.unwrap();
    while watch.next().await.unwrap().view.total_votes() != Some(1) {}
    for (voter, seen) in [(&one, Some(1)), (&two, None), (&browser(1), None)] {
        let snapshot = engine.poll(poll.id, voter).await.unwrap();
        assert_eq!(snapshot.view.total_votes(), seen);
    }
    let own = engine.ballot_of(poll.id, &one).await.unwrap();
    assert!(own.is_some());
    assert_eq!(engine.ballot_of(poll.id, &two).await.unwrap(), None);
}

#[tokio::test]
async fn codes_are_made_for_open_polls_by_invite_up_to_a_bound() {
    let store = Arc::new(MemoryStore::new());
    let engine = engine(&store);
    let refused = async |poll, count| match engine.create_invites(poll, count).await {
        Err(EngineError::InvitesRefused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let browsers = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let browsers = engine.create_poll(browsers).await.unwrap();
    assert_eq!(refused(browsers.id, 1).await, InviteRefusal::NotByInvite);
    let poll = engine.create_poll(draft()).await.unwrap();
    let most = PollEngine::MAX_INVITES_PER_CALL;
    for count in [0, most + 1] {
        assert_eq!(refused(poll.id, count).await, InviteRefusal::Count { most });
    }
    for _ in 0..10 {
        let codes = engine.create_invites(poll.id, most).await.unwrap();
        assert_eq!(codes.len(), most as usize);
    }
    let (made, most) = (100_000, PollEngine::INVITES_MAX);
    let full = InviteRefusal::TooMany { made, most };
    assert_eq!(refused(poll.id, 1).await, full);
    engine.close_poll(poll.id, &browser(1)).await.unwrap();
    assert_eq!(refused(poll.id, 1).await, InviteRefusal::Closed);
    engine.delete_poll(poll.id).await.unwrap();
    let gone = engine.create_invites(poll.id, 1).await;
    assert!(matches!(gone, Err(EngineError::PollNotFound(_))));
}

#[tokio::test]
async fn without_a_place_for_invites_no_poll_can_be_by_invite() {
    let world = World::new();
    let told = |error: EngineError| match error {
        EngineError::InvalidPoll(invalid) => assert_eq!(invalid.0[0].field, "voters"),
        other => panic!("{other}"),
    };
    told(world.engine.create_poll(draft()).await.unwrap_err());
    let poll = world.lunch().await;
    let change = PollChange {
        voters: Some(VoterPolicy::Invite),
        ..PollChange::default()
    };
    let changed = world.engine.change_poll(poll.id, change, &browser(1)).await;
    told(changed.unwrap_err());
}

/// Two engines on one store, of which one has an outdated definition at hand.
#[tokio::test]
async fn who_is_turned_away_is_judged_by_the_poll_as_it_is() {
    let store = Arc::new(MemoryStore::new());
    let (here, there) = (engine(&store), engine(&store));
    let poll = here.create_poll(draft()).await.unwrap();
    let stranger = Caller::invited(InviteCode::random()).with_session(SessionId::random());
    let vote = async |voter| there.vote(poll.id, voter, first(&poll)).await;
    assert!(is_not_invited(&vote(&stranger).await.unwrap_err()));
    let change = PollChange {
        voters: Some(VoterPolicy::Browser),
        ..PollChange::default()
    };
    here.change_poll(poll.id, change, &browser(1))
        .await
        .unwrap();
    assert!(vote(&stranger).await.is_ok());
    here.delete_poll(poll.id).await.unwrap();
    let gone = vote(&stranger).await.unwrap_err();
    assert!(matches!(gone, EngineError::PollNotFound(_)), "{gone}");
    let poll = here.create_poll(draft()).await.unwrap();
    there.definition(poll.id).await.unwrap();
    here.delete_poll(poll.id).await.unwrap();
    let gone = there
        .vote(poll.id, &stranger, first(&poll))
        .await
        .unwrap_err();
    assert!(matches!(gone, EngineError::PollNotFound(_)), "{gone}");
    assert_eq!(
        store.invited(poll.id, &[]).await.unwrap(),
        Vec::<bool>::new()
    );
}
