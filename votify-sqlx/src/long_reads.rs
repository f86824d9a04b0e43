//! The connections of long reads: lists, counts, searches, exports and audits. Votes do
//! not wait for them.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Error;

/// The number of connections of a pool for long reads only.
pub(crate) const MAX_CONNECTIONS: u32 = 3;
/// The timeout for a permit, the same as for a connection of a store's own pool.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A connection for long reads, with the permit of its share.
type SharedConnection<DB> = (PoolConnection<DB>, Option<OwnedSemaphorePermit>);

/// A pool for long reads, or a share of a pool with other uses.
#[derive(Debug)]
pub(crate) struct LongReads<DB: Database> {
    pool: Pool<DB>,
    /// `None` if the pool is for long reads only.
    share: Option<Arc<Semaphore>>,
}

impl<DB: Database> Clone for LongReads<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            share: self.share.clone(),
        }
    }
}

impl<DB: Database> LongReads<DB> {
    /// Uses a pool that is for long reads only.
    pub(crate) const fn own(pool: Pool<DB>) -> Self {
        Self { pool, share: None }
    }

    /// Uses at most half of a pool with other uses, and at least one connection.
    pub(crate) fn share_of(pool: Pool<DB>) -> Self {
        let half = pool.options().get_max_connections() / 2;
        let permits = usize::try_from(half).unwrap_or(1).max(1);
        Self {
            pool,
            share: Some(Arc::new(Semaphore::new(
                permits.min(Semaphore::MAX_PERMITS),
            ))),
        }
    }

    /// Returns a connection, and the permit to hold as long as the connection.
    pub(crate) async fn acquire(&self) -> Result<SharedConnection<DB>, Error> {
        let permit = match &self.share {
            None => None,
            Some(share) => {
                let permit = timeout(TIMEOUT, Arc::clone(share).acquire_owned()).await;
                let Ok(Ok(permit)) = permit else {
                    return Err(Error::Unavailable(sqlx::Error::PoolTimedOut));
                };
                Some(permit)
            }
        };
        let connection = self.pool.acquire().await.map_err(Error::of_acquire)?;
        Ok((connection, permit))
    }

    /// Returns true if the pool has other uses too.
    pub(crate) const fn is_shared(&self) -> bool {
        self.share.is_some()
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}
