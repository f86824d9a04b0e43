//! Names of voters for their clients. With them, a vote that is sent again after a change of
//! the login or of the invite code does not count for another voter.

use std::fmt::Write as _;

use axum::extract::Query;
use axum::http::Uri;
use votify_core::voter::{IdentifyError, VoterId};
use votify_core::{PollId, VoterPolicy};

use crate::error::{ErrorCode, Problem};
use crate::extract::caller::RequestCaller;
use crate::state::AppState;

/// The query parameter that contains the tag.
const PARAMETER: &str = "voter";

/// Separates this hash from all others.
const CONTEXT: &str = "votify 2026-11 tag of a voter";

/// Length of a tag in bytes. The tags of two voters of one browser hardly ever collide.
const LENGTH: usize = 8;

/// Returns the tag of a caller as a voter. It does not reveal the voter's id.
///
/// Returns `None` if another tag is no sign of another person: in polls by address, because
/// a device changes its network, and for browsers without a session, because a browser that
/// stores no cookies gets one per request.
pub(crate) fn voter_tag(caller: &RequestCaller, voter: VoterId) -> Option<String> {
    match voter.policy() {
        VoterPolicy::Ip => None,
        VoterPolicy::Browser if caller.session.is_none() => None,
        _ => Some(tag_of(voter)),
    }
}

fn tag_of(voter: VoterId) -> String {
    let digest = blake3::derive_key(CONTEXT, voter.as_bytes());
    digest[..LENGTH]
        .iter()
        .fold(String::new(), |mut tag, byte| {
            // Writing to a string cannot fail.
            let _ = write!(tag, "{byte:02x}");
            tag
        })
}

/// Checks that the caller is the voter whom the query names, if it names one.
///
/// # Errors
/// - `voter_changed`: the caller is another voter. The client can ask the person.
/// - `poll_not_found`, `store_unavailable`, `overloaded`: the poll is unknown.
pub(crate) async fn check_voter(
    uri: &Uri,
    poll: PollId,
    caller: &RequestCaller,
    state: &AppState,
) -> Result<(), Problem> {
    let Some(expected) = from_query(uri) else {
        return Ok(());
    };
    let definition = state.engine.definition(poll).await?;
    let policy = definition.rules.voters;
    let keyring = state.engine.keyring();
    match policy.identify(&caller.to_caller(), poll, definition.key, keyring) {
        Ok(voter) if tag_of(voter) == expected => Ok(()),
        Ok(_) | Err(IdentifyError::NoSession) => Err(ErrorCode::VoterChanged.into()),
        // The vote gets the error that says what is missing.
        Err(_) => Ok(()),
    }
}

/// Returns the first tag of a query.
fn from_query(uri: &Uri) -> Option<String> {
    // Most requests have none. This check spares them the parsing.
    uri.query().filter(|query| query.contains(PARAMETER))?;
    let Query(parameters) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let mut tags = parameters.into_iter().filter(|(name, _)| name == PARAMETER);
    tags.next().map(|(_, tag)| tag)
}
