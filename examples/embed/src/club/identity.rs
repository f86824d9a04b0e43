use async_trait::async_trait;
use axum::http::request::Parts;
use sqlx::SqlitePool;
use votify_axum::{Identity, IdentityError};
use votify_core::voter::AccountId;

use super::members::member;

/// Identifies the member of a request by the session cookie of the club.
#[derive(Debug)]
pub(crate) struct MemberIdentity(SqlitePool);

impl MemberIdentity {
    pub(crate) const fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }
}

#[async_trait]
impl Identity for MemberIdentity {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        match member(&self.0, &request.headers).await {
            // The account is the id, not the name: a member who changes the name must
            // stay the same voter.
            Ok(member) => Ok(member.map(|member| AccountId::new(member.id.to_string()))),
            Err(_) => Err(IdentityError::Unavailable),
        }
    }
}
