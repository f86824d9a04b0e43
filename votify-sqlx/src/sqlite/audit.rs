use sqlx::sqlite::SqliteConnection;
use votify_core::PollId;
use votify_core::store::Audit;

use super::read;
use crate::error::Error;

/// Recounts a poll, on a connection that holds a snapshot.
pub(super) async fn of(connection: &mut SqliteConnection, id: PollId) -> Result<Audit, Error> {
    let found = read::polls(connection, &[id]).await?;
    let (_, state) = found.into_iter().next().ok_or(Error::PollNotFound(id))?;
    let kept = state?.tally;
    let choices = read::choices(connection, id).await?;
    let recounted = kept.recounted_by_choice(choices.iter().map(|(choice, n)| (choice, *n)));
    Ok(Audit { kept, recounted })
}
