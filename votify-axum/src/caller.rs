//! Who sends a request.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::response::Response;
use votify_core::voter::{AccountId, InviteCode};
use votify_core::{Caller, SessionId};

use crate::address::client_address;
use crate::invite;
use crate::limits;
use crate::problem::Problem;
use crate::session::{self, Session};
use crate::shared::Shared;

/// What a request tells of its sender.
#[derive(Debug, Clone)]
pub(crate) struct RequestCaller {
    pub(crate) session: Option<Session>,
    address: Option<IpAddr>,
    account: Option<AccountId>,
    invite: Option<InviteCode>,
    /// Set when the sender must be given a cookie with the answer.
    issue: Option<SessionId>,
}

impl RequestCaller {
    /// In the engine's terms.
    pub(crate) fn voter(&self) -> Caller {
        let mut voter = Caller::anonymous();
        if let Some(id) = self.session_id() {
            voter = voter.with_session(id);
        }
        if let Some(address) = self.address {
            voter = voter.with_address(address);
        }
        if let Some(account) = self.account.clone() {
            voter = voter.with_account(account);
        }
        if let Some(invite) = self.invite {
            voter = voter.with_invite(invite);
        }
        voter
    }

    /// The session of the cookie, or the one that this request began.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        self.issue
            .or_else(|| self.session.map(|session| session.id))
    }

    /// What counts as one address.
    pub(crate) fn address_block(&self) -> Option<IpAddr> {
        let address = self.address?;
        Caller::anonymous().with_address(address).address_block()
    }

    /// Asks again who is logged in, by what the request told: a log-in may end while a stream is open.
    ///
    /// # Errors
    /// If the login is not valid any more, or cannot be checked.
    pub(crate) async fn renew_account(
        &mut self,
        request: &Parts,
        shared: &Shared,
    ) -> Result<(), Problem> {
        if let Some(identity) = &shared.config.identity {
            self.account = identity.account(request).await?;
        }
        Ok(())
    }

    pub(crate) const fn is_logged_in(&self) -> bool {
        self.account.is_some()
    }

    /// Begins a session, if the quota of the address allows one more; only for callers without one.
    pub(crate) async fn begin_session(
        &mut self,
        id: SessionId,
        shared: &Shared,
    ) -> Result<(), Problem> {
        limits::new_session(shared, self).await?;
        self.issue = Some(id);
        Ok(())
    }

    /// Adds the cookie of a session that this request began or whose cookie is signed with an old secret.
    pub(crate) fn sign(&self, response: &mut Response, shared: &Shared) {
        let stale = self.session.filter(|session| session.is_stale);
        let issue = self.issue.or_else(|| stale.map(|session| session.id));
        let cookie = issue.and_then(|id| shared.cookie.of(id, shared.engine.keyring()));
        if let Some(cookie) = cookie {
            response
                .headers_mut()
                .append(axum::http::header::SET_COOKIE, cookie);
        }
    }
}

impl FromRequestParts<Shared> for RequestCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let account = match &shared.config.identity {
            None => None,
            Some(identity) => identity.account(parts).await?,
        };
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| {
            client_address(peer.ip(), &parts.headers, &shared.config.trusted_proxies)
        });
        Ok(Self {
            session: session::read(
                &parts.headers,
                shared.engine.keyring(),
                shared.config.cookies(),
            ),
            address,
            account,
            invite: invite::of(&parts.uri),
            issue: None,
        })
    }
}
