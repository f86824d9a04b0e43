//! Who is invited to polls, the same on every database: all or none of a call, under the poll's lock.

pub(crate) mod dialect;

use std::collections::HashSet;

use async_trait::async_trait;
use votify_core::store::{InviteOutcome, InviteStore};
use votify_core::{PollId, StoreError, VoterId};

use self::dialect::{InviteDialect, InviteWork};
use crate::error::Error;
use crate::store::{SqlStore, failed};
use crate::writes::all_met;
use crate::{lifecycle, retry};

#[async_trait]
impl<D: InviteDialect> InviteStore for SqlStore<D> {
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        most: u64,
    ) -> Result<InviteOutcome, StoreError> {
        let invited = async { invite(self.ready().await?, poll, voters, most).await };
        invited.await.map_err(failed::<D>)
    }

    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError> {
        let read = async {
            let database = self.ready().await?;
            retry::on_conflict(|| InviteDialect::invited(database, poll, voters)).await
        };
        let invited: HashSet<_> = read.await.map_err(failed::<D>)?.into_iter().collect();
        let answers = voters.iter().map(|voter| invited.contains(voter));
        Ok(answers.collect())
    }
}

async fn invite<D: InviteDialect>(
    dialect: &D,
    poll: PollId,
    voters: &[VoterId],
    most: u64,
) -> Result<InviteOutcome, Error> {
    retry::on_conflict(async || {
        let mut work = dialect.begin().await?;
        let result = invite_within(&mut work, poll, voters, most).await;
        lifecycle::end(work, result).await
    })
    .await
}

async fn invite_within<W: InviteWork>(
    work: &mut W,
    poll: PollId,
    voters: &[VoterId],
    most: u64,
) -> Result<(InviteOutcome, bool), Error> {
    lifecycle::lock(work, poll).await?;
    let before = work.count_invited(poll).await?;
    let mut known: HashSet<_> = work.invited(poll, voters).await?.into_iter().collect();
    let new = voters.iter().filter(|voter| known.insert(**voter));
    let new: Vec<VoterId> = new.copied().collect();
    let total = before.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
    if total > most {
        return Ok((InviteOutcome::TooMany { total: before }, false));
    }
    if new.is_empty() {
        return Ok((InviteOutcome::Invited { total }, false));
    }
    let kept = work.insert_invites(poll, &new).await?;
    all_met("votify_invites", new.len(), kept)?;
    Ok((InviteOutcome::Invited { total }, true))
}
