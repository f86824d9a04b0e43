use sqlx::SqlitePool;
use uuid::Uuid;
use votify_core::voter::AccountId;
use votify_core::{Actor, EngineError, Owner, PollDraft, PollEngine, VoterPolicy};

use super::members::Member;

/// A trip of the club, whose destination its members choose in a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trip {
    pub(super) name: String,
    pub(super) poll_id: String,
}

/// The trip was not planned.
#[derive(Debug)]
pub(super) enum PlanError {
    Poll(EngineError),
    Database,
}

pub(super) async fn create_table(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    // No foreign key: the tables of Votify are its own, and may change.
    let table = "CREATE TABLE IF NOT EXISTS club_trips (id TEXT PRIMARY KEY, name TEXT NOT NULL, poll_id TEXT NOT NULL)";
    sqlx::query(table).execute(pool).await.map(drop)
}

/// Plans a trip, with a poll that the member owns.
///
/// The trip has the id of the poll, and the poll has the id of the trip as its external
/// reference. So each finds the other. If the trip cannot be stored, its poll is deleted. A
/// crash between the two leaves an unlisted poll that nothing refers to.
pub(super) async fn plan(
    pool: &SqlitePool,
    engine: &PollEngine,
    member: &Member,
    name: &str,
    destinations: Vec<String>,
) -> Result<(), PlanError> {
    let id = Uuid::now_v7().to_string();
    // Unlisted, as all polls drafted in Rust: only the list of trips leads to it.
    let mut draft = PollDraft::single_choice(name, destinations)
        .owner(Owner::Account(AccountId::new(member.id.to_string())))
        .external_ref(&*id);
    draft.rules.voters = VoterPolicy::Account;
    let poll = engine.create_poll(draft).await.map_err(PlanError::Poll)?;
    let insert = sqlx::query("INSERT INTO club_trips (id, name, poll_id) VALUES (?, ?, ?)")
        .bind(id)
        .bind(name)
        .bind(poll.id.to_string());
    if insert.execute(pool).await.is_err() {
        // The database may be unavailable for this too. The trip's error matters more.
        let _ = engine.delete_poll(poll.id, Actor::Host).await;
        return Err(PlanError::Database);
    }
    Ok(())
}

/// Returns all trips, the first planned first.
pub(super) async fn trips(pool: &SqlitePool) -> Result<Vec<Trip>, sqlx::Error> {
    let trips = sqlx::query_as("SELECT name, poll_id FROM club_trips ORDER BY id");
    let trips: Vec<(String, String)> = trips.fetch_all(pool).await?;
    let trip = |(name, poll_id)| Trip { name, poll_id };
    Ok(trips.into_iter().map(trip).collect())
}
