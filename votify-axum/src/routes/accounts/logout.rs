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
    let revoked = revoke_all(auth, &headers).await;
    // After a 5xx the client needs its cookie for a retry.
    let keeps_cookie = matches!(&revoked, Err(problem) if problem.status().is_server_error());
    let mut response = match revoked {
        Ok(()) => no_store(StatusCode::NO_CONTENT),
        Err(problem) => problem.into_response(),
    };
    if !keeps_cookie {
        clear_cookies(response.headers_mut(), (&headers, &uri), &state)?;
    }
    Ok(response)
}

/// Deletes the cookies of the request's logins.
pub(crate) fn clear_cookies(
    response: &mut HeaderMap,
    (headers, uri): (&HeaderMap, &Uri),
    state: &AppState,
) -> Result<(), Problem> {
    let auth = state.auth()?;
    if cookie::read(headers, auth.cookies).is_empty() {
        return Ok(());
    }
    // A page of an allowed origin may be of the same site, and share the cookie of
    // Votify's own pages.
    let mut jars = vec![auth.cookies, state.config.cookies_for(headers)];
    jars.dedup();
    let is_loopback = cookie::is_loopback(headers, uri);
    let cleared = jars
        .into_iter()
        .filter_map(|jar| cookie::clear(jar, &auth.cookie_path, is_loopback));
    for cookie in cleared {
        response.append(header::SET_COOKIE, cookie);
    }
    Ok(())
}

/// Revokes every login of the request.
///
/// # Errors
/// - `not_logged_in`, `invalid_login`: the request has no valid login.
/// - `store_unavailable`: the logins may be valid still; retry.
pub(crate) async fn revoke_all(auth: &AuthService, headers: &HeaderMap) -> Result<(), Problem> {
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
