//! The caller of an action that the host allowed.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;

use super::caller::RequestCaller;
use super::path::PollPath;
use crate::authorize::Action;
use crate::error::Problem;
use crate::state::AppState;

/// A caller who may do the action of a route. Extracted before the body is read.
#[derive(Debug)]
pub(crate) struct Permitted<A>(pub(crate) RequestCaller, pub(crate) PhantomData<A>);

/// The action of a route.
pub(crate) trait RouteAction {
    /// Returns the action of a request.
    ///
    /// # Errors
    /// - `malformed_id`: the id in the path is malformed.
    fn of(
        parts: &mut Parts,
        state: &AppState,
    ) -> impl Future<Output = Result<Action, Problem>> + Send;
}

macro_rules! actions {
    ($($name:ident),*) => {
        $(
            #[derive(Debug)]
            pub(crate) enum $name {}

            impl RouteAction for $name {
                async fn of(_: &mut Parts, _: &AppState) -> Result<Action, Problem> {
                    Ok(Action::$name)
                }
            }
        )*
    };
}

macro_rules! poll_actions {
    ($($name:ident),*) => {
        $(
            #[derive(Debug)]
            pub(crate) enum $name {}

            impl RouteAction for $name {
                async fn of(parts: &mut Parts, state: &AppState) -> Result<Action, Problem> {
                    let PollPath(id) = PollPath::from_request_parts(parts, state).await?;
                    Ok(Action::$name(id))
                }
            }
        )*
    };
}

actions!(Create, List);
#[cfg(feature = "accounts")]
actions!(Register, LogIn);
poll_actions!(View, Vote, Watch, Manage, Invite);

/// A list: the caller's own polls with `owner=me`, else the public ones.
#[derive(Debug)]
pub(crate) enum ListByOwner {}

impl RouteAction for ListByOwner {
    async fn of(parts: &mut Parts, _: &AppState) -> Result<Action, Problem> {
        Ok(if may_be_own_list(&parts.uri) {
            Action::ListOwn
        } else {
            Action::List
        })
    }
}

/// Returns true if a parameter is `owner=me`. The handler lists own polls only if no other
/// `owner` is given, and rejects the request otherwise.
fn may_be_own_list(uri: &Uri) -> bool {
    let parameters = Query::<Vec<(String, String)>>::try_from_uri(uri);
    parameters.is_ok_and(|Query(parameters)| {
        let mut parameters = parameters.iter();
        parameters.any(|(name, value)| name == "owner" && value == "me")
    })
}

impl<A: RouteAction> FromRequestParts<AppState> for Permitted<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let action = A::of(parts, state).await?;
        let caller = RequestCaller::from_request_parts(parts, state).await?;
        caller.authorize(parts, action, state).await?;
        if action.concerns_owner() {
            caller.claim_session(state).await;
        }
        Ok(Self(caller, PhantomData))
    }
}
