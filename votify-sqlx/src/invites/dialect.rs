use async_trait::async_trait;
use votify_core::{PollId, VoterId};

use crate::dialect::{Dialect, Work};
use crate::error::Error;

/// What a database supplies for invites, beside what it supplies for votes.
#[async_trait]
pub(crate) trait InviteDialect: Dialect<Work: InviteWork> {
    /// Those of these voters who are invited, in no particular order.
    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<VoterId>, Error>;
}

/// The same within an open transaction.
#[async_trait]
pub(crate) trait InviteWork: Work {
    /// Those of these voters who are invited, in no particular order.
    async fn invited(&mut self, poll: PollId, voters: &[VoterId]) -> Result<Vec<VoterId>, Error>;

    /// How many are invited to a poll.
    async fn count_invited(&mut self, poll: PollId) -> Result<u64, Error>;

    /// Keeps the rows of voters who are not invited yet; how many were kept.
    async fn insert_invites(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error>;
}
