use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use votify_core::AccountStore;

use crate::accounts::answers::{UserBody, unkept};
use crate::accounts::cookie;
use crate::problem::{Code, Problem, refusals};
use crate::shared::Shared;

refusals!(MeRefusals: NotLoggedIn, InvalidLogin, StoreUnavailable, Internal);

/// Who is logged in.
#[utoipa::path(
    get,
    path = "/api/auth/me",
    tag = "accounts",
    security(("login" = []), ("login_cookie" = [])),
    responses((status = 200, body = UserBody), MeRefusals)
)]
pub(crate) async fn me(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let desk = shared.desk()?;
    let Some(login) = desk.login(&headers).await? else {
        let claims = !cookie::read(&headers, desk.cookies).is_empty();
        let code = if claims {
            Code::InvalidLogin
        } else {
            Code::NotLoggedIn
        };
        return Err(code.into());
    };
    let user = desk.store.user(login.user).await?;
    let user = user.ok_or(Code::InvalidLogin)?;
    Ok(unkept(Json(UserBody::from(&user))))
}
