//! Users for applications that have none of their own: what is kept of them, and the seam for keeping it.

mod error;
mod name;
mod password;
mod shared;
mod user;

pub use error::AccountError;
pub use name::{NameProblem, UserName};
pub use password::{Password, PasswordHash, PasswordProblem};
pub use user::{Registration, Revocation, TokenId, User, UserId};

use std::fmt;

use async_trait::async_trait;

use crate::time::Timestamp;

/// Keeps users, and the tokens that are no longer to be taken.
///
/// # Laws
///
/// 1. *Names are unique.* Of any number of registrations of one name, also at the same moment and from several processes,
///    one is [`Registered`](Registration::Registered) and all others are [`NameTaken`](Registration::NameTaken). Names that
///    differ in case or in how Unicode writes them are one name: their [`key`](UserName::key) is the same.
/// 2. A user comes back as it was registered, by name and by id, and never changes.
/// 3. A refusal leaves no trace. After an error nothing happened or nobody knows, and looking tells.
/// 4. *A revoked token stays revoked until its end.* Once [`revoke`](Self::revoke) has answered, every process is told so until
///    the token's own end. Revoking it again changes nothing.
/// 5. What is kept is bounded: revocations whose token has ended are forgotten as others arrive.
/// 6. What was acknowledged is durable, to the store's stated guarantee.
///
/// Every method is cancel safe in this sense: a call that is dropped happened entirely or not at all.
#[async_trait]
pub trait AccountStore: fmt::Debug + Send + Sync + 'static {
    /// A short name for logs: `memory`, `sqlite`.
    fn backend(&self) -> &'static str;

    /// Keeps a new user, unless the name is taken.
    ///
    /// # Errors
    /// A failure; an id that exists already is one.
    async fn register(&self, user: &User) -> Result<Registration, AccountError>;

    /// The user of a name, however it is written.
    ///
    /// # Errors
    /// A failure.
    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError>;

    /// The user of an id.
    ///
    /// # Errors
    /// A failure.
    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError>;

    /// Keeps in mind that a token is not to be taken any more, at least until it ends by itself. What ended before `now` may
    /// be forgotten.
    ///
    /// # Errors
    /// A failure.
    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError>;

    /// Which of these tokens were revoked, in their order. Of a token past its end it may say either.
    ///
    /// # Errors
    /// A failure.
    async fn are_revoked(&self, tokens: &[TokenId]) -> Result<Vec<bool>, AccountError>;
}
