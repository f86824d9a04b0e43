//! The stores of database servers, opened by the program that measures.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use votify_core::{PollId, Store};
use votify_sqlx::{MySqlStore, PostgresStore};

use crate::kind::Kind;
use crate::poll::Poll;

/// The store of a database, with its tables.
///
/// # Errors
/// If it cannot be used.
pub(crate) async fn open(kind: Kind, url: &str) -> Result<Arc<dyn Store>> {
    Ok(match kind {
        Kind::Postgres => {
            let store = PostgresStore::connect(url).await?;
            store.migrate().await?;
            Arc::new(store)
        }
        Kind::MySql => {
            let store = MySqlStore::connect(url).await?;
            store.migrate().await?;
            Arc::new(store)
        }
    })
}

/// How many ballots stand in these polls together, by a recount of each, which must find what is kept.
///
/// # Errors
/// If a recount finds something else.
pub(crate) async fn recounted(store: &dyn Store, polls: &[Poll]) -> Result<u64> {
    let mut ballots = 0;
    for poll in polls {
        let audit = store
            .audit_poll(PollId::from_uuid(poll.id))
            .await
            .context("no recount")?;
        ensure!(
            audit.is_exact(),
            "a recount finds something else: {audit:?}"
        );
        ballots += audit.recounted.total_votes;
    }
    Ok(ballots)
}
