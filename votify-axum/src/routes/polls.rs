//! Creating, finding, changing and closing polls.

mod create;
mod get;
mod list;
mod manage;
mod me;

pub(crate) use create::{__path_create_poll, create_poll};
pub(crate) use get::{__path_get_poll, __path_get_results, get_poll, get_results};
pub(crate) use list::{__path_list_polls, __path_trending, list_polls, trending};
#[cfg(feature = "ui")]
pub(crate) use list::{MAX_CURSOR_LENGTH, MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS};
#[cfg(feature = "ui")]
pub(crate) use manage::CheckedChange;
pub(crate) use manage::{
    __path_change_poll, __path_close_poll, __path_delete_poll, change_poll, close_poll, delete_poll,
};
pub(crate) use me::{__path_caller_state, caller_state};

use crate::dto::rules::Capabilities;
use crate::extract::caller::RequestCaller;
use crate::state::AppState;

/// Returns the kinds of voters that a caller may choose.
pub(crate) fn capabilities(state: &AppState, caller: &RequestCaller) -> Capabilities {
    Capabilities {
        accounts: state.config.identity.is_some(),
        addresses: caller.address_block().is_some(),
        invites: state.engine.supports_invites(),
    }
}
