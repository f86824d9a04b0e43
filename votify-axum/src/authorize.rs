//! The extension point for a host's permissions.

mod permissions;

pub use permissions::{Creators, Permissions};

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use axum::http::request::Parts;
use votify_core::{Caller, PollId};

/// Decides which callers may do what over HTTP.
///
/// The router asks before each action, and before it reads a request's body. A refused
/// action has no effect. The engine also checks ownership: [`Action::Manage`] gets 403
/// `not_owner` from a caller who is not the owner, even if it is allowed here.
///
/// [`Permissions`] has ready-made rules. It is the default, and then nobody creates or
/// lists polls. A host with rules of its own reads its users from the request, as in
/// [`Identity`](crate::Identity):
///
/// ```
/// use async_trait::async_trait;
/// use axum::http::request::Parts;
/// use votify_axum::{Action, Authorize, Denied, VotifyRouter};
/// use votify_core::{Caller, MemoryStore, PollEngine};
///
/// /// Inserted by the host's login middleware.
/// #[derive(Clone)]
/// struct CurrentUser {
///     is_teacher: bool,
/// }
///
/// /// Teachers create polls, and everybody else only sees and votes.
/// #[derive(Debug)]
/// struct TeachersCreate;
///
/// #[async_trait]
/// impl Authorize for TeachersCreate {
///     async fn authorize(
///         &self,
///         request: &Parts,
///         _: &Caller,
///         action: Action,
///     ) -> Result<(), Denied> {
///         if action != Action::Create {
///             return Ok(());
///         }
///         match request.extensions.get::<CurrentUser>() {
///             Some(user) if user.is_teacher => Ok(()),
///             Some(_) => Err(Denied::not_allowed("only teachers create polls")),
///             None => Err(Denied::not_logged_in("log in as a teacher to create polls")),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// let app: axum::Router = VotifyRouter::new(engine).authorize(TeachersCreate).build();
/// # let _ = app;
/// # }
/// ```
#[async_trait]
pub trait Authorize: fmt::Debug + Send + Sync + 'static {
    /// Allows or refuses an action of a caller. Called once per request that has an
    /// [`Action`], and again for each vote over a WebSocket, with the request that opened
    /// it. `GET /api/polls/{id}/me`, which tells callers whether they may vote, also asks for
    /// [`Action::Vote`], without a vote.
    ///
    /// # Errors
    /// - [`Denied::NotLoggedIn`]: the caller must log in first.
    /// - [`Denied::NotAllowed`]: the caller may not do this.
    /// - [`Denied::Unavailable`]: the permission cannot be checked at the moment. The
    ///   client may retry.
    async fn authorize(
        &self,
        request: &Parts,
        caller: &Caller,
        action: Action,
    ) -> Result<(), Denied>;

    /// Returns false if every [`Action::Vote`] is allowed. The router then stores no
    /// request for each WebSocket. Defaults to true.
    fn checks_votes(&self) -> bool {
        true
    }
}

/// An action that [`Authorize`] allows or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Create a poll.
    Create,
    /// List or search public polls, or read the trending ones. The query of the request may
    /// narrow the list, for example to an `external_ref`.
    List,
    /// List the polls of the caller's own account and session, also unlisted ones.
    ListOwn,
    /// Read a poll, its result, or one's own vote in it.
    View(PollId),
    /// Vote in a poll, or withdraw the vote.
    Vote(PollId),
    /// Open a stream of a poll.
    Watch(PollId),
    /// Change, close or delete a poll.
    Manage(PollId),
    /// Create invite codes of a poll, or count them.
    Invite(PollId),
    /// Register an account of Votify's own.
    Register,
    /// Log in to an account of Votify's own, or change its password.
    LogIn,
}

impl Action {
    /// Returns true for actions in which it matters what the caller owns.
    pub(crate) const fn concerns_owner(self) -> bool {
        matches!(
            self,
            Self::Create | Self::ListOwn | Self::Manage(_) | Self::Invite(_)
        )
    }

    /// Returns true for actions in which it matters who the voter is.
    pub(crate) const fn concerns_voter(self) -> bool {
        matches!(self, Self::View(_) | Self::Vote(_) | Self::Watch(_))
    }
}

/// The reason why an action is refused. The texts are shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The caller must log in first. Answered with 401 `not_logged_in`.
    #[error("{0}")]
    NotLoggedIn(Cow<'static, str>),
    /// The caller may not do this. Answered with 403 `not_allowed`.
    #[error("{0}")]
    NotAllowed(Cow<'static, str>),
    /// The permission cannot be checked at the moment. Answered with 503
    /// `store_unavailable`.
    #[error("permission cannot be checked at the moment")]
    Unavailable,
}

impl Denied {
    /// Creates a [`NotLoggedIn`](Self::NotLoggedIn) with a reason for the caller.
    pub fn not_logged_in(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::NotLoggedIn(reason.into())
    }

    /// Creates a [`NotAllowed`](Self::NotAllowed) with a reason for the caller.
    pub fn not_allowed(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::NotAllowed(reason.into())
    }
}
