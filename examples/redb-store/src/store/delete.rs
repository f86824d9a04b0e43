use redb::Database;
use votify_core::poll::PollState;
use votify_core::{PollId, StoreError};

use super::{address_usage, join_codes};
use crate::rows::{POLLS, SUPERSEDED, VOTES, VOTES_BY_REVISION, state_of, store_error};

/// Deletes a poll with its ballots if `may_delete` returns true for its state, and
/// returns what it returned. The one write transaction of redb is the lock of all polls.
pub(super) fn delete_if(
    database: &Database,
    id: PollId,
    may_delete: impl FnOnce(&PollState) -> bool,
) -> Result<bool, StoreError> {
    let transaction = database.begin_write().map_err(store_error)?;
    {
        let mut polls = transaction.open_table(POLLS).map_err(store_error)?;
        let state = state_of(&polls, id)?.ok_or(StoreError::PollNotFound(id))?;
        if !may_delete(&state) {
            return Ok(false);
        }
        polls.remove(id.as_bytes()).map_err(store_error)?;
        join_codes::free(&transaction, &state.poll)?;
        let (first, last) = (*id.as_bytes(), *id.as_bytes());
        let mut votes = transaction.open_table(VOTES).map_err(store_error)?;
        votes
            .retain_in((first, [0; 16])..=(last, [0xFF; 16]), |_, _| false)
            .map_err(store_error)?;
        let mut order = transaction
            .open_table(VOTES_BY_REVISION)
            .map_err(store_error)?;
        order
            .retain_in((first, 0)..=(last, u64::MAX), |_, _| false)
            .map_err(store_error)?;
        let mut superseded = transaction.open_table(SUPERSEDED).map_err(store_error)?;
        let all = (first, [0; 16], [0; 16])..=(last, [0xFF; 16], [0xFF; 16]);
        superseded
            .retain_in(all, |_, _| false)
            .map_err(store_error)?;
        address_usage::delete(&transaction, id)?;
    }
    transaction.commit().map_err(store_error)?;
    Ok(true)
}
