//! Users and revocations in MySQL and MariaDB.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use votify_core::Timestamp;
use votify_core::account::{Revocation, TokenId, User, UserId, UserName};

use super::connect::MySqlDatabase;
use super::open::Open;
use super::run::{self, arguments};
use crate::accounts::dialect::{AccountDialect, AccountWork};
use crate::accounts::rows::{bind_revocation, bind_user, tokens, user};
use crate::error::Error;
use crate::lease::Lease;
use crate::parameters::Parameters;

pub(super) const USER_NAMED: &str =
    "SELECT id, name, password_hash, created_at FROM votify_users WHERE name_key = ?";

pub(super) const USER: &str =
    "SELECT id, name, password_hash, created_at FROM votify_users WHERE id = ?";

const INSERT_USER: &str = "INSERT INTO votify_users (id, name, name_key, password_hash, created_at) VALUES (?, ?, ?, ?, ?)";

const INSERT_REVOCATION: &str =
    "INSERT INTO votify_revoked_tokens (token_id, expires_at) VALUES (?, ?)";

pub(super) const FORGET: &str = "DELETE FROM votify_revoked_tokens WHERE expires_at < ? ORDER BY expires_at, token_id LIMIT 100";

/// How many tokens one statement asks for.
const PIECE: usize = 500;

#[async_trait]
impl AccountDialect for MySqlDatabase {
    async fn user_named(&self, name: &UserName) -> Result<Option<User>, Error> {
        let arguments = arguments(|values| values.bytes(name.key().as_bytes()))?;
        user(&self.rows_alone(USER_NAMED, arguments).await?)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        let arguments = arguments(|values| values.id(id.as_bytes()))?;
        user(&self.rows_alone(USER, arguments).await?)
    }

    async fn revoked(&self, asked: &[TokenId]) -> Result<Vec<TokenId>, Error> {
        let mut lease = Lease::of(&self.pool).await?;
        let mut revoked = Vec::new();
        for piece in asked.chunks(PIECE) {
            let arguments = arguments(|values| {
                let mut tokens = piece.iter();
                tokens.try_for_each(|token| values.id(token.as_bytes()))
            })?;
            let statement = AssertSqlSafe(self::revoked(piece.len()));
            let rows = run::rows(lease.connection()?, statement, arguments).await?;
            revoked.extend(tokens(&rows)?);
        }
        lease.give_back();
        Ok(revoked)
    }
}

/// Those of so many tokens that were revoked.
pub(super) fn revoked(tokens: usize) -> String {
    let places = vec!["?"; tokens].join(", ");
    format!("SELECT token_id FROM votify_revoked_tokens WHERE token_id IN ({places})")
}

#[async_trait]
impl AccountWork for Open {
    async fn insert_user(&mut self, user: &User) -> Result<(), Error> {
        let arguments = arguments(|values| bind_user(values, user))?;
        let inserted = run::changed(self.connection()?, INSERT_USER, arguments).await;
        inserted.map(drop)
    }

    async fn insert_revocation(&mut self, revocation: &Revocation) -> Result<(), Error> {
        let arguments = arguments(|values| bind_revocation(values, revocation))?;
        let inserted = run::changed(self.connection()?, INSERT_REVOCATION, arguments).await;
        inserted.map(drop)
    }

    async fn forget_revocations(&mut self, now: Timestamp) -> Result<(), Error> {
        let arguments = arguments(|values| values.moment(now))?;
        let forgotten = run::changed(self.connection()?, FORGET, arguments).await;
        forgotten.map(drop)
    }
}
