use sqlx::Error;
use sqlx::postgres::PgPool;

use super::CHANNEL;
use crate::lease::Lease;

/// How many payloads a statement takes: at most a megabyte.
const PIECE: usize = 128;

/// In a transaction of its own, which writes nothing and so waits for no disk: commits of transactions that notify wait for
/// each other, in all databases of a server.
const NOTIFY: &str = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";

/// Hands payloads to the server, piece by piece. If it is cancelled or fails, some may have been handed over, and the
/// connection is given up, because nobody knows whether it still works.
pub(super) async fn hand_over(pool: &PgPool, payloads: &[String]) -> Result<(), Error> {
    if payloads.is_empty() {
        return Ok(());
    }
    let mut lease = Lease::of(pool).await?;
    for piece in payloads.chunks(PIECE) {
        let notify = sqlx::query(NOTIFY).bind(CHANNEL).bind(piece);
        notify.execute(lease.connection()?).await?;
    }
    lease.give_back();
    Ok(())
}
