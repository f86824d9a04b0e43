//! User accounts, for applications without their own.
//!
//! Applications with their own users need nothing of this module: they pass an account id
//! with [`Caller::account`](crate::Caller::account).
//!
//! ```
//! use votify_core::account::{AccountStore, PasswordHash, Registration, User, UserId, UserName};
//! use votify_core::{MemoryAccountStore, Timestamp};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryAccountStore::new();
//! let user = User {
//!     id: UserId::generate(Timestamp::EPOCH),
//!     name: UserName::new("Ada")?,
//!     password: PasswordHash::new("$argon2id$v=19$...").ok_or("too long")?,
//!     created_at: Timestamp::EPOCH,
//!     token_generation: 0,
//! };
//! assert_eq!(store.register(&user).await?, Registration::Registered);
//! let other = User { id: UserId::generate(Timestamp::EPOCH), ..user.clone() };
//! assert_eq!(store.register(&other).await?, Registration::NameTaken);
//! assert_eq!(store.user_named(&UserName::new("ADA")?).await?, Some(user));
//! # Ok(())
//! # }
//! ```

mod error;
mod name;
mod password;
mod user;

pub use error::AccountError;
pub use name::{NameProblem, UserName};
pub use password::{Password, PasswordHash, PasswordProblem};
pub use user::{IssuedToken, PasswordChange, Registration, Revocation, TokenId, User, UserId};

use std::fmt;

use async_trait::async_trait;

use crate::time::Timestamp;

/// Storage of users and revoked tokens.
///
/// # Laws
///
/// 1. *Names are unique.* Of any number of registrations of one name, even concurrent and
///    from several processes, one is [`Registered`](Registration::Registered) and all
///    others are [`NameTaken`](Registration::NameTaken). Names with the same
///    [`key`](UserName::key) are one name.
/// 2. A user is returned as it was registered, by name and by id. Only
///    [`change_password`](Self::change_password) changes it.
/// 3. A refusal changes nothing. After an error, either nothing was written or the result
///    is unknown; a read shows it.
/// 4. *A revoked token stays revoked until it expires.* Once [`revoke`](Self::revoke) has
///    returned, every process sees the revocation until the token's expiry. A repeated
///    call changes nothing.
/// 5. Storage is bounded: revocations of expired tokens are removed as others arrive.
/// 6. *A password change is a compare-and-set.* It replaces the hash and raises the
///    [`token_generation`](User::token_generation) by one, both or neither, and only if
///    the generation is the expected one. Of any number of changes that expect the same
///    generation, also concurrent and from several processes, one is
///    [`Changed`](PasswordChange::Changed) and all others are
///    [`Outdated`](PasswordChange::Outdated). A generation never decreases.
/// 7. *A password change revokes all earlier tokens of the user.* Once it has returned,
///    every process sees tokens of lower generations as revoked. Tokens of other users
///    are not affected.
/// 8. Acknowledged writes are durable, to the store's stated guarantee.
///
/// Every method is cancel safe: a dropped call happened entirely or not at all.
#[async_trait]
pub trait AccountStore: fmt::Debug + Send + Sync + 'static {
    /// Returns a short name for logs, such as `memory` or `sqlite`.
    fn backend(&self) -> &'static str;

    /// Stores a new user, unless the name is taken.
    ///
    /// # Errors
    /// - [`AccountError::Unavailable`]: the database cannot be reached, and the user may
    ///   be stored; read it with [`user_named`](Self::user_named).
    /// - [`AccountError::Failed`]: the id is taken, or the database rejected the call;
    ///   nothing was written.
    async fn register(&self, user: &User) -> Result<Registration, AccountError>;

    /// Returns the user with this name, in any spelling.
    ///
    /// # Errors
    /// - [`AccountError::Unavailable`]: the database cannot be reached; retry.
    /// - [`AccountError::Corrupt`]: the stored user cannot be read; the data needs
    ///   repair.
    /// - [`AccountError::Failed`]: the database rejected the call.
    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError>;

    /// Returns the user with this id.
    ///
    /// # Errors
    /// The errors of [`user_named`](Self::user_named).
    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError>;

    /// Replaces a user's password hash and revokes all tokens issued so far, if the
    /// user's generation is `expected_generation`.
    ///
    /// Pass the [`token_generation`](User::token_generation) that was read together with
    /// the hash that the old password was checked against. A change that is based on an
    /// outdated check is then refused.
    ///
    /// # Errors
    /// - [`AccountError::Unavailable`]: the database cannot be reached, and the password
    ///   may be changed; read the user. A retry is safe, but returns
    ///   [`Outdated`](PasswordChange::Outdated) if it was changed.
    /// - [`AccountError::Failed`]: the generation is `u32::MAX`, or the database rejected
    ///   the call; nothing was written.
    async fn change_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        expected_generation: u32,
    ) -> Result<PasswordChange, AccountError>;

    /// Stores a revocation, at least until the token expires. May remove those that
    /// expired before `now`.
    ///
    /// # Errors
    /// - [`AccountError::Unavailable`]: the database cannot be reached, and the token may
    ///   be revoked; retrying is safe.
    /// - [`AccountError::Failed`]: the database rejected the call; nothing was written.
    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError>;

    /// Returns whether each of these tokens is revoked, in their order.
    ///
    /// A token is revoked after [`revoke`](Self::revoke), if its generation is lower than
    /// its user's, or if its user does not exist. Either result is valid for an expired
    /// token.
    ///
    /// # Errors
    /// - [`AccountError::Unavailable`]: the database cannot be reached; retry.
    /// - [`AccountError::Corrupt`]: the stored user of a token cannot be read; the data
    ///   needs repair.
    /// - [`AccountError::Failed`]: the database rejected the call.
    async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError>;
}
