//! The naive store on PostgreSQL.

use uuid::Uuid;
use votify_sqlx::sqlx::postgres::{PgPool, PgPoolOptions};
use votify_sqlx::sqlx::{Connection, Error, query, query_as, raw_sql};

use super::ACQUIRE_TIMEOUT;
use super::store::{Counts, NaiveStore, StoredVotes, Vote};
use crate::database::DatabaseKind;

const TABLES: &str = "\
    CREATE TABLE IF NOT EXISTS naive_polls (id uuid PRIMARY KEY, title text NOT NULL, total bigint NOT NULL); \
    CREATE TABLE IF NOT EXISTS naive_options (id uuid PRIMARY KEY, poll_id uuid NOT NULL, text text NOT NULL, \
        vote_count bigint NOT NULL); \
    CREATE INDEX IF NOT EXISTS naive_options_poll_id ON naive_options (poll_id); \
    CREATE TABLE IF NOT EXISTS naive_votes (poll_id uuid NOT NULL, voter_id uuid NOT NULL, option_id uuid NOT NULL, \
        cast_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (poll_id, voter_id))";

const INSERT: &str = "INSERT INTO naive_votes (poll_id, voter_id, option_id) VALUES ($1, $2, $3)";
const ADD_TO_OPTION: &str =
    "UPDATE naive_options SET vote_count = vote_count + 1 WHERE id = $1 AND poll_id = $2";
const ADD_TO_POLL: &str = "UPDATE naive_polls SET total = total + 1 WHERE id = $1";
const COUNTS: &str = "SELECT o.id, o.vote_count, p.total FROM naive_options o JOIN naive_polls p ON p.id = o.poll_id \
    WHERE p.id = $1 ORDER BY o.id";
const STORED: &str = "SELECT (SELECT count(*) FROM naive_votes WHERE poll_id = $1), \
    (SELECT sum(vote_count)::bigint FROM naive_options WHERE poll_id = $1), \
    (SELECT total FROM naive_polls WHERE id = $1)";

#[derive(Debug, Clone)]
pub(super) struct PostgresNaiveStore(PgPool);

impl PostgresNaiveStore {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let options = PgPoolOptions::new()
            .max_connections(DatabaseKind::Postgres.pool_size())
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false);
        Ok(Self(options.connect(url).await?))
    }
}

impl NaiveStore for PostgresNaiveStore {
    async fn create_tables(&self) -> Result<(), Error> {
        raw_sql(TABLES).execute(&self.0).await.map(drop)
    }

    async fn create(&self, poll: Uuid, title: &str, options: &[(Uuid, &str)]) -> Result<(), Error> {
        let mut transaction = self.0.begin().await?;
        query("INSERT INTO naive_polls (id, title, total) VALUES ($1, $2, 0)")
            .bind(poll)
            .bind(title)
            .execute(&mut *transaction)
            .await?;
        for (option, text) in options {
            query(
                "INSERT INTO naive_options (id, poll_id, text, vote_count) VALUES ($1, $2, $3, 0)",
            )
            .bind(option)
            .bind(poll)
            .bind(text)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await
    }

    async fn vote(&self, vote: Vote) -> Result<Counts, Error> {
        let mut connection = self.0.acquire().await?;
        let mut transaction = connection.begin().await?;
        query(INSERT)
            .bind(vote.poll)
            .bind(vote.voter)
            .bind(vote.option)
            .execute(&mut *transaction)
            .await?;
        let option = query(ADD_TO_OPTION)
            .bind(vote.option)
            .bind(vote.poll)
            .execute(&mut *transaction)
            .await?;
        if option.rows_affected() != 1 {
            return Err(Error::RowNotFound);
        }
        query(ADD_TO_POLL)
            .bind(vote.poll)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let counts = query_as(COUNTS).bind(vote.poll);
        Counts::from_rows(&counts.fetch_all(&mut *connection).await?)
    }

    async fn stored(&self, poll: Uuid) -> Result<StoredVotes, Error> {
        let (rows, of_options, total) = query_as(STORED).bind(poll).fetch_one(&self.0).await?;
        Ok(StoredVotes {
            rows,
            of_options,
            total,
        })
    }
}
