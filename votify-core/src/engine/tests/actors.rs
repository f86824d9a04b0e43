//! Owner's actions check a caller, and trust the host.

use super::{Harness, browser};
use crate::engine::EngineError;
use crate::id::PollId;
use crate::poll::{PollChange, PollDraft};
use crate::voter::{AccountId, Actor, Caller, Owner, SessionId, VoterPolicy};

#[derive(Debug, Clone, Copy)]
enum Action {
    Change,
    Invite,
    CountInvites,
    IsFrozen,
    Close,
    Delete,
}

/// Each action is possible after those before it.
const ACTIONS: [Action; 6] = [
    Action::Change,
    Action::Invite,
    Action::CountInvites,
    Action::IsFrozen,
    Action::Close,
    Action::Delete,
];

async fn act(
    harness: &Harness,
    action: Action,
    poll: PollId,
    actor: Actor<'_>,
) -> Result<(), EngineError> {
    let engine = &harness.engine;
    match action {
        Action::Change => {
            let change = PollChange::default().title("Dinner?");
            engine.change_poll(poll, change, actor).await.map(drop)
        }
        Action::Invite => engine.create_invites(poll, 1, actor).await.map(drop),
        Action::CountInvites => engine.invite_counts(poll, actor).await.map(drop),
        Action::IsFrozen => engine.is_frozen(poll, actor).await.map(drop),
        Action::Close => engine.close_poll(poll, actor).await.map(drop),
        Action::Delete => engine.delete_poll(poll, actor).await,
    }
}

async fn create_poll(harness: &Harness, owner: Option<Owner>) -> PollId {
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    draft.rules.voters = VoterPolicy::Invite;
    draft.owner = owner;
    harness.engine.create_poll(draft).await.unwrap().id
}

#[tokio::test]
async fn others_than_the_owner_are_refused_and_change_nothing() {
    let harness = Harness::new();
    let owner = Owner::Session(SessionId::from_bytes([1; 16]));
    for owner in [Some(owner), None] {
        let poll = create_poll(&harness, owner).await;
        let before = harness.store.polls(&[poll]).await.unwrap();
        for stranger in [browser(2), Caller::anonymous(), Caller::account("alice")] {
            for action in ACTIONS {
                let refused = act(&harness, action, poll, Actor::Caller(&stranger)).await;
                assert!(matches!(refused, Err(EngineError::NotOwner)), "{action:?}");
            }
        }
        assert_eq!(harness.store.polls(&[poll]).await.unwrap(), before);
    }
}

#[tokio::test]
async fn owner_and_host_act() {
    let harness = Harness::new();
    let browser = browser(1);
    let account = Caller::account("alice");
    let both = browser.clone().with_account(AccountId::new("alice"));
    assert!(harness.engine.claim_session(&both).await.unwrap());
    for actor in [
        Actor::Host,
        Actor::Caller(&browser),
        Actor::Caller(&account),
    ] {
        let poll = create_poll(&harness, browser.as_owner()).await;
        for action in ACTIONS {
            act(&harness, action, poll, actor).await.unwrap();
        }
        let deleted = harness.engine.poll(poll, &Caller::anonymous()).await;
        assert!(matches!(deleted, Err(EngineError::PollNotFound(_))));
    }
}
