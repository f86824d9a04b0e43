//! The caller of a request.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use axum::response::Response;
use votify_core::limit::LimitKey;
use votify_core::voter::AccountId;
use votify_core::{Caller, SessionId};

use crate::authorize::Action;
use crate::config::Config;
use crate::error::{ErrorCode, Problem};
use crate::extract::address::{client_address, is_trusted};
use crate::extract::cookie::CookieSettings;
use crate::extract::fetch_site;
use crate::extract::invite::{self, InviteParameter};
use crate::extract::session::{self, Session};
use crate::rate_limit::address_key;
use crate::state::AppState;

/// Everything that identifies the caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestCaller {
    pub(crate) session: Option<Session>,
    address: Option<IpAddr>,
    account: Option<AccountId>,
    invite: InviteParameter,
    /// The session that this request started, or counted. The response sets its cookie.
    new_session: Option<Session>,
    /// The attributes of cookies that the response sets.
    cookies: CookieSettings,
    /// False if another domain may have planted the login.
    has_safe_login: bool,
    /// True if a page of another site made the browser send the request.
    is_foreign: bool,
}

impl RequestCaller {
    /// Returns the caller in the engine's terms.
    pub(crate) fn to_caller(&self) -> Caller {
        let mut caller = Caller::anonymous();
        if let Some(id) = self.session_id() {
            caller = caller.with_session(id);
        }
        if let Some(address) = self.address {
            caller = caller.with_address(address);
        }
        if let Some(account) = self.account.clone() {
            caller = caller.with_account(account);
        }
        if let Some(invite) = self.invite.code() {
            caller = caller.with_invite(invite);
        }
        caller
    }

    /// Returns the session that this request started, else the session of its cookie.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        self.current_session().map(|session| session.id)
    }

    /// Returns the session that this request started or counted, else that of its cookie.
    fn current_session(&self) -> Option<Session> {
        self.new_session.or(self.session)
    }

    /// Returns the block of addresses that counts as one address.
    pub(crate) fn address_block(&self) -> Option<IpAddr> {
        block_of(self.address?)
    }

    /// Checks the login of `request` again: a login may end while a stream is open.
    ///
    /// # Errors
    /// - `invalid_login`: the login is no longer valid. The caller can log in again.
    /// - `store_unavailable`: the login cannot be checked. The caller can retry.
    pub(crate) async fn reauthenticate(
        &mut self,
        request: &Parts,
        state: &AppState,
    ) -> Result<(), Problem> {
        if let Some(identity) = &state.config.identity {
            self.account = identity.account(request).await?;
        }
        Ok(())
    }

    /// Asks the host whether the caller may do `action`.
    ///
    /// # Errors
    /// - `invalid_query`: the request has several invite codes, and the action may depend on
    ///   one.
    /// - `not_logged_in`, `not_allowed`: the host refuses.
    /// - `store_unavailable`: the host cannot check it at the moment. The caller can
    ///   retry.
    pub(crate) async fn authorize(
        &self,
        request: &Parts,
        action: Action,
        state: &AppState,
    ) -> Result<(), Problem> {
        if action.concerns_voter() && self.invite == InviteParameter::Repeated {
            return Err(invite::repeated());
        }
        let (authorize, caller) = (&state.config.authorize, self.to_caller());
        Ok(authorize.authorize(request, &caller, action).await?)
    }

    /// Checks that no page of another site made the browser send the request, before it
    /// counts toward a limit of the address.
    ///
    /// # Errors
    /// - `origin_not_allowed`: such a page did; the person can open the address themselves.
    pub(crate) fn ensure_own_request(&self) -> Result<(), Problem> {
        if !self.is_foreign {
            return Ok(());
        }
        Err(Problem::new(ErrorCode::OriginNotAllowed).with_detail(
            "a page of another site made the browser send this request; open the address in a \
             window of its own",
        ))
    }

    /// Lets the caller's account own what the session of their browser created, if the
    /// request proves both.
    pub(crate) async fn claim_session(&self, state: &AppState) {
        if let (true, Some(session), Some(account)) =
            (self.has_safe_login, self.session, &self.account)
        {
            // Boxed: rare, and it would enlarge the futures of its callers.
            Box::pin(state.claims.claim(&state.engine, session.id, account)).await;
        }
    }

    pub(crate) const fn has_invite_code(&self) -> bool {
        self.invite.code().is_some()
    }

    /// Returns the attributes of cookies that the response sets.
    #[cfg(feature = "accounts")]
    pub(crate) const fn cookies(&self) -> CookieSettings {
        self.cookies
    }

    pub(crate) const fn is_logged_in(&self) -> bool {
        self.account.is_some()
    }

    /// Starts a session with this id, or counts it if the caller has it.
    ///
    /// # Errors
    /// - `rate_limited`: the address has exceeded the rate of new sessions; retry later.
    pub(crate) async fn begin_session(
        &mut self,
        id: SessionId,
        state: &AppState,
    ) -> Result<(), Problem> {
        self.acquire_session(state).await?;
        self.start_counted_session(id);
        Ok(())
    }

    /// Starts a session with this id for a caller without one, unless a page of another site
    /// made the browser send the request. It counts once its cookie comes back, or if the
    /// request has an invite code. So clients that only read and keep no cookies use up
    /// nothing.
    pub(crate) const fn begin_session_if_missing(&mut self, id: SessionId) {
        if self.session.is_none() && self.new_session.is_none() && !self.is_foreign {
            self.new_session = Some(Session {
                id,
                is_counted: false,
                is_stale: false,
            });
        }
    }

    /// Counts the session of a cookie that came back for the first time.
    ///
    /// # Errors
    /// - `rate_limited`: the address has exceeded the rate of new sessions; retry later.
    pub(crate) async fn count_session(&mut self, state: &AppState) -> Result<(), Problem> {
        match self.session_id() {
            Some(id) if !self.has_counted_session() => self.begin_session(id, state).await,
            _ => Ok(()),
        }
    }

    /// Starts or counts a session with this id. Only for callers who acquired it under
    /// [`new_session_key`](Self::new_session_key).
    pub(crate) const fn start_counted_session(&mut self, id: SessionId) {
        self.new_session = Some(Session {
            id,
            is_counted: true,
            is_stale: false,
        });
    }

    /// Returns true if the session counted toward the rate of new sessions.
    pub(crate) fn has_counted_session(&self) -> bool {
        self.current_session()
            .is_some_and(|session| session.is_counted)
    }

    /// Returns the session that has a limit of its own. A WebSocket that was opened without a
    /// cookie has none: a script could open one for each vote.
    pub(crate) fn limited_session(&self) -> Option<Session> {
        let started_by_reading = self.new_session.filter(|session| !session.is_counted);
        self.session.or(started_by_reading)
    }

    /// Acquires a new session of the address, without starting or counting one.
    ///
    /// # Errors
    /// - `rate_limited`: the address has exceeded the rate of new sessions; retry later.
    pub(crate) async fn acquire_session(&self, state: &AppState) -> Result<(), Problem> {
        let key = || self.new_session_key(state);
        let rate = state.config.session_rate;
        let unit = "new sessions from one network address";
        state.limiter.acquire(unit, key, rate).await.map(drop)
    }

    /// Returns the key under which new sessions of the address are counted.
    pub(crate) fn new_session_key(&self, state: &AppState) -> Option<LimitKey> {
        address_key(state.engine.keyring(), "new-session", self.address_block())
    }

    /// Adds the session cookie if this request started or counted the session, or if its
    /// cookie is signed with an old secret.
    pub(crate) fn set_session_cookie(&self, response: &mut Response, state: &AppState) {
        let stale = self.session.filter(|session| session.is_stale);
        let session = self.new_session.or(stale);
        let (cookies, keyring) = (&state.session_cookies, state.engine.keyring());
        let cookie = session.and_then(|session| cookies.render(session, self.cookies, keyring));
        if let Some(cookie) = cookie {
            response
                .headers_mut()
                .append(axum::http::header::SET_COOKIE, cookie);
        }
    }
}

