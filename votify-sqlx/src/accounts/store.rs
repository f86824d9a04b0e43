use std::collections::HashSet;

use async_trait::async_trait;
use votify_core::Timestamp;
use votify_core::account::{
    AccountError, AccountStore, Registration, Revocation, TokenId, User, UserId, UserName,
};

use super::dialect::{AccountDialect, AccountWork};
use crate::dialect::{Work, give_up};
use crate::error::Error;
use crate::retry;
use crate::store::SqlStore;

#[async_trait]
impl<D: AccountDialect> AccountStore for SqlStore<D> {
    fn backend(&self) -> &'static str {
        D::NAME
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        let registered = async {
            let database = self.ready().await?;
            let insert = async || {
                let mut work = database.begin().await?;
                let inserted = work.insert_user(user).await;
                end(work, inserted).await
            };
            match retry::on_conflict(insert).await {
                Ok(()) => Ok(Registration::Registered),
                // Users are never deleted: whoever was in the way is there.
                Err(error) if error.is_duplicate() => {
                    let named = retry::on_conflict(|| database.user_named(&user.name)).await?;
                    named.map(|_| Registration::NameTaken).ok_or(error)
                }
                Err(error) => Err(error),
            }
        };
        registered.await.map_err(failed::<D>)
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        let found = async {
            let database = self.ready().await?;
            retry::on_conflict(|| database.user_named(name)).await
        };
        found.await.map_err(failed::<D>)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        let found = async {
            let database = self.ready().await?;
            retry::on_conflict(|| database.user(id)).await
        };
        found.await.map_err(failed::<D>)
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        let revoked = async {
            let database = self.ready().await?;
            let insert = async || {
                let mut work = database.begin().await?;
                let inserted = work.insert_revocation(revocation).await;
                end(work, inserted).await
            };
            match retry::on_conflict(insert).await {
                Err(error) if !error.is_duplicate() => return Err(error),
                _ => {}
            }
            // The revocation is kept. What is not forgotten now is forgotten with the next one.
            if let Err(error) = forget(database, now).await {
                tracing::debug!(%error, "failed to delete expired revocations");
            }
            Ok(())
        };
        revoked.await.map_err(failed::<D>)
    }

    async fn are_revoked(&self, tokens: &[TokenId]) -> Result<Vec<bool>, AccountError> {
        let found = async {
            let database = self.ready().await?;
            retry::on_conflict(|| database.revoked(tokens)).await
        };
        let found: HashSet<TokenId> = found.await.map_err(failed::<D>)?.into_iter().collect();
        Ok(tokens.iter().map(|token| found.contains(token)).collect())
    }
}

async fn forget(database: &impl AccountDialect, now: Timestamp) -> Result<(), Error> {
    let mut work = database.begin().await?;
    let forgotten = work.forget_revocations(now).await;
    end(work, forgotten).await
}

/// Commits what was written, or ends the transaction in which that went wrong.
async fn end(work: impl Work, written: Result<(), Error>) -> Result<(), Error> {
    match written {
        Ok(()) => work.commit().await,
        Err(error) => {
            give_up(work, &error).await;
            Err(error)
        }
    }
}

fn failed<D: AccountDialect>(error: Error) -> AccountError {
    error.into_account_error(D::NAME)
}
