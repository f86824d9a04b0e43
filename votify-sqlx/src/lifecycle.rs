//! Creates, changes, repairs and deletes polls, each in one transaction under the
//! poll's lock.

use uuid::Uuid;
use votify_core::poll::{PollDraft, PollState, Visibility};
use votify_core::store::{Audit, ChangeOutcome};
use votify_core::{Choice, Keyring, Poll, PollChange, PollId, Tally, Timestamp};

use crate::backend::{Backend, Call, Transaction, TransactionMode};
use crate::batch_writes::expect_rows;
use crate::error::Error;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::{Value, poll_rows};
use crate::statement::Statement;
use crate::{decode, definition, join_codes};

pub(crate) async fn create<B: Backend>(backend: &B, state: &PollState) -> Result<(), Error> {
    let result = retry_transient(async || {
        let insert = Call::Params(Statement::InsertPoll, definition::params(state)?);
        let (mut transaction, _) = backend.begin(TransactionMode::Write, vec![insert]).await?;
        let result = async {
            insert_options(&mut transaction, state).await?;
            insert_words(&mut transaction, &state.poll).await?;
            join_codes::take(&mut transaction, &state.poll).await
        };
        let result = result.await;
        transaction.finish(result.map(|()| ((), true))).await
    });
    match result.await {
        // The id is taken: a taken join code is another error.
        Err(error) if error.is_unique_violation() => Err(Error::PollExists(state.poll.id)),
        result => result,
    }
}

/// Writes a large poll and deletes it in the same transaction, to find out whether the
/// storage takes writes. Nobody sees the poll.
pub(crate) async fn write_probe<B: Backend>(backend: &B) -> Result<(), Error> {
    let state = probe_poll()?;
    retry_transient(async || {
        let insert = Call::Params(Statement::InsertPoll, definition::params(&state)?);
        let (mut transaction, _) = backend.begin(TransactionMode::Write, vec![insert]).await?;
        let delete = vec![Value::id(state.poll.id.as_bytes())];
        let delete = Call::Params(Statement::DeletePoll, delete);
        let deleted = transaction.run_one(delete).await;
        transaction.finish(deleted.map(|_| ((), true))).await
    })
    .await
}

/// Returns a poll of 64 KiB that cannot be compressed, so that it needs new pages. A full
/// disk may have room for a small row.
fn probe_poll() -> Result<PollState, Error> {
    const BYTES: usize = 65_536;
    let draft = PollDraft::single_choice("probe", ["a", "b"]);
    let (id, now) = (PollId::generate(Timestamp::EPOCH), Timestamp::EPOCH);
    let poll = draft.into_poll(id, now, &Keyring::ephemeral());
    let mut poll = poll.map_err(|error| Error::Encode("probe", Box::new(error)))?;
    poll.join_code = None;
    poll.visibility = Visibility::Unlisted;
    poll.description.clear();
    while poll.description.len() < BYTES {
        poll.description += &Uuid::new_v4().simple().to_string();
    }
    Ok(PollState::new(poll))
}

pub(crate) async fn change<B: Backend>(
    backend: &B,
    id: PollId,
    change: &PollChange,
    now: Timestamp,
) -> Result<ChangeOutcome, Error> {
    retry_transient(async || {
        let (mut transaction, state) = lock(backend, id).await?;
        let result = match state.apply_change(change, now) {
            Err(refusal) => Ok((ChangeOutcome::Refused(refusal), false)),
            Ok(None) => Ok((ChangeOutcome::Unchanged(Box::new(state)), false)),
            Ok(Some(changed)) => replace(&mut transaction, &state, &changed)
                .await
                .map(|()| (ChangeOutcome::Changed(Box::new(changed)), true)),
        };
        transaction.finish(result).await
    })
    .await
}

pub(crate) async fn repair<B: Backend>(backend: &B, id: PollId) -> Result<Tally, Error> {
    retry_transient(async || {
        let (mut transaction, state) = lock(backend, id).await?;
        let result = async {
            let choices = count_choices(&mut transaction, &state.poll).await?;
            let repaired = state.recount_by_choice(choices.iter().map(|(choice, n)| (choice, *n)));
            replace(&mut transaction, &state, &repaired).await?;
            Ok((repaired.tally, true))
        };
        let result = result.await;
        transaction.finish(result).await
    })
    .await
}

/// Compares the tally with a count of the active ballots, of one snapshot.
pub(crate) async fn audit<B: Backend>(backend: &B, id: PollId) -> Result<Audit, Error> {
    retry_transient(async || {
        let calls = vec![Call::Rows(Statement::ReadPolls, poll_rows(&[id]))];
        let (mut transaction, replies) = backend.begin(TransactionMode::Snapshot, calls).await?;
        let result = async {
            let rows = replies.into_iter().next().unwrap_or_default().rows;
            let state = only_poll(id, &rows)?;
            let choices = count_choices(&mut transaction, &state.poll).await?;
            let stored = state.tally;
            let recounted =
                stored.recounted_by_choice(choices.iter().map(|(choice, n)| (choice, *n)));
            Ok((Audit { stored, recounted }, false))
        };
        let result = result.await;
        transaction.finish(result).await
    })
    .await
}

pub(crate) async fn delete<B: Backend>(backend: &B, id: PollId) -> Result<(), Error> {
    retry_transient(async || {
        let lock = Call::Rows(Statement::LockPolls, poll_rows(&[id]));
        let (mut transaction, replies) = backend.begin(TransactionMode::Write, vec![lock]).await?;
        let exists = replies.first().is_some_and(|reply| !reply.rows.is_empty());
        let result = if exists {
            let deleted = delete_rows(&mut transaction, id).await;
            deleted.map(|()| ((), true))
        } else {
            Err(Error::PollNotFound(id))
        };
        transaction.finish(result).await
    })
    .await
}