/// Warns if the peer reports the client's address in vain.
fn check_proxy(parts: &Parts, config: &Config) {
    let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
        return;
    };
    let (peer, read) = (
        peer.ip().to_canonical(),
        config.client_address_header.name(),
    );
    if is_trusted(peer, &config.trusted_proxies) {
        config.hints.check_trusted(peer, &parts.headers, read);
    } else {
        config.hints.check_untrusted(peer, &parts.headers, read);
    }
}

/// Returns the client's address, or `None` if the host does not provide the peer's.
fn address_of(extensions: &Extensions, headers: &HeaderMap, config: &Config) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let header = &config.client_address_header;
    let trusted = &config.trusted_proxies;
    Some(client_address(peer.ip(), headers, header, trusted))
}

fn block_of(address: IpAddr) -> Option<IpAddr> {
    Caller::anonymous().with_address(address).address_block()
}

/// Returns the block of addresses of a request's client that counts as one address.
pub(crate) fn address_block(
    extensions: &Extensions,
    headers: &HeaderMap,
    config: &Config,
) -> Option<IpAddr> {
    block_of(address_of(extensions, headers, config)?)
}

impl FromRequestParts<AppState> for RequestCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let account = match &state.config.identity {
            None => None,
            Some(identity) => identity.account(parts).await?,
        };
        check_proxy(parts, &state.config);
        let address = address_of(&parts.extensions, &parts.headers, &state.config);
        let cookies = state.config.cookies_for(&parts.headers);
        let session = session::read(&parts.headers, state.engine.keyring(), cookies);
        // A sibling domain can plant a login cookie of its own, unless the name of the cookie
        // has the prefix `__Host-`.
        let has_safe_login = (cookies.secure && !cookies.below_path)
            || parts.headers.contains_key(header::AUTHORIZATION)
            || !state.has_accounts();
        Ok(Self {
            session,
            address,
            account,
            invite: invite::from_query(&parts.uri),
            new_session: None,
            cookies,
            has_safe_login,
            is_foreign: fetch_site::is_foreign(&parts.headers, &state.config),
        })
    }
}
