use votify_core::account::{User, UserName};

use crate::accounts::AuthService;
use crate::error::{Problem, RateLimitHeaders};
use crate::extract::caller::RequestCaller;
use crate::rate_limit::{address_key, limit_key};
use crate::state::AppState;

/// Acquires one registration of the address, and returns the headers about the rest.
pub(super) async fn registration(
    state: &AppState,
    auth: &AuthService,
    caller: &RequestCaller,
) -> Result<Option<RateLimitHeaders>, Problem> {
    let keyring = state.engine.keyring();
    let key = || address_key(keyring, "register", caller.address_block());
    let unit = "registrations from one network address";
    let rate = auth.rates.register;
    state.limiter.acquire(unit, key, rate).await
}

/// Acquires one login attempt of the address, and one of the address for this name.
/// Returns the headers about the rest.
///
/// Attempts for one name from all addresses are not limited together. Such a limit would
/// slow down distributed guessing, but anybody could lock the user out.
pub(super) async fn login(
    state: &AppState,
    auth: &AuthService,
    caller: &RequestCaller,
    name: Option<&UserName>,
) -> Result<Option<RateLimitHeaders>, Problem> {
    let (keyring, rates) = (state.engine.keyring(), auth.rates);
    let address = caller.address_block();
    let key = || address_key(keyring, "login-address", address);
    let unit = "login attempts from one network address";
    let rate_limit = state.limiter.acquire(unit, key, rates.address).await?;
    let Some(name) = name else {
        return Ok(rate_limit);
    };
    // The address as text, because the texts of `None` and of every block differ.
    let address = address.map(|address| address.to_string());
    let address = address.unwrap_or_default();
    let parts: &[&[u8]] = &[b"login-name", address.as_bytes(), name.key().as_bytes()];
    let key = || limit_key(keyring, parts);
    let unit = "login attempts for one name from one network address";
    state.limiter.acquire(unit, key, rates.login).await
}

/// Acquires one attempt to change a password: a login attempt, and one of the user from all
/// addresses. Returns the headers about the rest.
///
/// The limit of the user bounds what a stolen token is good for. It locks nobody out,
/// because only clients with a token of the user reach it.
pub(super) async fn password_change(
    state: &AppState,
    auth: &AuthService,
    caller: &RequestCaller,
    user: &User,
) -> Result<Option<RateLimitHeaders>, Problem> {
    let rate_limit = login(state, auth, caller, Some(&user.name)).await?;
    let parts: &[&[u8]] = &[b"password-user", user.id.as_uuid().as_bytes()];
    let key = || limit_key(state.engine.keyring(), parts);
    let unit = "attempts to change the password of one user";
    let rate = auth.rates.login;
    state.limiter.acquire(unit, key, rate).await?;
    Ok(rate_limit)
}
