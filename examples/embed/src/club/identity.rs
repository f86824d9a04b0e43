use async_trait::async_trait;
use axum::http::request::Parts;
use sqlx::SqlitePool;
use votify_axum::{Identity, IdentityError};
use votify_core::voter::AccountId;

use super::members::member;

/// The club's members, as polls know them: by the number that never changes.
#[derive(Debug)]
pub(crate) struct Members(SqlitePool);

impl Members {
    pub(crate) const fn of(pool: SqlitePool) -> Self {
        Self(pool)
    }
}

#[async_trait]
impl Identity for Members {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        match member(&self.0, &request.headers).await {
            Ok(member) => Ok(member.map(|member| AccountId::new(member.id.to_string()))),
            Err(_) => Err(IdentityError::Unavailable),
        }
    }
}
