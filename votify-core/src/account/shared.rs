use std::sync::Arc;

use async_trait::async_trait;

use crate::account::{
    AccountError, AccountStore, Registration, Revocation, TokenId, User, UserId, UserName,
};
use crate::time::Timestamp;

/// A shared account store is an account store.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: AccountStore + ?Sized> AccountStore for Arc<S> {
    fn backend(&self) -> &'static str {
        (**self).backend()
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        (**self).register(user).await
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        (**self).user_named(name).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        (**self).user(id).await
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        (**self).revoke(revocation, now).await
    }

    async fn are_revoked(&self, tokens: &[TokenId]) -> Result<Vec<bool>, AccountError> {
        (**self).are_revoked(tokens).await
    }
}
