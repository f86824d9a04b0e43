//! Join codes. A code belongs to its poll until some days after the poll closed.

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};
use votify_core::{JoinCode, Poll, PollId, StoreError, Timestamp};

use crate::rows::{JOIN_CODES, POLLS, state_of, store_error};

/// Assigns the code of a new poll, which may be that of a poll that closed long ago.
pub(super) fn take(
    transaction: &WriteTransaction,
    polls: &impl ReadableTable<[u8; 16], &'static [u8]>,
    poll: &Poll,
) -> Result<(), StoreError> {
    let Some(code) = poll.join_code else {
        return Ok(());
    };
    let mut codes = transaction.open_table(JOIN_CODES).map_err(store_error)?;
    if holder(&codes, polls, code, poll.created_at)?.is_some() {
        return Err(StoreError::JoinCodeTaken(code));
    }
    codes
        .insert(code.as_str(), *poll.id.as_bytes())
        .map_err(store_error)?;
    Ok(())
}

/// Frees the code of a deleted poll, unless another poll has it now.
pub(super) fn free(transaction: &WriteTransaction, poll: &Poll) -> Result<(), StoreError> {
    let Some(code) = poll.join_code else {
        return Ok(());
    };
    let mut codes = transaction.open_table(JOIN_CODES).map_err(store_error)?;
    let row = codes.get(code.as_str()).map_err(store_error)?;
    let is_own = row.is_some_and(|row| row.value() == *poll.id.as_bytes());
    if is_own {
        codes.remove(code.as_str()).map_err(store_error)?;
    }
    Ok(())
}

/// Returns the poll that has this code at `now`.
pub(super) fn find(
    database: &Database,
    code: JoinCode,
    now: Timestamp,
) -> Result<Option<PollId>, StoreError> {
    let snapshot = database.begin_read().map_err(store_error)?;
    let codes = snapshot.open_table(JOIN_CODES).map_err(store_error)?;
    let polls = snapshot.open_table(POLLS).map_err(store_error)?;
    holder(&codes, &polls, code, now)
}

fn holder(
    codes: &impl ReadableTable<&'static str, [u8; 16]>,
    polls: &impl ReadableTable<[u8; 16], &'static [u8]>,
    code: JoinCode,
    now: Timestamp,
) -> Result<Option<PollId>, StoreError> {
    let row = codes.get(code.as_str()).map_err(store_error)?;
    let Some(id) = row.map(|row| PollId::from_bytes(row.value())) else {
        return Ok(None);
    };
    let has_code = |poll: &Poll| poll.join_code_expires_at().is_none_or(|end| now < end);
    let state = state_of(polls, id)?;
    Ok(state
        .filter(|state| has_code(&state.poll))
        .map(|state| state.poll.id))
}
