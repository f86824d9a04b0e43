//! Users and revoked tokens, on the same connections as the polls.

use std::collections::HashMap;

use async_trait::async_trait;
use votify_core::Timestamp;
use votify_core::account::{
    AccountError, AccountStore, IssuedToken, PasswordChange, PasswordHash, Registration,
    Revocation, TokenId, User, UserId, UserName,
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
                Value::Integer(Some(user.token_generation.into())),
            ]
        };
        let registered = async {
            let backend = self.ready().await?;
            match write(backend, Statement::InsertUser, params).await {
                Ok(_) => Ok(Registration::Registered),
                // Users are never deleted, so the user with this name can be read.
                Err(error) if error.is_unique_violation() => {
                    let named = user_by_name(backend, &user.name).await?;
                    named.map(|_| Registration::NameTaken).ok_or(error)
                }
                Err(error) => Err(error),
            }
        };
        self.account_call(registered).await
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        let found = async { user_by_name(self.ready().await?, name).await };
        self.account_call(found).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        let params = || vec![Value::id(id.as_bytes())];
        let found = async { read_user(self.ready().await?, Statement::ReadUser, params).await };
        self.account_call(found).await
    }

    async fn change_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        expected_generation: u32,
    ) -> Result<PasswordChange, AccountError> {
        let Some(token_generation) = expected_generation.checked_add(1) else {
            let source = "the token generation cannot be raised";
            return Err(AccountError::failed(B::NAME, source));
        };
        let params = || {
            vec![
                Value::Text(Some(password.as_str().to_owned())),
                Value::Integer(Some(token_generation.into())),
                Value::id(id.as_bytes()),
                Value::Integer(Some(expected_generation.into())),
            ]
        };
        let changed = async { write(self.ready().await?, Statement::UpdatePassword, params).await };
        match self.account_call(changed).await? {
            0 => Ok(PasswordChange::Outdated),
            _ => Ok(PasswordChange::Changed { token_generation }),
        }
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
        self.account_call(revoked).await
    }

    async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let read = async {
            let backend = self.ready().await?;
            let rows = RowSet::builder(tokens)
                .id(|token| token.user.as_bytes())
                .id(|token| token.token.as_bytes())
                .build();
            let call = || Call::Rows(Statement::ReadTokens, rows.clone());
            let rows = retry_transient(|| backend.read(call())).await?;
            let generation = |row: &B::Row| {
                let key = (
                    UserId::from_bytes(row.id(0)?),
                    TokenId::from_bytes(row.id(1)?),
                );
                Ok((key, token_generation(row, 2)?))
            };
            rows.iter()
                .map(generation)
                .collect::<Result<HashMap<_, _>, Error>>()
        };
        let current = self.account_call(read).await?;
        let is_revoked = |token: &IssuedToken| {
            let current = current.get(&(token.user, token.token));
            current.is_none_or(|current| token.generation < *current)
        };
        Ok(tokens.iter().map(is_revoked).collect())
    }
}

#[expect(private_bounds, reason = "databases are added inside this crate")]
impl<B: Backend> SqlStore<B> {
    /// Runs a call, records what its error says about the storage, and converts the error.
    async fn account_call<T>(
        &self,
        call: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, AccountError> {
        let result = self.observe(call).await;
        result.map_err(|error| error.into_account_error(B::NAME))
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
        token_generation: token_generation(row, 4)?,
    }))
}

fn token_generation(row: &impl RowExt, column: usize) -> Result<u32, Error> {
    u32::try_from(row.integer(column)?).map_err(|_| Error::CorruptUser("token generation"))
}

/// Runs one statement in a transaction of its own, and retries it after a conflict.
/// Returns the number of rows that it matched.
async fn write<B: Backend>(
    backend: &B,
    statement: Statement,
    params: impl Fn() -> Vec<Value> + Send + Sync,
) -> Result<u64, Error> {
    retry_transient(|| write_once(backend, statement, params())).await
}

async fn write_once<B: Backend>(
    backend: &B,
    statement: Statement,
    params: Vec<Value>,
) -> Result<u64, Error> {
    let calls = vec![Call::Params(statement, params)];
    let (transaction, replies) = backend.begin(TransactionMode::Write, calls).await?;
    transaction.commit().await?;
    Ok(replies.iter().map(|reply| reply.affected).sum())
}
