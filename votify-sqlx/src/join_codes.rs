//! Join codes, and the last poll that got each.

use votify_core::poll::{JoinCode, Poll};
use votify_core::{PollId, Timestamp};

use crate::backend::{Backend, Call, Transaction};
use crate::decode;
use crate::error::Error;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::{Value, poll_rows};
use crate::statement::Statement;

/// Returns the poll that has a code at `now`.
pub(crate) async fn find<B: Backend>(
    backend: &B,
    code: JoinCode,
    now: Timestamp,
) -> Result<Option<PollId>, Error> {
    retry_transient(async || {
        let rows = backend.read(read_code(code)).await?;
        let Some(id) = first_poll(&rows)? else {
            return Ok(None);
        };
        let call = Call::Rows(Statement::ReadPolls, poll_rows(&[id]));
        let rows = backend.read(call).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let poll = decode::poll(row)?.poll;
        Ok(keeps_code(&poll, now).then_some(id))
    })
    .await
}

/// Gives the code of a new poll to it, in the transaction that creates the poll. The unique
/// key is the authority: if another poll gets the code meanwhile, this is a conflict, and a
/// retry finds that poll.
pub(crate) async fn take<T: Transaction>(transaction: &mut T, poll: &Poll) -> Result<(), Error> {
    let Some(code) = poll.join_code else {
        return Ok(());
    };
    let reply = transaction.run_one(read_code(code)).await?;
    let (code_value, new) = (code_value(code), Value::id(poll.id.as_bytes()));
    let Some(old) = first_poll(&reply.rows)? else {
        let insert = Call::Params(Statement::InsertJoinCode, vec![code_value, new]);
        return match transaction.run_one(insert).await {
            Ok(_) => Ok(()),
            Err(Error::Driver(error)) if Error::is_unique(&error) => Err(Error::Conflict(error)),
            Err(error) => Err(error),
        };
    };
    let call = Call::Rows(Statement::ReadPolls, poll_rows(&[old]));
    let holder = transaction.run_one(call).await?;
    // A poll that cannot be read keeps its code.
    let holder = holder.rows.first().map(decode::poll);
    let is_kept = holder.is_some_and(|holder| match holder {
        Ok(state) => keeps_code(&state.poll, poll.created_at),
        Err(_) => true,
    });
    if is_kept {
        return Err(Error::JoinCodeTaken(code));
    }
    let params = vec![new, code_value, Value::id(old.as_bytes())];
    let moved = transaction
        .run_one(Call::Params(Statement::MoveJoinCode, params))
        .await?;
    if moved.affected == 1 {
        Ok(())
    } else {
        Err(Error::Conflict(sqlx::Error::RowNotFound))
    }
}

fn keeps_code(poll: &Poll, now: Timestamp) -> bool {
    poll.join_code_expires_at().is_none_or(|end| now < end)
}

fn read_code(code: JoinCode) -> Call {
    Call::Params(Statement::ReadJoinCode, vec![code_value(code)])
}

fn code_value(code: JoinCode) -> Value {
    Value::Text(Some(code.into()))
}

fn first_poll(rows: &[impl RowExt]) -> Result<Option<PollId>, Error> {
    let first = rows.first();
    first.map(|row| decode::poll_id(row, 0)).transpose()
}
