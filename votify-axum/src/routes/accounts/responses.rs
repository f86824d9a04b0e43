use std::fmt;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::Timestamp;
use votify_core::account::User;

use super::credentials::CredentialsRequest;
use crate::accounts::{AuthService, cookie};
use crate::error::{Problem, RateLimitHeaders};
use crate::routes::response::no_store;
use crate::state::AppState;

/// A user. Only that user can read it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    /// The name as it was registered.
    #[schema(example = "ada")]
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: *user.id.as_uuid(),
            name: user.name.as_str().to_owned(),
            created_at: user.created_at,
        }
    }
}

/// A new login. Browsers also get the token as a cookie.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Login)]
pub(crate) struct LoginBody {
    /// The token, for the header `Authorization: Bearer …`.
    token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// The time at which the token expires, unless it is revoked before.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    user: UserBody,
}

impl fmt::Debug for LoginBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginBody")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl<A> CredentialsRequest<A> {
    /// Logs a user in: returns a new token in the body and as a cookie, and lets the
    /// account own what the browser's session created.
    pub(super) async fn login_response(
        &self,
        status: StatusCode,
        user: &User,
        state: &AppState,
        rate_limit: Option<RateLimitHeaders>,
    ) -> Result<Response, Problem> {
        let auth = state.auth()?;
        if let Some(session) = self.caller.session {
            let account = AuthService::account_of(user.id);
            state
                .claims
                .claim(&state.engine, session.id, &account)
                .await;
        }
        let issued = auth.new_session(user)?;
        let cookie = cookie::set(
            &issued.text,
            auth.token_lifetime,
            self.caller.cookies(),
            &auth.cookie_path,
            self.is_loopback,
        );
        let body = LoginBody {
            token: issued.text,
            token_type: "Bearer",
            expires_at: issued.expires_at,
            user: user.into(),
        };
        let mut response = no_store((status, Json(body)));
        if let Some(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        if let Some(rate_limit) = rate_limit {
            rate_limit.write_to(response.headers_mut());
        }
        Ok(response)
    }
}
