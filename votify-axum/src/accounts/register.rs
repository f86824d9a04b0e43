use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use votify_core::AccountStore;
use votify_core::account::{Registration, User, UserId};

use crate::accounts::answers::{LoginBody, welcome};
use crate::accounts::credentials::{Credentials, Given};
use crate::accounts::quotas;
use crate::caller::RequestCaller;
use crate::json::JsonBody;
use crate::problem::{Code, Problem, refusals};
use crate::shared::Shared;

refusals!(RegisterRefusals:
    MalformedJson, InvalidLogin, OriginNotAllowed, NameTaken, RequestTimeout, BodyTooLarge, UnsupportedMediaType,
    InvalidAccount, RateLimited, StoreUnavailable, Overloaded, Internal);

/// Makes an account, and logs it in.
#[utoipa::path(
    post,
    path = "/api/auth/register",
    tag = "accounts",
    request_body = Credentials,
    responses((status = 201, body = LoginBody), RegisterRefusals)
)]
pub(crate) async fn register(
    State(shared): State<Shared>,
    uri: Uri,
    caller: RequestCaller,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let desk = shared.desk()?;
    let (name, password) = Given::read(body)?.as_new()?;
    let rate_limit = quotas::registration(&shared, desk, &caller).await?;
    // Found out before anything is hashed; who takes the name meanwhile is found out by the store.
    if desk.store.user_named(&name).await?.is_some() {
        return Err(Code::NameTaken.into());
    }
    let password = desk.hasher.hash(password).await?;
    let now = shared.engine.now();
    let user = User {
        id: UserId::generate(now),
        name,
        password,
        created_at: now,
    };
    let mut response = match desk.store.register(&user).await? {
        Registration::Registered => welcome(StatusCode::CREATED, &user, desk, &headers, &uri)?,
        Registration::NameTaken => return Err(Code::NameTaken.into()),
    };
    if let Some(rate_limit) = rate_limit {
        rate_limit.write_to(response.headers_mut());
    }
    Ok(response)
}
