//! Users and revocations in PostgreSQL.

use async_trait::async_trait;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use votify_core::Timestamp;
use votify_core::account::{Revocation, TokenId, User, UserId, UserName};

use super::connect::PostgresDatabase;
use super::work::column;
use crate::accounts::dialect::{AccountDialect, AccountWork};
use crate::accounts::rows::{bind_revocation, bind_user, tokens, user};
use crate::error::Error;
use crate::lease::Lease;
use crate::parameters::Parameters;

pub(super) const USER_NAMED: &str =
    "SELECT id, name, password_hash, created_at FROM votify_users WHERE name_key = $1";

pub(super) const USER: &str =
    "SELECT id, name, password_hash, created_at FROM votify_users WHERE id = $1";

const INSERT_USER: &str = "INSERT INTO votify_users (id, name, name_key, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)";

const INSERT_REVOCATION: &str =
    "INSERT INTO votify_revoked_tokens (token_id, expires_at) VALUES ($1, $2)";

/// What somebody else is forgetting just now is left to them.
pub(super) const FORGET: &str = "DELETE FROM votify_revoked_tokens WHERE token_id = ANY (ARRAY(\
    SELECT token_id FROM votify_revoked_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED))";

pub(super) const REVOKED: &str =
    "SELECT token_id FROM votify_revoked_tokens WHERE token_id = ANY ($1)";

#[async_trait]
impl AccountDialect for PostgresDatabase {
    async fn user_named(&self, name: &UserName) -> Result<Option<User>, Error> {
        let mut values = PgArguments::default();
        values.bytes(name.key().as_bytes())?;
        user(&self.read(USER_NAMED, values).await?)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        let mut values = PgArguments::default();
        values.id(id.as_bytes())?;
        user(&self.read(USER, values).await?)
    }

    async fn revoked(&self, asked: &[TokenId]) -> Result<Vec<TokenId>, Error> {
        let mut values = PgArguments::default();
        column(&mut values, asked, |token| *token.as_uuid())?;
        tokens(&self.read(REVOKED, values).await?)
    }
}

#[async_trait]
impl AccountWork for Lease<Postgres> {
    async fn insert_user(&mut self, user: &User) -> Result<(), Error> {
        let mut values = PgArguments::default();
        bind_user(&mut values, user)?;
        self.run(INSERT_USER, values).await.map(drop)
    }

    async fn insert_revocation(&mut self, revocation: &Revocation) -> Result<(), Error> {
        let mut values = PgArguments::default();
        bind_revocation(&mut values, revocation)?;
        self.run(INSERT_REVOCATION, values).await.map(drop)
    }

    async fn forget_revocations(&mut self, now: Timestamp) -> Result<(), Error> {
        let mut values = PgArguments::default();
        values.moment(now)?;
        self.run(FORGET, values).await.map(drop)
    }
}
