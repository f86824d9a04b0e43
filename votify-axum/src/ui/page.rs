//! The extractor of page handlers.

use askama::Template;
use axum::extract::{FromRequestParts, OriginalUri, Query};
use axum::http::request::Parts;
#[cfg(feature = "accounts")]
use axum::http::{HeaderMap, Uri};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use form_urlencoded::byte_serialize;
use votify_core::{Caller, PollId, SessionId};

use super::layout::Layout;
use super::page_slot::PageSlot;
use super::{form, headers, origin};
use crate::authorize::{Action, Denied};
use crate::error::Problem;
use crate::extract::caller::RequestCaller;
use crate::extract::invite;
use crate::own_state::{OwnState, own_state};
use crate::response_memory::{NothingChanged, Reservation};
use crate::router::RouteGroup;
use crate::state::AppState;

/// A request for a page: the caller, who has a session from now on, and the frame of the
/// page for them.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) state: AppState,
    pub(super) caller: RequestCaller,
    pub(super) layout: Layout,
    parts: Parts,
}

impl Page {
    /// Builds the page of a request.
    ///
    /// # Errors
    /// - `invalid_login`, `store_unavailable`: the caller cannot be identified.
    pub(super) async fn new(mut parts: Parts, state: &AppState) -> Result<Self, Problem> {
        let mut caller = RequestCaller::from_request_parts(&mut parts, state).await?;
        caller.begin_session_if_missing(SessionId::random());
        let mut layout = layout_for(&parts, &caller, state).await;
        if let Some(session) = caller.session_id() {
            let engine = &state.engine;
            layout.form_token = form::TOKEN.issue(session, engine.now(), engine.keyring());
        }
        if let Some(slot) = parts.extensions.get::<PageSlot>() {
            slot.fill(&layout, &caller);
        }
        Ok(Self {
            state: state.clone(),
            caller,
            layout,
            parts,
        })
    }

    /// Asks the host whether the caller may do `action`.
    ///
    /// # Errors
    /// - `not_logged_in`, `not_allowed`: the host refuses.
    /// - `store_unavailable`: the host cannot check it at the moment.
    pub(super) async fn permit(&self, action: Action) -> Result<(), Problem> {
        may(&self.parts, &self.caller, action, &self.state).await?;
        if action.concerns_owner() {
            self.caller.claim_session(&self.state).await;
        }
        Ok(())
    }

    /// Returns what holds for the caller in a poll.
    ///
    /// # Errors
    /// - See [`own_state`].
    pub(super) async fn own_state(&mut self, id: PollId) -> Result<OwnState, Problem> {
        own_state(&self.state, &mut self.caller, &self.parts, id).await
    }

    /// Returns true if the host serves a group of routes.
    pub(super) fn serves(&self, group: RouteGroup) -> bool {
        self.state.config.serves(group)
    }

    /// Returns the caller in the engine's terms.
    pub(super) fn caller(&self) -> Caller {
        self.caller.to_caller()
    }

    /// Returns the headers and the URL of the request.
    #[cfg(feature = "accounts")]
    pub(super) const fn headers_and_uri(&self) -> (&HeaderMap, &Uri) {
        (&self.parts.headers, &self.parts.uri)
    }

    /// Returns a parameter of the query. `None` if it is absent or repeated.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri).ok()?;
        let mut values = query.0.into_iter().filter(|(other, _)| other == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Returns the query with the invite code of the request, such as `?invite=…`, for
    /// links to other pages of the poll. Empty without a well-formed code.
    pub(super) fn invite_query(&self) -> String {
        let code = self.query(invite::PARAMETER);
        code.filter(|_| self.caller.has_invite_code())
            .map_or_else(String::new, |code| {
                let code: String = byte_serialize(code.as_bytes()).collect();
                format!("?{}={code}", invite::PARAMETER)
            })
    }

    /// Returns the response with a page that shows something, and for which nothing was
    /// changed. It is rejected if too many bytes of responses are unread.
    pub(super) fn render(&self, status: StatusCode, template: &impl Template) -> Response {
        let mut response = self.html(status, template);
        response.extensions_mut().insert(NothingChanged);
        response
    }

    /// Returns the page that is the only result of a change. It takes the memory that was
    /// reserved before the change.
    pub(super) fn render_reserved(
        &self,
        reserved: Reservation,
        template: &impl Template,
    ) -> Response {
        let mut response = self.html(StatusCode::OK, template);
        response.extensions_mut().insert(reserved);
        response
    }

    fn html(&self, status: StatusCode, template: &impl Template) -> Response {
        let mut response = match template.render() {
            Ok(html) => (status, html).into_response(),
            Err(error) => return Problem::internal(&error).into_response(),
        };
        headers::set(response.headers_mut(), &self.state.config, &self.layout);
        self.caller.set_session_cookie(&mut response, &self.state);
        response
    }

    /// Redirects to a path of this router after a form was carried out.
    pub(super) fn redirect(&self, path: &str) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        let headers = response.headers_mut();
        if let Ok(location) = HeaderValue::try_from(self.layout.url(path)) {
            headers.insert(header::LOCATION, location);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.caller.set_session_cookie(&mut response, &self.state);
        response
    }
}

impl FromRequestParts<AppState> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Self::new(parts.clone(), state).await
    }
}

/// Returns the layout for a caller about whom nothing is known.
pub(super) fn bare_layout(parts: &Parts, state: &AppState) -> Layout {
    let original = parts.extensions.get::<OriginalUri>();
    let original = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
    let config = &state.config;
    let origin = origin::of_request(parts, config);
    Layout {
        base: config.base_path(original, parts.uri.path()).to_owned(),
        is_secure: origin::is_secure(parts, &origin),
        origin,
        path: parts
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned(),
        theme: config.theme.clone().unwrap_or_default(),
        has_lists: config.serves(RouteGroup::Lists),
        has_accounts: state.has_accounts(),
        ..Layout::default()
    }
}

/// Returns the layout for a caller, without a form token.
pub(super) async fn layout_for(parts: &Parts, caller: &RequestCaller, state: &AppState) -> Layout {
    let mut layout = bare_layout(parts, state);
    layout.is_logged_in = caller.is_logged_in();
    layout.can_create = state.config.serves(RouteGroup::Creation)
        && may_see_link(parts, caller, Action::Create, state).await;
    layout.can_list = state.config.serves(RouteGroup::Lists)
        && may(parts, caller, Action::List, state).await.is_ok();
    layout
}

/// Returns true if the caller may do `action`, or may after a login.
async fn may_see_link(
    parts: &Parts,
    caller: &RequestCaller,
    action: Action,
    state: &AppState,
) -> bool {
    let authorize = &state.config.authorize;
    let result = authorize
        .authorize(parts, &caller.to_caller(), action)
        .await;
    matches!(result, Ok(()) | Err(Denied::NotLoggedIn(_)))
}

async fn may(
    parts: &Parts,
    caller: &RequestCaller,
    action: Action,
    state: &AppState,
) -> Result<(), Problem> {
    caller.authorize(parts, action, state).await
}
