use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Error, Postgres};

use super::CHANNEL;

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
    let mut loan = Loan(Some(pool.acquire().await?));
    for piece in payloads.chunks(PIECE) {
        let notify = sqlx::query(NOTIFY).bind(CHANNEL).bind(piece);
        notify.execute(loan.connection()?).await?;
    }
    loan.give_back();
    Ok(())
}

/// A connection that goes back to its pool only if it was given back. Else the pool would try it first, and lose the
/// place for as long as a dead connection takes to be noticed.
struct Loan(Option<PoolConnection<Postgres>>);

impl Loan {
    fn connection(&mut self) -> Result<&mut PgConnection, Error> {
        self.0.as_deref_mut().ok_or(Error::PoolClosed)
    }

    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
