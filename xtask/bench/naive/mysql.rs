//! The naive store on MySQL and MariaDB.

use uuid::Uuid;
use votify_sqlx::sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use votify_sqlx::sqlx::{Connection, Error, query, query_as, raw_sql};

use super::ACQUIRE_TIMEOUT;
use super::store::{Counts, NaiveStore, StoredVotes, Vote};
use crate::database::DatabaseKind;

const TABLES: &str = "\
    CREATE TABLE IF NOT EXISTS naive_polls (id binary(16) PRIMARY KEY, title varchar(255) NOT NULL, total bigint NOT NULL) \
        ENGINE = InnoDB; \
    CREATE TABLE IF NOT EXISTS naive_options (id binary(16) PRIMARY KEY, poll_id binary(16) NOT NULL, \
        text varchar(255) NOT NULL, vote_count bigint NOT NULL, KEY naive_options_poll_id (poll_id)) ENGINE = InnoDB; \
    CREATE TABLE IF NOT EXISTS naive_votes (poll_id binary(16) NOT NULL, voter_id binary(16) NOT NULL, \
        option_id binary(16) NOT NULL, cast_at timestamp(6) NOT NULL DEFAULT current_timestamp(6), \
        PRIMARY KEY (poll_id, voter_id)) ENGINE = InnoDB";

const INSERT: &str = "INSERT INTO naive_votes (poll_id, voter_id, option_id) VALUES (?, ?, ?)";
const ADD_TO_OPTION: &str =
    "UPDATE naive_options SET vote_count = vote_count + 1 WHERE id = ? AND poll_id = ?";
const ADD_TO_POLL: &str = "UPDATE naive_polls SET total = total + 1 WHERE id = ?";
const COUNTS: &str = "SELECT o.id, o.vote_count, p.total FROM naive_options o JOIN naive_polls p ON p.id = o.poll_id \
    WHERE p.id = ? ORDER BY o.id";
const STORED: &str = "SELECT (SELECT count(*) FROM naive_votes WHERE poll_id = p.id), \
    (SELECT CAST(sum(vote_count) AS SIGNED) FROM naive_options WHERE poll_id = p.id), total FROM naive_polls p WHERE id = ?";

#[derive(Debug, Clone)]
pub(super) struct MySqlNaiveStore(MySqlPool);

impl MySqlNaiveStore {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let options = MySqlPoolOptions::new()
            .max_connections(DatabaseKind::MySql.pool_size())
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false);
        Ok(Self(options.connect(url).await?))
    }
}

impl NaiveStore for MySqlNaiveStore {
    async fn create_tables(&self) -> Result<(), Error> {
        raw_sql(TABLES).execute(&self.0).await.map(drop)
    }

    async fn create(&self, poll: Uuid, title: &str, options: &[(Uuid, &str)]) -> Result<(), Error> {
        let mut transaction = self.0.begin().await?;
        query("INSERT INTO naive_polls (id, title, total) VALUES (?, ?, 0)")
            .bind(poll)
            .bind(title)
            .execute(&mut *transaction)
            .await?;
        for (option, text) in options {
            query("INSERT INTO naive_options (id, poll_id, text, vote_count) VALUES (?, ?, ?, 0)")
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
