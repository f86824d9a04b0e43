use sqlx::Error;
use sqlx::postgres::PgPool;

use super::CHANNEL;
use crate::pooled_connection::PooledConnection;

/// The number of payloads in one statement: at most 1 MiB.
const CHUNK: usize = 128;

/// Runs as a transaction of its own that writes nothing, so it does not wait for a disk:
/// commits of notifying transactions wait for each other, in all databases of a server.
const NOTIFY: &str = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";

/// Sends payloads to the server in chunks. If this is cancelled or fails, some may have
/// been sent, and the connection is closed.
pub(super) async fn publish(pool: &PgPool, payloads: &[String]) -> Result<(), Error> {
    if payloads.is_empty() {
        return Ok(());
    }
    let mut connection = PooledConnection::new(pool.acquire().await?);
    for chunk in payloads.chunks(CHUNK) {
        let notify = sqlx::query(NOTIFY).bind(CHANNEL).bind(chunk);
        notify.execute(connection.get()?).await?;
    }
    connection.release();
    Ok(())
}
