use async_trait::async_trait;
use votify_core::Timestamp;
use votify_core::account::{Revocation, TokenId, User, UserId, UserName};

use crate::dialect::{Dialect, Work};
use crate::error::Error;

/// What one kind of database supplies to keep accounts.
#[async_trait]
pub(crate) trait AccountDialect: Dialect<Work: AccountWork> {
    async fn user_named(&self, name: &UserName) -> Result<Option<User>, Error>;

    async fn user(&self, id: UserId) -> Result<Option<User>, Error>;

    /// Those of the tokens that were revoked, in no particular order.
    async fn revoked(&self, tokens: &[TokenId]) -> Result<Vec<TokenId>, Error>;
}

/// What is written in one transaction.
#[async_trait]
pub(crate) trait AccountWork: Work {
    /// Keeps a new user. The unique indexes judge whether name and id are new, and fail if they are not.
    async fn insert_user(&mut self, user: &User) -> Result<(), Error>;

    /// Keeps a revocation, which fails if it is there already.
    async fn insert_revocation(&mut self, revocation: &Revocation) -> Result<(), Error>;

    /// Forgets some of the revocations that ended before `now`: more than arrive at a time.
    async fn forget_revocations(&mut self, now: Timestamp) -> Result<(), Error>;
}
