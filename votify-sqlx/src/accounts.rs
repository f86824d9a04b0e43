//! Users and revoked tokens, on the same connections as the polls.

use std::collections::HashSet;

use async_trait::async_trait;
use votify_core::Timestamp;
use votify_core::account::{
    AccountError, AccountStore, PasswordHash, Registration, Revocation, TokenId, User, UserId,
    UserName,
};

use crate::backend::{Backend, Call, Transaction, TransactionMode};
use crate::error::Error;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::{RowSet, Value};
use crate::statement::Statement;
use crate::store::SqlStore;

#[async_trait]
impl<B: Backend> AccountStore for SqlStore<B> {
    fn backend(&self) -> &'static str {
        B::NAME
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        let params = || {
            vec![
                Value::id(user.id.as_bytes()),
                Value::Text(Some(user.name.as_str().to_owned())),
                Value::Bytes(Some(user.name.key().as_bytes().to_vec())),
                Value::Text(Some(user.password.as_str().to_owned())),
                Value::time(user.created_at),
            ]
        };
        let registered = async {
            let backend = self.ready().await?;
            match write(backend, Statement::InsertUser, params).await {
                Ok(()) => Ok(Registration::Registered),
                // Users are never deleted, so the user with this name can be read.
                Err(error) if error.is_unique_violation() => {
                    let named = user_by_name(backend, &user.name).await?;
                    named.map(|_| Registration::NameTaken).ok_or(error)
                }
                Err(error) => Err(error),
            }
        };
        registered.await.map_err(account_error::<B>)
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        let found = async { user_by_name(self.ready().await?, name).await };
        found.await.map_err(account_error::<B>)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        let params = || vec![Value::id(id.as_bytes())];
        let found = async { read_user(self.ready().await?, Statement::ReadUser, params).await };
        found.await.map_err(account_error::<B>)
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        let params = || {
            let expiry = Value::time(revocation.expires_at);
            vec![Value::id(revocation.token.as_bytes()), expiry]
        };
        let revoked = async {
            let backend = self.ready().await?;
            match write(backend, Statement::InsertRevocation, params).await {
                Err(error) if !error.is_unique_violation() => return Err(error),
                _ => {}
            }
            // The revocation is stored. A later call deletes what this one does not.
            let expired = || vec![Value::time(now)];
            let deletion = Statement::DeleteExpiredRevocations;
            if let Err(error) = write_once(backend, deletion, expired()).await {
                tracing::debug!(%error, "failed to delete expired revocations");
            }
            Ok(())
        };
        revoked.await.map_err(account_error::<B>)
    }

    async fn are_revoked(&self, tokens: &[TokenId]) -> Result<Vec<bool>, AccountError> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let read = async {
            let backend = self.ready().await?;
            let rows = RowSet::builder(tokens).id(|token| token.as_bytes()).build();
            let call = || Call::Rows(Statement::ReadRevocations, rows.clone());
            let rows = retry_transient(|| backend.read(call())).await?;
            let token = |row: &B::Row| Ok(TokenId::from_bytes(row.id(0)?));
            rows.iter()
                .map(token)
                .collect::<Result<HashSet<_>, Error>>()
        };
        let revoked = read.await.map_err(account_error::<B>)?;
        Ok(tokens.iter().map(|token| revoked.contains(token)).collect())
    }
}

async fn user_by_name<B: Backend>(backend: &B, name: &UserName) -> Result<Option<User>, Error> {
    let params = || vec![Value::Bytes(Some(name.key().as_bytes().to_vec()))];
    read_user(backend, Statement::ReadUserByName, params).await
}

async fn read_user<B: Backend>(
    backend: &B,
    statement: Statement,
    params: impl Fn() -> Vec<Value> + Send + Sync,
) -> Result<Option<User>, Error> {
    let rows = retry_transient(|| backend.read(Call::Params(statement, params()))).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let corrupt = Error::CorruptUser;
    Ok(Some(User {
        id: UserId::from_bytes(row.id(0)?),
        name: UserName::new(&row.text(1)?).map_err(|_| corrupt("name"))?,
        password: PasswordHash::new(row.text(2)?).ok_or(corrupt("password hash"))?,
        created_at: Timestamp::from_micros(row.time(3)?)
            .map_err(|_| corrupt("time of creation"))?,
    }))
}

/// Runs one statement in a transaction of its own, and retries it after a conflict.
async fn write<B: Backend>(
    backend: &B,
    statement: Statement,
    params: impl Fn() -> Vec<Value> + Send + Sync,
) -> Result<(), Error> {
    retry_transient(|| write_once(backend, statement, params())).await
}

async fn write_once<B: Backend>(
    backend: &B,
    statement: Statement,
    params: Vec<Value>,
) -> Result<(), Error> {
    let calls = vec![Call::Params(statement, params)];
    let (transaction, _) = backend.begin(TransactionMode::Write, calls).await?;
    transaction.commit().await
}

fn account_error<B: Backend>(error: Error) -> AccountError {
    error.into_account_error(B::NAME)
}
