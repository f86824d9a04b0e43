//! Stores with 100 000 public polls.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use url::Url;
use votify_core::store::PollFilter;
use votify_core::{
    Clock, Keyring, Poll, PollCursor, PollDraft, PollId, PollStatus, Store, SystemClock, Timestamp,
    Visibility,
};
use votify_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use votify_sqlx::{PostgresStore, SqliteStore};

pub(super) const POLLS: u32 = 100_000;
/// The number of polls before page 5 000.
pub(super) const LAST_PAGE_OFFSET: u32 = POLLS - 20;
const BETWEEN_POLLS: Duration = Duration::from_secs(60);
/// Polls that are created at the same time: as many as a store has connections.
const WRITERS: usize = 10;

/// The polls of a store, newest first.
#[derive(Debug)]
pub(super) struct ListedPolls(Vec<(Timestamp, PollId)>);

impl ListedPolls {
    /// Creates the polls.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn create(store: &dyn Store) -> Result<Self> {
        let now = SystemClock.now();
        let age = i64::try_from((BETWEEN_POLLS * POLLS).as_micros())?;
        let oldest = Timestamp::from_micros(now.as_micros() - age)?;
        let keyring = Keyring::ephemeral();
        let poll = |number| {
            let created_at = oldest.saturating_add(BETWEEN_POLLS * number);
            let draft =
                PollDraft::single_choice(title(number), ["Pizza", "Sushi", "Soup", "Salad"])
                    .description("The table is booked for half past twelve.")
                    .visibility(Visibility::Public);
            draft.into_poll(PollId::generate(created_at), created_at, &keyring)
        };
        let mut places = Vec::new();
        let mut polls = Vec::new();
        for number in 0..POLLS {
            let poll = poll(number)?;
            places.push((poll.created_at, poll.id));
            polls.push(poll);
        }
        create_all(store, polls).await?;
        places.reverse();
        Ok(Self(places))
    }

    /// Returns the ids of `limit` polls after skipping `offset`.
    pub(super) fn ids(&self, offset: u32, limit: u32) -> Result<Vec<PollId>> {
        let start = usize::try_from(offset)?;
        let polls = self.0.iter().skip(start).take(usize::try_from(limit)?);
        Ok(polls.map(|(_, id)| *id).collect())
    }

    /// Returns the cursor after the first `polls` polls of the list of open polls.
    ///
    /// # Errors
    /// If `polls` is 0, or there are fewer.
    pub(super) fn cursor(&self, polls: u32) -> Result<PollCursor> {
        let last = usize::try_from(polls)?.checked_sub(1);
        let last = last.and_then(|last| self.0.get(last));
        let (created_at, id) = last.context("no such poll")?;
        Ok(PollCursor::at(created_at.as_micros(), *id, &open_polls()))
    }
}

/// Returns the filter of `GET /api/polls`.
pub(super) fn open_polls() -> PollFilter {
    PollFilter {
        status: Some(PollStatus::Open),
        ..PollFilter::default()
    }
}

/// Returns a title that no other number has. No number is the beginning of another: a
/// search finds words by their beginnings.
pub(super) fn title(number: u32) -> String {
    format!("Lunch with team {number:06}: what shall we eat?")
}

/// Creates polls, several at a time.
///
/// # Errors
/// If the store fails.
pub(super) async fn create_all(store: &dyn Store, polls: Vec<Poll>) -> Result<()> {
    stream::iter(polls)
        .map(|poll| async move { store.create_poll(&poll).await })
        .buffer_unordered(WRITERS)
        .try_collect::<()>()
        .await?;
    Ok(())
}

/// Opens the store of a database and creates its schema.
///
/// # Errors
/// If the database cannot be used.
pub(super) async fn open_postgres(url: &str) -> Result<Arc<dyn Store>> {
    let store = PostgresStore::connect(url).await?;
    store.migrate().await?;
    Ok(Arc::new(store))
}

/// Returns the URL of a PostgreSQL database without waits for the disk, to fill it.
///
/// # Errors
/// If it is not a URL.
pub(super) fn fast_url(url: &str) -> Result<String> {
    let mut url = Url::parse(url)?;
    url.query_pairs_mut()
        .append_pair("options[synchronous_commit]", "off");
    Ok(url.into())
}

/// A SQLite file with the polls, deleted on drop.
#[derive(Debug)]
pub(super) struct StoreFile {
    folder: TempDir,
    pub(super) polls: ListedPolls,
}

impl StoreFile {
    /// Creates the file below `scratch`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) async fn create(scratch: &Path) -> Result<Self> {
        let folder = TempDir::new_in(std::fs::canonicalize(scratch)?)?;
        let url = url_in(&folder);
        // Creates the file with the settings of the store.
        SqliteStore::connect(&url).await?.migrate().await?;
        let without_syncs =
            SqliteConnectOptions::from_str(&url)?.synchronous(SqliteSynchronous::Off);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(without_syncs)
            .await?;
        let polls = ListedPolls::create(&SqliteStore::from_pool(pool.clone()).await?).await?;
        pool.close().await;
        Ok(Self { folder, polls })
    }

    pub(super) fn url(&self) -> String {
        url_in(&self.folder)
    }

    /// # Errors
    /// If the file cannot be opened.
    pub(super) async fn open(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(SqliteStore::connect(&self.url()).await?))
    }
}

fn url_in(folder: &TempDir) -> String {
    format!("sqlite://{}/lists.db?mode=rwc", folder.path().display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_url_keeps_the_schema() {
        let url = fast_url("postgres://u@localhost/x?options=-csearch_path%3Da").unwrap();
        assert!(url.contains("options=-csearch_path%3Da&"), "{url}");
        assert!(
            url.ends_with("options%5Bsynchronous_commit%5D=off"),
            "{url}"
        );
    }
}
