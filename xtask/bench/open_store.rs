//! Stores on database servers, used directly by the benchmark program.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use votify_core::{PollId, Store};
use votify_sqlx::{MySqlStore, PostgresStore};

use crate::database::DatabaseKind;
use crate::poll::Poll;

/// Opens the store of a database and creates its schema.
///
/// # Errors
/// If the database cannot be used.
pub(crate) async fn open_store(kind: DatabaseKind, url: &str) -> Result<Arc<dyn Store>> {
    Ok(match kind {
        DatabaseKind::Postgres => {
            let store = PostgresStore::connect(url).await?;
            store.migrate().await?;
            Arc::new(store)
        }
        DatabaseKind::MySql => {
            let store = MySqlStore::connect(url).await?;
            store.migrate().await?;
            Arc::new(store)
        }
    })
}

/// Recounts these polls and returns the sum of their ballots.
///
/// # Errors
/// If a recount differs from the stored tally.
pub(crate) async fn recount(store: &dyn Store, polls: &[Poll]) -> Result<u64> {
    let mut ballots = 0;
    for poll in polls {
        let audit = store
            .audit_poll(PollId::from_uuid(poll.id))
            .await
            .context("recount failed")?;
        ensure!(
            audit.is_exact(),
            "recount differs from the stored tally: {audit:?}"
        );
        ballots += audit.recounted.total_votes;
    }
    Ok(ballots)
}
