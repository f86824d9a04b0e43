use std::collections::HashMap;
use std::sync::LazyLock;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use votify_core::ballot::{StandingBallot, SupersededBallot, VoterHistory};
use votify_core::{Ballot, BallotId, PollId, VoterId};

use super::read;
use super::script::Script;
use crate::bulk::Bulk;
use crate::dialect::Histories;
use crate::error::Error;
use crate::field::Fields;

/// What stands has a time, what was superseded has none.
pub(super) static HISTORIES: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id", "ballot_id"],
        "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, v.poll_id FROM given \
         CROSS JOIN votify_votes v ON v.poll_id = given.poll_id AND v.voter_id = given.voter_id \
         UNION ALL \
         SELECT s.voter_id, s.ballot_id, s.choice, s.revision, NULL, s.poll_id FROM given \
         CROSS JOIN votify_superseded_votes s \
         ON s.poll_id = given.poll_id AND s.voter_id = given.voter_id AND s.ballot_id = given.ballot_id",
    )
});

/// Adds the question what the voters of these ballots did before: what stands, and what was superseded under these
/// ballots' ids.
pub(super) fn ask(script: Script, ballots: &[&Ballot]) -> Result<Script, Error> {
    script.bulk(&HISTORIES, ballots, |values, ballot| {
        values.bytes(ballot.poll.as_bytes())?;
        values.bytes(ballot.voter.as_bytes())?;
        values.bytes(ballot.id.as_bytes())
    })
}

/// Reads the answer.
pub(super) fn read(rows: &[SqliteRow]) -> Result<Histories, Error> {
    let mut histories = Histories::new();
    for row in rows {
        let poll = read::poll_id(row, 5)?;
        let stands: bool = row.try_get::<Option<i64>, _>(4)?.is_some();
        if stands {
            let vote = read::vote(poll, row);
            note(
                &mut histories,
                poll,
                vote,
                |voters, vote: StandingBallot| {
                    let history = voters.entry(vote.ballot.voter).or_default();
                    history.standing = Some(vote);
                },
            );
        } else {
            note(
                &mut histories,
                poll,
                superseded(poll, row),
                |voters, old| {
                    voters.entry(old.voter).or_default().superseded.push(old);
                },
            );
        }
    }
    Ok(histories)
}

/// Adds what was read to its poll, or that it could not be.
fn note<T>(
    histories: &mut Histories,
    poll: PollId,
    read: Result<T, Error>,
    add: impl FnOnce(&mut HashMap<VoterId, VoterHistory>, T),
) {
    let voters = histories.entry(poll).or_insert_with(|| Ok(HashMap::new()));
    match (voters, read) {
        (Ok(voters), Ok(read)) => add(voters, read),
        (voters, Err(error)) => *voters = Err(error),
        (Err(_), Ok(_)) => {}
    }
}

fn superseded(poll: PollId, row: &SqliteRow) -> Result<SupersededBallot, Error> {
    let read = Fields(poll);
    Ok(SupersededBallot {
        voter: read.voter(row.try_get(0)?)?,
        id: BallotId::from_bytes(read.bytes("the id of a ballot", row.try_get(1)?)?),
        choice: read.choice(row.try_get(2)?)?,
        revision: read.count("the revision of a ballot", row.try_get(3)?)?,
    })
}