/// Deletes a poll that never had a ballot, and returns true; otherwise returns false. Reads
/// under the lock that batches of votes take.
pub(crate) async fn delete_unused<B: Backend>(backend: &B, id: PollId) -> Result<bool, Error> {
    retry_transient(async || {
        let (mut transaction, state) = lock(backend, id).await?;
        let result = if state.tally.ever_had_ballots() {
            Ok((false, false))
        } else {
            let deleted = delete_rows(&mut transaction, id).await;
            deleted.map(|()| (true, true))
        };
        transaction.finish(result).await
    })
    .await
}

/// Counts the polls of browser sessions, up to `max`.
pub(crate) async fn count_session_polls<B: Backend>(backend: &B, max: u64) -> Result<u64, Error> {
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let params = || vec![Value::Integer(Some(max))];
    let call = || Call::Params(Statement::CountSessionPolls, params());
    let rows = retry_transient(|| backend.run_long_read(call())).await?;
    let count = rows.first().ok_or(Error::MissingReply)?.integer(0)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Deletes the rows of a locked poll, the poll itself last.
async fn delete_rows<T: Transaction>(transaction: &mut T, id: PollId) -> Result<(), Error> {
    /// Limited, so that a server's timeout for one statement ends no deletion.
    const LIMITED: [Statement; 4] = [
        Statement::DeleteVotesOfPoll,
        Statement::DeleteSupersededOfPoll,
        Statement::DeleteInvitesOfPoll,
        Statement::DeleteVoteAddressesOfPoll,
    ];
    let of_poll = |statement| Call::Params(statement, vec![Value::id(id.as_bytes())]);
    for statement in LIMITED {
        while transaction.run_one(of_poll(statement)).await?.affected > 0 {}
    }
    let last = [
        Statement::DeleteOptions,
        Statement::DeleteTitleWords,
        Statement::DeleteJoinCode,
        Statement::DeletePoll,
    ];
    transaction.run(last.map(of_poll).into()).await?;
    Ok(())
}

/// Begins a transaction, locks a poll and reads it.
pub(crate) async fn lock<B: Backend>(
    backend: &B,
    id: PollId,
) -> Result<(B::Transaction, PollState), Error> {
    let calls = vec![
        Call::Rows(Statement::LockPolls, poll_rows(&[id])),
        Call::Rows(Statement::ReadPolls, poll_rows(&[id])),
    ];
    let (transaction, replies) = backend.begin(TransactionMode::Write, calls).await?;
    let rows = replies.into_iter().nth(1).unwrap_or_default().rows;
    match only_poll(id, &rows) {
        Ok(state) => Ok((transaction, state)),
        Err(error) => {
            transaction.abort(&error).await;
            Err(error)
        }
    }
}

fn only_poll(id: PollId, rows: &[impl RowExt]) -> Result<PollState, Error> {
    decode::poll(rows.first().ok_or(Error::PollNotFound(id))?)
}

/// Writes the definition and the tally of a locked poll. `before` is its stored state.
async fn replace<T: Transaction>(
    transaction: &mut T,
    before: &PollState,
    after: &PollState,
) -> Result<(), Error> {
    let poll = || vec![Value::id(after.poll.id.as_bytes())];
    let has_new_options = before.poll.options != after.poll.options;
    let has_new_title = before.poll.title != after.poll.title;
    let mut calls = vec![Call::Params(
        Statement::UpdatePoll,
        definition::params(after)?,
    )];
    if has_new_options {
        calls.push(Call::Params(Statement::DeleteOptions, poll()));
    }
    if has_new_title {
        calls.push(Call::Params(Statement::DeleteTitleWords, poll()));
    }
    let replies = transaction.run(calls).await?;
    if replies.first().is_none_or(|reply| reply.affected == 0) {
        return Err(Error::PollNotFound(after.poll.id));
    }
    if has_new_options {
        insert_options(transaction, after).await?;
    }
    if has_new_title {
        insert_words(transaction, &after.poll).await?;
    }
    Ok(())
}

async fn insert_words<T: Transaction>(transaction: &mut T, poll: &Poll) -> Result<(), Error> {
    let rows = definition::word_rows(poll);
    if rows.is_empty() {
        return Ok(());
    }
    let expected = rows.len();
    let call = Call::Rows(Statement::InsertTitleWords, rows);
    let inserted = transaction.run_one(call).await?;
    expect_rows(Statement::InsertTitleWords, expected, inserted.affected)
}

async fn insert_options<T: Transaction>(
    transaction: &mut T,
    state: &PollState,
) -> Result<(), Error> {
    let rows = definition::option_rows(state)?;
    let call = Call::Rows(Statement::InsertOptions, rows);
    let inserted = transaction.run_one(call).await?;
    let expected = state.poll.options.len();
    expect_rows(Statement::InsertOptions, expected, inserted.affected)
}

async fn count_choices<T: Transaction>(
    transaction: &mut T,
    poll: &Poll,
) -> Result<Vec<(Choice, u64)>, Error> {
    let params = vec![Value::id(poll.id.as_bytes())];
    let counted = transaction.run_one(Call::Params(Statement::CountChoices, params));
    decode::choice_counts(poll, &counted.await?.rows)
}
