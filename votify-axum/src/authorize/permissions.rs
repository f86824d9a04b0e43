use async_trait::async_trait;
use axum::http::request::Parts;
use votify_core::Caller;

use super::{Action, Authorize, Denied};

/// Ready-made rules for creating and listing polls. All other actions are open to
/// everybody, also listing one's own polls.
///
/// Defaults to nobody for both, because the embedding app decides who adds to its polls.
///
/// ```
/// use votify_axum::{Creators, Permissions, VotifyRouter};
/// use votify_core::{MemoryStore, PollEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// // Logged-in users create polls, and everybody lists the public ones.
/// let permissions = Permissions::everybody().create(Creators::Accounts);
/// let app: axum::Router = VotifyRouter::new(engine).authorize(permissions).build();
/// # let _ = app;
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    creators: Creators,
    lists: bool,
}

/// The callers who may create polls over HTTP. Defaults to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Creators {
    /// Everybody. The owner is the account of the caller, or else the browser session.
    Anyone,
    /// Everybody who is logged in.
    Accounts,
    /// Nobody: only the host's own code creates polls.
    #[default]
    Nobody,
}

impl Permissions {
    /// Returns rules by which everybody creates and lists polls.
    #[must_use]
    pub const fn everybody() -> Self {
        Self {
            creators: Creators::Anyone,
            lists: true,
        }
    }

    /// Sets who may create polls.
    #[must_use]
    pub const fn create(mut self, creators: Creators) -> Self {
        self.creators = creators;
        self
    }

    /// Sets whether everybody may list polls. With false, nobody may.
    #[must_use]
    pub const fn list(mut self, lists: bool) -> Self {
        self.lists = lists;
        self
    }
}

#[async_trait]
impl Authorize for Permissions {
    async fn authorize(&self, _: &Parts, caller: &Caller, action: Action) -> Result<(), Denied> {
        match action {
            Action::Create => match self.creators {
                Creators::Anyone => Ok(()),
                Creators::Accounts if caller.account_id().is_some() => Ok(()),
                Creators::Accounts => Err(Denied::not_logged_in("log in to create polls")),
                Creators::Nobody => Err(Denied::not_allowed(
                    "this server creates no polls over HTTP; its operator decides who may",
                )),
            },
            Action::List if !self.lists => Err(Denied::not_allowed(
                "this server lists no polls; open a poll by its link",
            )),
            _ => Ok(()),
        }
    }

    fn checks_votes(&self) -> bool {
        false
    }
}
