use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use votify_core::account::User;

use super::responses::LoginBody;
use crate::accounts::{AuthService, cookie};
use crate::error::{Problem, RateLimitHeaders};
use crate::extract::caller::RequestCaller;
use crate::routes::response::no_store;
use crate::state::AppState;

/// A login that a request created.
pub(crate) struct NewLogin {
    body: LoginBody,
    /// `None` if the token does not fit into a header, which no issued token does.
    cookie: Option<HeaderValue>,
}

impl NewLogin {
    /// Issues a token to a user whose password was checked, and lets the account own what
    /// the browser's session created.
    ///
    /// # Errors
    /// - `internal`: the token cannot be signed.
    pub(crate) async fn issue(
        user: &User,
        caller: &RequestCaller,
        (headers, uri): (&HeaderMap, &Uri),
        state: &AppState,
    ) -> Result<Self, Problem> {
        let auth = state.auth()?;
        if let Some(session) = caller.session {
            let account = AuthService::account_of(user.id);
            let (claims, engine) = (&state.claims, &state.engine);
            claims.claim(engine, session.id, &account).await;
        }
        let issued = auth.new_session(user)?;
        let cookie = cookie::set(
            &issued.text,
            auth.token_lifetime,
            caller.cookies(),
            &auth.cookie_path,
            cookie::is_loopback(headers, uri),
        );
        let body = LoginBody {
            token: issued.text,
            token_type: "Bearer",
            expires_at: issued.expires_at,
            user: user.into(),
        };
        Ok(Self { body, cookie })
    }

    /// Adds the cookie with the token to a response.
    pub(crate) fn set_cookie(&self, response: &mut HeaderMap) {
        if let Some(cookie) = &self.cookie {
            response.append(header::SET_COOKIE, cookie.clone());
        }
    }

    /// Returns the response of the API: the token in the body and as a cookie.
    pub(super) fn into_response(
        self,
        status: StatusCode,
        rate_limit: Option<RateLimitHeaders>,
    ) -> Response {
        let mut headers = HeaderMap::new();
        self.set_cookie(&mut headers);
        let mut response = no_store((status, headers, Json(self.body)));
        if let Some(rate_limit) = rate_limit {
            rate_limit.write_to(response.headers_mut());
        }
        response
    }
}
