use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::accounts::{AuthService, cookie};
use crate::error::{ErrorCode, Problem, error_responses};
use crate::identity::{IdentityError, bearer};
use crate::routes::response::no_store;
use crate::state::AppState;

error_responses!(LogoutErrors:
    NotLoggedIn, InvalidLogin, OriginNotAllowed, StoreUnavailable, Internal);

/// Logs out: revokes the bearer token and the cookie's token.
///
/// The effect is immediate on the instance that answers, and within 5 s on all others.
/// The response clears the cookie, unless the status is 5xx.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "accounts",
    security(("login" = []), ("login_cookie" = [])),
    responses((status = 204, description = "Logged out"), LogoutErrors)
)]
pub(crate) async fn logout(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let auth = state.auth()?;
    let mut response = match revoke_all(auth, &headers).await {
        Ok(()) => no_store(StatusCode::NO_CONTENT),
        Err(problem) => problem.into_response(),
    };
    // After a 5xx the client needs its cookie for a retry.
    let keeps_cookie = response.status().is_server_error();
    let had_cookie = !cookie::read(&headers, auth.cookies).is_empty();
    if had_cookie && !keeps_cookie {
        // A page of an allowed origin may be of the same site, and share the cookie of
        // Votify's own pages.
        let mut jars = vec![auth.cookies, state.config.cookies_for(&headers)];
        jars.dedup();
        let is_loopback = cookie::is_loopback(&headers, &uri);
        let cleared = jars
            .into_iter()
            .filter_map(|jar| cookie::clear(jar, &auth.cookie_path, is_loopback));
        for cookie in cleared {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// Revokes every login of the request.
async fn revoke_all(auth: &AuthService, headers: &HeaderMap) -> Result<(), Problem> {
    let mut tokens: Vec<String> = cookie::read(headers, auth.cookies);
    let bearer = bearer(headers)?;
    tokens.extend(bearer.map(str::to_owned));
    if tokens.is_empty() {
        return Err(ErrorCode::NotLoggedIn.into());
    }
    let mut revoked = false;
    for token in &tokens {
        if let Some(login) = auth.authenticate(token).await? {
            auth.revoke(&login).await?;
            revoked = true;
        } else if bearer == Some(token) {
            return Err(IdentityError::Invalid.into());
        }
    }
    if revoked {
        Ok(())
    } else {
        Err(ErrorCode::InvalidLogin.into())
    }
}
