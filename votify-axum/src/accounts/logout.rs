use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::accounts::answers::unkept;
use crate::accounts::{Desk, cookie};
use crate::identity::{IdentityError, bearer};
use crate::problem::{Code, Problem, refusals};
use crate::shared::Shared;

refusals!(LogoutRefusals:
    NotLoggedIn, InvalidLogin, OriginNotAllowed, StoreUnavailable, Internal);

/// Logs out: the token, and the cookie's if it is another, are not taken any more.
///
/// It is over at once at the instance that answers, and within 5 s at all others. The cookie is cleared in any case.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "accounts",
    security(("login" = []), ("login_cookie" = [])),
    responses((status = 204, description = "It is over"), LogoutRefusals)
)]
pub(crate) async fn logout(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let desk = shared.desk()?;
    let mut response = match end(desk, &headers).await {
        Ok(()) => unkept(StatusCode::NO_CONTENT),
        Err(problem) => problem.into_response(),
    };
    let is_kept = response.status().is_server_error();
    let had_cookie = !cookie::read(&headers, desk.cookies).is_empty();
    let cleared = cookie::clear(desk.cookies, cookie::is_loopback(&headers, &uri));
    if let Some(cleared) = cleared.filter(|_| had_cookie && !is_kept) {
        response.headers_mut().append(header::SET_COOKIE, cleared);
    }
    Ok(response)
}

/// Ends every log-in that the request proves.
async fn end(desk: &Desk, headers: &HeaderMap) -> Result<(), Problem> {
    let mut given: Vec<String> = cookie::read(headers, desk.cookies);
    let bearer = bearer(headers)?;
    given.extend(bearer.map(str::to_owned));
    if given.is_empty() {
        return Err(Code::NotLoggedIn.into());
    }
    let mut ended = false;
    for token in &given {
        if let Some(login) = desk.proven_by(token).await? {
            desk.revoke(&login).await?;
            ended = true;
        } else if bearer == Some(token) {
            return Err(IdentityError::Invalid.into());
        }
    }
    if ended {
        Ok(())
    } else {
        Err(Code::InvalidLogin.into())
    }
}
