use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use votify_core::account::{AccountError, User, UserId};
use votify_core::layers::Timeout;
use votify_core::voter::AccountId;
use votify_core::{AccountStore, PollEngine, Rate};

use crate::accounts::cookie;
use crate::accounts::password_workers::{HashingStats, PasswordWorkers};
use crate::accounts::revocation_cache::RevocationCache;
use crate::accounts::settings::Accounts;
use crate::accounts::token::{Login, SignedToken, Tokens};
use crate::error::Problem;
use crate::extract::cookie::CookieSettings;
use crate::identity::{Identity, IdentityError, bearer};

/// Timeout of calls to the account store.
const STORE_TIMEOUT: Duration = Duration::from_secs(4);

/// Registers users, issues their tokens and authenticates requests by them.
#[derive(Debug)]
pub(crate) struct AuthService {
    /// Revokes logins and changes passwords with immediate effect here, and within 5 s on
    /// other servers.
    pub(crate) store: RevocationCache<Timeout<Arc<dyn AccountStore>>>,
    pub(crate) workers: PasswordWorkers,
    pub(crate) token_lifetime: Duration,
    pub(crate) rates: AuthRates,
    pub(crate) cookies: CookieSettings,
    /// The path of the login cookie.
    pub(crate) cookie_path: Box<str>,
    tokens: Tokens,
    engine: PollEngine,
}

/// The maximum rates of registrations and login attempts. `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuthRates {
    /// Per address and user name.
    pub(crate) login: Option<Rate>,
    /// Logins per address, for all user names.
    pub(crate) address: Option<Rate>,
    /// Per address.
    pub(crate) register: Option<Rate>,
}

impl AuthService {
    pub(crate) fn new(
        engine: PollEngine,
        accounts: &Accounts,
        cookies: CookieSettings,
        cookie_path: &str,
    ) -> Self {
        Self {
            store: RevocationCache::new(
                Timeout::new(Arc::clone(&accounts.store), STORE_TIMEOUT),
                engine.clone(),
            ),
            workers: PasswordWorkers::new(accounts.hashing),
            token_lifetime: accounts.token_lifetime,
            rates: AuthRates {
                login: accounts.login_rate,
                address: accounts.address_login_rate,
                register: accounts.register_rate,
            },
            cookies,
            cookie_path: cookie_path.into(),
            tokens: Tokens::new(&accounts.issuer, &accounts.audience),
            engine,
        }
    }

    /// Issues a token to a user whose password was checked.
    pub(crate) fn new_session(&self, user: &User) -> Result<SignedToken, Problem> {
        let now = self.engine.now();
        let expires_at = now.saturating_add(self.token_lifetime);
        let token = self
            .tokens
            .issue(user, now, expires_at, self.engine.keyring());
        token.ok_or_else(|| Problem::internal(&"failed to sign a token"))
    }

    /// Revokes a login. The effect is immediate here, and within 5 s on other servers.
    pub(crate) async fn revoke(&self, login: &Login) -> Result<(), AccountError> {
        let now = self.engine.now();
        self.store.revoke(&login.revocation(), now).await
    }

    /// Returns the login of a token. Returns `None` for foreign, expired and revoked
    /// tokens, and for those issued before the user's last password change.
    ///
    /// # Errors
    /// - [`IdentityError::Unavailable`]: the account store cannot be read; retry.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Option<Login>, IdentityError> {
        let now = self.engine.now();
        let Some(login) = self.tokens.verify(token, now, self.engine.keyring()) else {
            return Ok(None);
        };
        match self.store.are_revoked(&[login.issued()]).await {
            Ok(revoked) => Ok((revoked == [false]).then_some(login)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "failed to check whether a token is revoked");
                Err(IdentityError::Unavailable)
            }
        }
    }

    /// Returns the login of a request. An invalid bearer token is an error. An invalid
    /// cookie is ignored, because browsers send cookies with every request.
    pub(crate) async fn login(&self, headers: &HeaderMap) -> Result<Option<Login>, IdentityError> {
        if let Some(token) = bearer(headers)? {
            let login = self.authenticate(token).await?;
            return login.map(Some).ok_or(IdentityError::Invalid);
        }
        // A browser may hold one cookie for this server's own pages and another for those of
        // an allowed origin of the same site. The user logged in last with the newest one.
        let mut newest: Option<Login> = None;
        for token in cookie::read(headers, self.cookies) {
            if let Some(login) = self.authenticate(&token).await?
                && newest
                    .as_ref()
                    .is_none_or(|other| other.expires_at < login.expires_at)
            {
                newest = Some(login);
            }
        }
        Ok(newest)
    }

    /// Returns the account of a user.
    pub(crate) fn account_of(user: UserId) -> AccountId {
        AccountId::new(user.to_string())
    }

    pub(crate) fn hashing_stats(&self) -> HashingStats {
        self.workers.stats()
    }
}

#[async_trait]
impl Identity for AuthService {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        let login = self.login(&request.headers).await?;
        Ok(login.map(|login| Self::account_of(login.user)))
    }
}
