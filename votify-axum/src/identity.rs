//! The extension point for a host's own users.

#[cfg(any(feature = "accounts", feature = "jwks"))]
mod bearer;
#[cfg(any(feature = "accounts", feature = "jwks"))]
mod crypto;
#[cfg(feature = "jwks")]
mod issuer_tokens;
#[cfg(feature = "jwks")]
mod jwks;
#[cfg(any(feature = "accounts", feature = "jwks"))]
mod times;

#[cfg(feature = "jwks")]
pub(crate) use issuer_tokens::IssuerTokens;
#[cfg(feature = "jwks")]
pub use jwks::{JwksError, JwksIdentity};

#[cfg(any(feature = "accounts", feature = "jwks"))]
pub(crate) use bearer::bearer;
#[cfg(any(feature = "accounts", feature = "jwks"))]
pub(crate) use crypto::install_crypto_provider;
#[cfg(feature = "accounts")]
pub(crate) use times::seconds;
#[cfg(any(feature = "accounts", feature = "jwks"))]
pub(crate) use times::{LEEWAY, TokenTimes};

use std::fmt;

use async_trait::async_trait;
use axum::http::request::Parts;
use votify_core::voter::AccountId;

/// Identifies the user of a request.
///
/// A host whose own middleware has already authenticated the request reads the user from
/// the request's extensions:
///
/// ```
/// use async_trait::async_trait;
/// use axum::http::request::Parts;
/// use votify_axum::{Identity, IdentityError};
/// use votify_core::voter::AccountId;
///
/// /// Inserted by the host's login middleware.
/// #[derive(Clone)]
/// struct CurrentUser(u64);
///
/// #[derive(Debug)]
/// struct HostUsers;
///
/// #[async_trait]
/// impl Identity for HostUsers {
///     async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
///         let user = request.extensions.get::<CurrentUser>();
///         Ok(user.map(|user| AccountId::new(user.0.to_string())))
///     }
/// }
/// ```
///
/// A host whose clients send bearer tokens looks the token up. An invalid token is an
/// error, so that a client with an expired login gets 401 and does not vote as somebody
/// else:
///
/// ```
/// use std::collections::HashMap;
///
/// use async_trait::async_trait;
/// use axum::http::header::AUTHORIZATION;
/// use axum::http::request::Parts;
/// use votify_axum::{Identity, IdentityError, VotifyRouter};
/// use votify_core::voter::AccountId;
/// use votify_core::{MemoryStore, PollEngine};
///
/// #[derive(Debug)]
/// struct ApiTokens {
///     users_by_token: HashMap<String, u64>,
/// }
///
/// #[async_trait]
/// impl Identity for ApiTokens {
///     async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
///         let Some(value) = request.headers.get(AUTHORIZATION) else {
///             return Ok(None);
///         };
///         let value = value.to_str().map_err(|_| IdentityError::Invalid)?;
///         let token = value.strip_prefix("Bearer ").ok_or(IdentityError::Invalid)?;
///         let user = self.users_by_token.get(token).ok_or(IdentityError::Invalid)?;
///         Ok(Some(AccountId::new(user.to_string())))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tokens = ApiTokens { users_by_token: HashMap::from([("secret".to_owned(), 7)]) };
/// let engine = PollEngine::new(MemoryStore::new());
/// let app: axum::Router = VotifyRouter::new(engine).identity(tokens).build();
/// # let _ = app;
/// # }
/// ```
#[async_trait]
pub trait Identity: fmt::Debug + Send + Sync + 'static {
    /// Returns the caller's account, or `None` if the caller is not logged in. Called
    /// once per request to the API, and again for each vote over a WebSocket.
    ///
    /// # Errors
    /// - [`IdentityError::Invalid`]: the request claims an account, and the claim is
    ///   wrong or expired. The client must log in again.
    /// - [`IdentityError::Unavailable`]: the claim cannot be checked at the moment. The
    ///   client may retry.
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError>;
}

/// The reason why a caller cannot be identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The claim is wrong or expired. Answered with 401 `invalid_login`.
    #[error("invalid login")]
    Invalid,
    /// The claim cannot be checked at the moment. Answered with 503 `store_unavailable`.
    #[error("login cannot be checked at the moment")]
    Unavailable,
}
