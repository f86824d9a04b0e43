use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::AccountStore;
use votify_core::account::{Registration, User, UserId};

use super::credentials::{Credentials, CredentialsRequest};
use super::rate_limits;
use super::responses::LoginBody;
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::permitted::Register;
use crate::state::AppState;

error_responses!(RegisterErrors:
    MalformedJson, InvalidLogin, NotAllowed, OriginNotAllowed, NameTaken, RequestTimeout,
    BodyTooLarge, UnsupportedMediaType, InvalidAccount, RateLimited, StoreUnavailable, Overloaded,
    Internal);

/// Registers a user and logs the user in.
#[utoipa::path(
    post,
    path = "/api/auth/register",
    tag = "accounts",
    request_body = Credentials,
    responses((status = 201, body = LoginBody, description = "The new account is logged in"), RegisterErrors)
)]
pub(crate) async fn register(
    State(state): State<AppState>,
    request: CredentialsRequest<Register>,
) -> Result<Response, Problem> {
    let auth = state.auth()?;
    let (name, password) = request.credentials.for_registration()?;
    let rate_limit = rate_limits::registration(&state, auth, &request.caller).await?;
    // Checked before the expensive hash. The store checks again, against concurrent
    // registrations.
    if auth.store.user_named(&name).await?.is_some() {
        return Err(ErrorCode::NameTaken.into());
    }
    let password = auth.workers.hash(password).await?;
    let now = state.engine.now();
    let user = User {
        id: UserId::generate(now),
        name,
        password,
        created_at: now,
        token_generation: 0,
    };
    match auth.store.register(&user).await? {
        Registration::Registered => {
            request
                .login_response(StatusCode::CREATED, &user, &state, rate_limit)
                .await
        }
        Registration::NameTaken => Err(ErrorCode::NameTaken.into()),
    }
}
