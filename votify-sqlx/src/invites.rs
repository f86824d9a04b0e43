//! Invites voters to polls: all voters of a call or none, under the poll's lock.

use std::collections::HashSet;

use async_trait::async_trait;
use votify_core::store::{InviteOutcome, InviteStore};
use votify_core::{PollId, StoreError, VoterId};

use crate::backend::{Backend, Call, Transaction};
use crate::batch_writes::expect_rows;
use crate::error::Error;
use crate::field::FieldReader;
use crate::lifecycle;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::{RowSet, Value};
use crate::statement::Statement;
use crate::store::SqlStore;

#[async_trait]
impl<B: Backend> InviteStore for SqlStore<B> {
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        max: u64,
    ) -> Result<InviteOutcome, StoreError> {
        let invited = async {
            let backend = self.ready().await?;
            retry_transient(async || {
                let (mut transaction, _) = lifecycle::lock(backend, poll).await?;
                let result = invite(&mut transaction, poll, voters, max).await;
                transaction.finish(result).await
            })
            .await
        };
        self.call(invited).await
    }

    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError> {
        let read = async {
            let backend = self.ready().await?;
            let call = || Call::Rows(Statement::ReadInvites, rows(&poll, voters));
            let rows = retry_transient(|| backend.read(call())).await?;
            voters_of(poll, &rows)
        };
        let invited = self.call(read).await?;
        Ok(voters.iter().map(|voter| invited.contains(voter)).collect())
    }

    async fn count(&self, poll: PollId) -> Result<u64, StoreError> {
        let read = async {
            let backend = self.ready().await?;
            let rows = retry_transient(|| backend.read(count_call(poll))).await?;
            count_of(poll, &rows)
        };
        self.call(read).await
    }
}

fn count_call(poll: PollId) -> Call {
    Call::Params(Statement::CountInvites, vec![Value::id(poll.as_bytes())])
}

fn count_of(poll: PollId, rows: &[impl RowExt]) -> Result<u64, Error> {
    let count = rows.first().ok_or(Error::MissingReply)?;
    Ok(FieldReader(poll).count("number of invites", count.integer(0)?)?)
}

/// Invites voters to a locked poll. Returns true if something was written.
async fn invite<T: Transaction>(
    transaction: &mut T,
    poll: PollId,
    voters: &[VoterId],
    max: u64,
) -> Result<(InviteOutcome, bool), Error> {
    let calls = vec![
        count_call(poll),
        Call::Rows(Statement::ReadInvites, rows(&poll, voters)),
    ];
    let replies = transaction.run(calls).await?;
    let [count, invited] = replies.as_slice() else {
        return Err(Error::MissingReply);
    };
    let before = count_of(poll, &count.rows)?;
    let mut known = voters_of(poll, &invited.rows)?;
    let new = voters.iter().filter(|voter| known.insert(**voter));
    let new: Vec<VoterId> = new.copied().collect();
    let total = before.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
    if total > max {
        return Ok((InviteOutcome::TooMany { total: before }, false));
    }
    if new.is_empty() {
        return Ok((InviteOutcome::Invited { total }, false));
    }
    let call = Call::Rows(Statement::InsertInvites, rows(&poll, &new));
    let inserted = transaction.run_one(call).await?;
    expect_rows(Statement::InsertInvites, new.len(), inserted.affected)?;
    Ok((InviteOutcome::Invited { total }, true))
}

fn rows(poll: &PollId, voters: &[VoterId]) -> RowSet {
    RowSet::builder(voters)
        .id(|_| poll.as_bytes())
        .id(|voter| voter.as_bytes())
        .build()
}

fn voters_of(poll: PollId, rows: &[impl RowExt]) -> Result<HashSet<VoterId>, Error> {
    rows.iter()
        .map(|row| Ok(FieldReader(poll).voter(row.id(0)?)?))
        .collect()
}
