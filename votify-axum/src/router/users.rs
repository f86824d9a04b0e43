use std::sync::Arc;

use super::VotifyRouter;
#[cfg(feature = "accounts")]
use crate::accounts::Accounts;
use crate::authorize::Authorize;
use crate::identity::Identity;

/// # Users and permissions
impl VotifyRouter {
    /// Sets the source of users. Defaults to none: then no `account` poll can be created.
    ///
    /// [`Identity`] shows an implementation.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use async_trait::async_trait;
    /// use axum::http::request::Parts;
    /// use votify_axum::{Identity, IdentityError};
    /// use votify_core::voter::AccountId;
    ///
    /// #[derive(Debug)]
    /// struct Nobody;
    ///
    /// #[async_trait]
    /// impl Identity for Nobody {
    ///     async fn account(&self, _: &Parts) -> Result<Option<AccountId>, IdentityError> {
    ///         Ok(None)
    ///     }
    /// }
    ///
    /// let router = router.identity(Nobody);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn identity(mut self, identity: impl Identity) -> Self {
        self.config.identity = Some(Arc::new(identity));
        self
    }

    /// Sets who may do what. Defaults to
    /// [`Permissions::default`](crate::Permissions): nobody creates or lists polls over
    /// HTTP; everybody views, votes and watches.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_axum::Permissions;
    ///
    /// let router = router.authorize(Permissions::everybody());
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn authorize(mut self, authorize: impl Authorize) -> Self {
        self.config.authorize = Arc::new(authorize);
        self
    }

    /// Adds accounts of Votify's own, for hosts without users: `/api/auth/register`,
    /// `/login`, `/logout` and `/me`. Defaults to none.
    ///
    /// These accounts replace any [`identity`](Self::identity).
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_axum::Accounts;
    /// use votify_core::MemoryAccountStore;
    ///
    /// let router = router.accounts(Accounts::new(MemoryAccountStore::new()));
    /// # let _ = router;
    /// # }
    /// ```
    #[cfg(feature = "accounts")]
    #[must_use]
    pub fn accounts(mut self, accounts: Accounts) -> Self {
        self.config.accounts = Some(accounts);
        self
    }
}
