use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use votify_core::account::{AccountError, User};
use votify_core::layers::Timeout;
use votify_core::voter::AccountId;
use votify_core::{AccountStore, PollEngine, Quota};

use crate::accounts::cookie;
use crate::accounts::hasher::{Hasher, HashingStats};
use crate::accounts::revoked::Revoked;
use crate::accounts::settings::Accounts;
use crate::accounts::token::{Issued, Login, Tokens};
use crate::identity::{Identity, IdentityError, bearer};
use crate::problem::Problem;
use crate::session::Cookies;

/// How long the account store may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// Where people register and log in, and what tells who they are from then on.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(super) store: Timeout<Arc<dyn AccountStore>>,
    pub(super) hasher: Hasher,
    pub(super) lifetime: Duration,
    pub(super) quotas: DeskQuotas,
    pub(super) cookies: Cookies,
    tokens: Tokens,
    revoked: Revoked,
    engine: PollEngine,
}

/// How often one caller may ask.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeskQuotas {
    pub(super) login: Option<Quota>,
    pub(super) address: Option<Quota>,
    pub(super) register: Option<Quota>,
}

impl Desk {
    pub(crate) fn new(engine: PollEngine, accounts: &Accounts, cookies: Cookies) -> Self {
        Self {
            store: Timeout::new(Arc::clone(&accounts.store), PATIENCE),
            hasher: Hasher::new(accounts.hashing),
            lifetime: accounts.lifetime,
            quotas: DeskQuotas {
                login: accounts.login_quota,
                address: accounts.address_quota,
                register: accounts.register_quota,
            },
            cookies,
            tokens: Tokens::new(&accounts.issuer, &accounts.audience),
            revoked: Revoked::new(),
            engine,
        }
    }

    /// A new token for a user who proved to be it.
    pub(super) fn issue(&self, user: &User) -> Result<Issued, Problem> {
        let now = self.engine.now();
        let expires_at = now.saturating_add(self.lifetime);
        let issued = self
            .tokens
            .issue(user.id, now, expires_at, self.engine.keyring());
        issued.ok_or_else(|| Problem::internal(&"a token cannot be signed"))
    }

    /// Ends a log-in, here at once and everywhere soon.
    pub(super) async fn revoke(&self, login: &Login) -> Result<(), AccountError> {
        let now = self.engine.now();
        self.store.revoke(&login.revocation(), now).await?;
        self.revoked.learn(login.token);
        Ok(())
    }

    /// What a token proves, unless it is none of ours, over or revoked.
    pub(super) async fn proven_by(&self, token: &str) -> Result<Option<Login>, IdentityError> {
        let now = self.engine.now();
        let Some(login) = self.tokens.verify(token, now, self.engine.keyring()) else {
            return Ok(None);
        };
        let revoked = self.revoked.contains(login.token, &self.store, now).await;
        match revoked {
            Ok(revoked) => Ok((!revoked).then_some(login)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "whether a token was revoked is not known");
                Err(IdentityError::Unavailable)
            }
        }
    }

    /// The log-in that a request proves. A bearer token must hold; browsers send cookies unasked, so that one that does not
    /// hold is passed over.
    pub(super) async fn login(&self, headers: &HeaderMap) -> Result<Option<Login>, IdentityError> {
        if let Some(token) = bearer(headers)? {
            let login = self.proven_by(token).await?;
            return login.map(Some).ok_or(IdentityError::Invalid);
        }
        for token in cookie::read(headers, self.cookies) {
            if let Some(login) = self.proven_by(&token).await? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }

    pub(crate) fn hashing(&self) -> HashingStats {
        self.hasher.stats()
    }
}

#[async_trait]
impl Identity for Desk {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        let login = self.login(&request.headers).await?;
        Ok(login.map(|login| AccountId::new(login.user.to_string())))
    }
}
