use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use utoipa::ToSchema;
use votify_core::AccountStore;
use votify_core::account::{Password, PasswordChange, User};

use super::credentials::{invalid_account, read_texts};
use super::new_login::NewLogin;
use super::rate_limits;
use super::responses::LoginBody;
use crate::accounts::Login;
use crate::dto::fields::FieldErrors;
use crate::error::{ErrorCode, Problem, RateLimitHeaders, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::extract::permitted::{LogIn, Permitted};
use crate::state::AppState;

error_responses!(PasswordErrors:
    MalformedJson, NotLoggedIn, InvalidLogin, NotAllowed, OriginNotAllowed, RequestTimeout,
    BodyTooLarge, UnsupportedMediaType, InvalidAccount, RateLimited, StoreUnavailable, Overloaded,
    Internal);

/// The name of the field of the current password.
pub(crate) const CURRENT_PASSWORD: &str = "current_password";
/// The name of the field of the new password.
pub(crate) const NEW_PASSWORD: &str = "new_password";

/// A change of the caller's own password.
#[derive(ToSchema)]
#[schema(as = PasswordChange)]
#[expect(dead_code, reason = "only for the OpenAPI document")]
pub(crate) struct PasswordChangeBody {
    /// The password until now.
    #[schema(max_length = 256, format = Password, example = "correct horse")]
    current_password: String,
    /// At least 8 characters and at most 256 bytes.
    #[schema(min_length = 8, max_length = 256, format = Password, example = "battery staple")]
    new_password: String,
}

/// Changes the caller's password.
///
/// All logins of the user end: at once on the instance that answers, and within 5 s on all
/// others. The response contains a new one. A wrong current password is an error of its
/// field. Attempts count as login attempts. After a 503 the password may be changed; log in
/// to see which one is valid.
#[utoipa::path(
    post,
    path = "/api/auth/password",
    tag = "accounts",
    security(("login" = []), ("login_cookie" = [])),
    request_body = PasswordChangeBody,
    responses((status = 200, body = LoginBody, description = "The password is changed"), PasswordErrors)
)]
pub(crate) async fn password(
    State(state): State<AppState>,
    Permitted(caller, ..): Permitted<LogIn>,
    headers: HeaderMap,
    uri: Uri,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let login = state.auth()?.login(&headers).await?;
    let login = login.ok_or(ErrorCode::NotLoggedIn)?;
    let input = PasswordInput::read(body)?;
    let (user, rate_limit) = change_password(&login, &input, &caller, &state).await?;
    let login = NewLogin::issue(&user, &caller, (&headers, &uri), &state).await?;
    Ok(login.into_response(StatusCode::OK, rate_limit))
}

/// The passwords of a request, not validated.
pub(crate) struct PasswordInput {
    pub(crate) current: String,
    pub(crate) new: String,
}

impl PasswordInput {
    fn read(body: Value) -> Result<Self, Problem> {
        let [current, new] = read_texts(body, [CURRENT_PASSWORD, NEW_PASSWORD])?;
        Ok(Self { current, new })
    }
}

/// Changes the password of a logged-in user, and returns the user with the new token
/// generation. All tokens issued before are invalid then.
///
/// # Errors
/// - `invalid_account`: the current password is wrong, or the new one is invalid. Nothing
///   changed.
/// - `invalid_login`: the login ended in the meantime. Nothing changed.
/// - `rate_limited`: too many attempts; retry later.
/// - `store_unavailable`: the password may be changed; log in to see.
/// - `overloaded`: nothing changed; retry later.
pub(crate) async fn change_password(
    login: &Login,
    input: &PasswordInput,
    caller: &RequestCaller,
    state: &AppState,
) -> Result<(User, Option<RateLimitHeaders>), Problem> {
    let auth = state.auth()?;
    let new =
        Password::new(&input.new).map_err(|error| field_error(NEW_PASSWORD, &error.to_string()))?;
    let user = auth.store.user(login.user).await?;
    // The cache of revocations may be 5 s behind the user.
    let user = user.filter(|user| user.token_generation == login.generation);
    let user = user.ok_or(ErrorCode::InvalidLogin)?;
    let rate_limit = rate_limits::password_change(state, auth, caller, &user).await?;
    let is_right = match Password::new(&input.current) {
        Ok(current) => auth.workers.check(current, Some(&user.password)).await?,
        // Nobody can have this password.
        Err(_) => false,
    };
    if !is_right {
        return Err(field_error(CURRENT_PASSWORD, "is not the current password"));
    }
    let password = auth.workers.hash(new).await?;
    let generation = user.token_generation;
    let change = auth
        .store
        .change_password(user.id, &password, generation)
        .await?;
    match change {
        PasswordChange::Changed { token_generation } => {
            let changed = User {
                password,
                token_generation,
                ..user
            };
            Ok((changed, rate_limit))
        }
        // Another request changed it since, and ended this login.
        _ => Err(ErrorCode::InvalidLogin.into()),
    }
}

fn field_error(field: &str, error: &str) -> Problem {
    let mut errors = FieldErrors::default();
    errors.add(field, error);
    invalid_account(errors)
}
