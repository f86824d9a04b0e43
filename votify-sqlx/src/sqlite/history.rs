use std::collections::HashMap;
use std::sync::LazyLock;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use votify_core::ballot::{StandingBallot, SupersededBallot, VoterHistory};
use votify_core::{Ballot, BallotId, PollId, VoterId};

use super::read::{self, Statement, VOTES_OF};
use crate::bulk::Bulk;
use crate::dialect::Histories;
use crate::error::Error;
use crate::field::Fields;

pub(super) static SUPERSEDED: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id", "ballot_id"],
        "SELECT s.voter_id, s.ballot_id, s.choice, s.revision, s.poll_id FROM given \
         CROSS JOIN votify_superseded_votes s \
         ON s.poll_id = given.poll_id AND s.voter_id = given.voter_id AND s.ballot_id = given.ballot_id",
    )
});

/// What the voters of these ballots did before: what stands, and what was superseded under these ballots' ids.
pub(super) async fn of(
    connection: &mut SqliteConnection,
    ballots: &[&Ballot],
) -> Result<Histories, Error> {
    let mut histories = Histories::new();
    let of_voter = |statement: Statement, ballot: &&Ballot| {
        statement
            .bind(ballot.poll.as_bytes().to_vec())
            .bind(ballot.voter.as_bytes().to_vec())
    };
    for row in read::fetch(connection, &VOTES_OF, ballots, of_voter).await? {
        let poll = read::poll_id(&row, 5)?;
        note(
            &mut histories,
            poll,
            read::vote(poll, &row),
            |voters, vote: StandingBallot| {
                let history = voters.entry(vote.ballot.voter).or_default();
                history.standing = Some(vote);
            },
        );
    }
    let of_ballot = |statement: Statement, ballot: &&Ballot| {
        of_voter(statement, ballot).bind(ballot.id.as_bytes().to_vec())
    };
    for row in read::fetch(connection, &SUPERSEDED, ballots, of_ballot).await? {
        let poll = read::poll_id(&row, 4)?;
        note(
            &mut histories,
            poll,
            superseded(poll, &row),
            |voters, old| {
                voters.entry(old.voter).or_default().superseded.push(old);
            },
        );
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
