use std::borrow::Cow;

use crate::voter::Caller;

/// The party that acts on a poll as its owner: the host's own code, or a caller.
///
/// ```
/// use votify_core::{Actor, Caller, EngineError, MemoryStore, PollDraft, PollEngine, SessionId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), EngineError> {
/// let engine = PollEngine::new(MemoryStore::new());
/// let owner = Caller::anonymous().with_session(SessionId::random());
/// let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
/// draft.owner = owner.as_owner();
/// let poll = engine.create_poll(draft).await?;
///
/// let stranger = Caller::anonymous().with_session(SessionId::random());
/// let refused = engine.close_poll(poll.id, Actor::Caller(&stranger)).await;
/// assert!(matches!(refused, Err(EngineError::NotOwner)));
/// engine.close_poll(poll.id, Actor::Caller(&owner)).await?;
/// // The host closes and deletes any poll.
/// engine.delete_poll(poll.id, Actor::Host).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    /// The host's own code. It may act on every poll without a check.
    Host,
    /// A caller. The engine checks that the caller owns the poll.
    Caller(&'a Caller),
}

impl<'a> Actor<'a> {
    /// Returns the caller for whom the engine reads a poll. The host sees what the public
    /// sees.
    pub(crate) fn as_viewer(self) -> Cow<'a, Caller> {
        match self {
            Self::Host => Cow::Owned(Caller::anonymous()),
            Self::Caller(caller) => Cow::Borrowed(caller),
        }
    }
}
