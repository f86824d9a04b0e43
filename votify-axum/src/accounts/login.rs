use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use votify_core::AccountStore;

use crate::accounts::answers::{LoginBody, welcome};
use crate::accounts::credentials::{Credentials, Given};
use crate::accounts::quotas;
use crate::caller::RequestCaller;
use crate::json::JsonBody;
use crate::problem::{Code, Problem, refusals};
use crate::shared::Shared;

refusals!(LoginRefusals:
    MalformedJson, InvalidLogin, OriginNotAllowed, RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidAccount,
    RateLimited, StoreUnavailable, Overloaded, Internal);

/// Logs in.
///
/// A name that nobody has is answered as a wrong password is, and after the same work.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "accounts",
    request_body = Credentials,
    responses((status = 200, body = LoginBody), LoginRefusals)
)]
pub(crate) async fn login(
    State(shared): State<Shared>,
    uri: Uri,
    caller: RequestCaller,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let desk = shared.desk()?;
    let (name, password) = Given::read(body)?.as_known();
    let rate_limit = quotas::login(&shared, desk, &caller, name.as_ref()).await?;
    let (Some(name), Some(password)) = (name, password) else {
        // What nobody can have registered tells nothing about who did.
        return Err(Code::InvalidLogin.into());
    };
    let user = desk.store.user_named(&name).await?;
    let kept = user.as_ref().map(|user| &user.password);
    let right = desk.hasher.check(password, kept).await?;
    let Some(user) = user.filter(|_| right) else {
        return Err(Code::InvalidLogin.into());
    };
    let mut response = welcome(StatusCode::OK, &user, desk, &headers, &uri)?;
    if let Some(rate_limit) = rate_limit {
        rate_limit.write_to(response.headers_mut());
    }
    Ok(response)
}
