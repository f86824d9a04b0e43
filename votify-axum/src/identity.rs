//! The seam for the host's own users.

#[cfg(any(feature = "accounts", feature = "jwks"))]
mod bearer;
#[cfg(any(feature = "accounts", feature = "jwks"))]
mod crypto;
#[cfg(feature = "jwks")]
mod jwks;
#[cfg(any(feature = "accounts", feature = "jwks"))]
mod times;

#[cfg(feature = "jwks")]
pub use jwks::{JwksError, JwksIdentity};

#[cfg(any(feature = "accounts", feature = "jwks"))]
pub(crate) use bearer::bearer;
#[cfg(any(feature = "accounts", feature = "jwks"))]
pub(crate) use crypto::choose_backend;
#[cfg(feature = "accounts")]
pub(crate) use times::seconds;
#[cfg(any(feature = "accounts", feature = "jwks"))]
pub(crate) use times::{LEEWAY, TokenTimes};

use std::fmt;

use async_trait::async_trait;
use axum::http::request::Parts;
use votify_core::voter::AccountId;

/// Tells which user of the host a request comes from.
///
/// ```
/// use async_trait::async_trait;
/// use axum::http::request::Parts;
/// use votify_axum::{Identity, IdentityError};
/// use votify_core::voter::AccountId;
///
/// /// What the host's own login layer has put into the request.
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
#[async_trait]
pub trait Identity: fmt::Debug + Send + Sync + 'static {
    /// The caller's account; `None` if not logged in. Asked once for each request to the API.
    ///
    /// # Errors
    /// If the request claims an account and the claim does not hold, or cannot be checked right now.
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError>;
}

/// Why it is not known who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The claim does not hold: answered 401 `invalid_login`.
    #[error("the login is not valid")]
    Invalid,
    /// The claim cannot be checked right now: answered 503 `store_unavailable`.
    #[error("the login cannot be checked right now")]
    Unavailable,
}
