use std::sync::Arc;

use super::VotifyRouter;
#[cfg(feature = "accounts")]
use crate::accounts::Accounts;
use crate::authorize::Authorize;
use crate::identity::Identity;
#[cfg(feature = "jwks")]
use crate::identity::JwksIdentity;

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

    /// Accepts bearer tokens of an outside issuer beside the users of this server:
    /// [`accounts`](Self::accounts), or an [`identity`](Self::identity). Defaults to none.
    ///
    /// The `iss` of a token decides. If it is the outside issuer's, the token must be valid by
    /// the issuer's keys. Every other request is left to the users of this server.
    ///
    /// The account of such a user is the issuer, a space and the user's id. So an issuer cannot
    /// name a user of this server.
    ///
    /// ```no_run
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), votify_axum::JwksError> {
    /// use votify_axum::JwksIdentity;
    ///
    /// let issuer = "https://login.example.org";
    /// let keys = "https://login.example.org/.well-known/jwks.json";
    /// let router = router.issuer(JwksIdentity::from_url(keys, issuer, "polls")?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "jwks")]
    #[must_use]
    pub fn issuer(mut self, issuer: JwksIdentity) -> Self {
        self.config.issuer = Some(Arc::new(issuer));
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
