//! What is answered to somebody who is in.

use std::fmt;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::Timestamp;
use votify_core::account::User;

use crate::accounts::{Desk, cookie};
use crate::problem::Problem;

/// A user, as shown to that user alone.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    /// As it was written to register.
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

/// Proof of a log-in. Browsers get the token as a cookie too.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Login)]
pub(crate) struct LoginBody {
    /// To be sent as `Authorization: Bearer …`.
    token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// When the token ends, unless it is logged out before.
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

/// Lets a user in: a new token, in the body and as a cookie.
pub(super) fn welcome(
    status: StatusCode,
    user: &User,
    desk: &Desk,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, Problem> {
    let issued = desk.issue(user)?;
    let is_loopback = cookie::is_loopback(headers, uri);
    let cookie = cookie::set(&issued.text, desk.lifetime, desk.cookies, is_loopback);
    let body = LoginBody {
        token: issued.text,
        token_type: "Bearer",
        expires_at: issued.expires_at,
        user: user.into(),
    };
    let mut response = unkept((status, Json(body)));
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// An answer that nobody in between may keep.
pub(super) fn unkept(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}
