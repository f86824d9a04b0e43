//! Users and revocations in SQLite.

use std::sync::LazyLock;

use async_trait::async_trait;
use votify_core::Timestamp;
use votify_core::account::{Revocation, TokenId, User, UserId, UserName};

use super::bulk::Bulk;
use super::connect::SqliteDatabase;
use super::database::alone;
use super::open::Open;
use super::script::Script;
use crate::accounts::dialect::{AccountDialect, AccountWork};
use crate::accounts::rows::{bind_revocation, bind_user, tokens, user};
use crate::error::Error;
use crate::parameters::Parameters;

pub(super) const USER_NAMED: &str =
    "SELECT id, name, password_hash, created_at FROM votify_users WHERE name_key = ?";

pub(super) const USER: &str =
    "SELECT id, name, password_hash, created_at FROM votify_users WHERE id = ?";

pub(super) const INSERT_USER: &str = "INSERT INTO votify_users (id, name, name_key, password_hash, created_at) VALUES (?, ?, ?, ?, ?)";

pub(super) const INSERT_REVOCATION: &str =
    "INSERT INTO votify_revoked_tokens (token_id, expires_at) VALUES (?, ?)";

pub(super) const FORGET: &str = "DELETE FROM votify_revoked_tokens WHERE token_id IN \
    (SELECT token_id FROM votify_revoked_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT 100)";

pub(super) static REVOKED: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["token_id"],
        "SELECT r.token_id FROM given CROSS JOIN votify_revoked_tokens r ON r.token_id = given.token_id",
    )
});

#[async_trait]
impl AccountDialect for SqliteDatabase {
    async fn user_named(&self, name: &UserName) -> Result<Option<User>, Error> {
        let key = name.key().as_bytes();
        let script = Script::default().one(USER_NAMED, |values| values.bytes(key))?;
        user(&alone(&self.readers, script).await?.rows)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        let script = Script::default().one(USER, |values| values.id(id.as_bytes()))?;
        user(&alone(&self.readers, script).await?.rows)
    }

    async fn revoked(&self, asked: &[TokenId]) -> Result<Vec<TokenId>, Error> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let script =
            Script::default().bulk(&REVOKED, asked, |values, token| values.id(token.as_bytes()))?;
        tokens(&alone(&self.readers, script).await?.rows)
    }
}

#[async_trait]
impl AccountWork for Open {
    async fn insert_user(&mut self, user: &User) -> Result<(), Error> {
        let script = Script::default().one(INSERT_USER, |values| bind_user(values, user))?;
        script.run_alone(self.connection()?).await.map(drop)
    }

    async fn insert_revocation(&mut self, revocation: &Revocation) -> Result<(), Error> {
        let bind = |values: &mut _| bind_revocation(values, revocation);
        let script = Script::default().one(INSERT_REVOCATION, bind)?;
        script.run_alone(self.connection()?).await.map(drop)
    }

    async fn forget_revocations(&mut self, now: Timestamp) -> Result<(), Error> {
        let script = Script::default().one(FORGET, |values| values.moment(now))?;
        script.run_alone(self.connection()?).await.map(drop)
    }
}
