//! Finds out which ballots were accepted.

use std::collections::HashSet;

use votify_core::{BallotId, PollId, VoterId};

use crate::backend::{Backend, Call};
use crate::error::Error;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::RowSet;
use crate::statement::Statement;

/// Returns for each ballot whether it is active or superseded.
///
/// A database with several statements for the histories reads the active ballots first, so
/// that a ballot that is replaced meanwhile is found by one of them.
pub(crate) async fn read<B: Backend>(
    backend: &B,
    poll: PollId,
    ballots: &[(VoterId, BallotId)],
) -> Result<Vec<bool>, Error> {
    let rows = RowSet::builder(ballots)
        .id(|_| poll.as_bytes())
        .id(|(voter, _)| voter.as_bytes())
        .id(|(_, ballot)| ballot.as_bytes())
        .build();
    let call = || Call::Rows(Statement::ReadHistories, rows.clone());
    let rows = retry_transient(|| backend.read(call())).await?;
    let mut accepted: HashSet<([u8; 16], [u8; 16])> = HashSet::with_capacity(rows.len());
    for row in &rows {
        // A row without a ballot says only that the voter has superseded ones.
        if let Some(ballot) = row.opt_id(2)? {
            accepted.insert((row.id(1)?, ballot));
        }
    }
    let is_accepted = |(voter, ballot): &(VoterId, BallotId)| {
        accepted.contains(&(*voter.as_bytes(), *ballot.as_bytes()))
    };
    Ok(ballots.iter().map(is_accepted).collect())
}
