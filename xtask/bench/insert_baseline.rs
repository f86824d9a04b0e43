//! Inserts of votes without a check for earlier votes and without counters: the ceiling
//! of a database.

use std::time::{Duration, Instant};

use anyhow::Result;
use uuid::Uuid;
use votify_sqlx::sqlx::mysql::MySqlConnection;
use votify_sqlx::sqlx::postgres::PgConnection;
use votify_sqlx::sqlx::{AssertSqlSafe, Connection, Error, query, query_scalar};

use crate::database::DatabaseKind;

const POSTGRES_TABLE: &str = "CREATE TABLE IF NOT EXISTS insert_baseline (poll_id uuid, voter_id uuid, option_id uuid NOT NULL, \
    cast_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (poll_id, voter_id))";
const POSTGRES_INSERT: &str = "INSERT INTO insert_baseline (poll_id, voter_id, option_id) \
    SELECT $1, voter, $2 FROM unnest($3::uuid[]) voter";
const MYSQL_TABLE: &str = "CREATE TABLE IF NOT EXISTS insert_baseline (poll_id binary(16), voter_id binary(16), option_id binary(16) \
    NOT NULL, cast_at timestamp(6) NOT NULL DEFAULT current_timestamp(6), PRIMARY KEY (poll_id, voter_id)) ENGINE = InnoDB";
const MYSQL_INSERT: &str = "INSERT INTO insert_baseline (poll_id, voter_id, option_id) VALUES ";
const COUNT: &str = "SELECT count(*) FROM insert_baseline";

/// A connection to one database, with the statements for it.
pub(crate) enum InsertBaseline {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

impl InsertBaseline {
    /// Connects, and creates the table if it is missing.
    ///
    /// # Errors
    /// If the database cannot be used.
    pub(crate) async fn open(kind: DatabaseKind, url: &str) -> Result<Self> {
        Ok(match kind {
            DatabaseKind::Postgres => {
                let mut connection = PgConnection::connect(url).await?;
                query(POSTGRES_TABLE).execute(&mut connection).await?;
                Self::Postgres(connection)
            }
            DatabaseKind::MySql => {
                let mut connection = MySqlConnection::connect(url).await?;
                query(MYSQL_TABLE).execute(&mut connection).await?;
                Self::MySql(connection)
            }
        })
    }

    /// Returns the rows inserted per second by consecutive statements with `rows` rows.
    /// Each statement is a transaction.
    ///
    /// # Errors
    /// If an insert fails, or the number of stored rows differs.
    pub(crate) async fn rows_per_second(&mut self, rows: u32, time: Duration) -> Result<f64> {
        let mut inserted = 0;
        let before = self.count().await?;
        let start = Instant::now();
        while start.elapsed() < time {
            self.insert(rows).await?;
            inserted += rows;
        }
        let time = start.elapsed();
        let stored = self.count().await? - before;
        anyhow::ensure!(
            stored == i64::from(inserted),
            "{inserted} rows were inserted, but {stored} are stored"
        );
        Ok(f64::from(inserted) / time.as_secs_f64())
    }

    /// Returns the time of one transaction: begin, insert one row, commit.
    ///
    /// # Errors
    /// If the insert fails.
    pub(crate) async fn time_of_one(&mut self) -> Result<Duration, Error> {
        let start = Instant::now();
        match self {
            Self::Postgres(connection) => {
                let mut transaction = connection.begin().await?;
                insert_into_postgres(&mut transaction, 1).await?;
                transaction.commit().await?;
            }
            Self::MySql(connection) => {
                let mut transaction = connection.begin().await?;
                insert_into_mysql(&mut transaction, 1).await?;
                transaction.commit().await?;
            }
        }
        Ok(start.elapsed())
    }

    async fn insert(&mut self, rows: u32) -> Result<(), Error> {
        match self {
            Self::Postgres(connection) => insert_into_postgres(connection, rows).await,
            Self::MySql(connection) => insert_into_mysql(connection, rows).await,
        }
    }

    async fn count(&mut self) -> Result<i64, Error> {
        match self {
            Self::Postgres(connection) => query_scalar(COUNT).fetch_one(connection).await,
            Self::MySql(connection) => query_scalar(COUNT).fetch_one(connection).await,
        }
    }
}

async fn insert_into_postgres(connection: &mut PgConnection, rows: u32) -> Result<(), Error> {
    let voters: Vec<_> = (0..rows).map(|_| Uuid::new_v4()).collect();
    let statement = query(POSTGRES_INSERT).bind(Uuid::nil()).bind(Uuid::max());
    statement.bind(voters).execute(connection).await.map(drop)
}

async fn insert_into_mysql(connection: &mut MySqlConnection, rows: u32) -> Result<(), Error> {
    let placeholders = vec!["(?, ?, ?)"; usize::try_from(rows).unwrap_or_default()].join(", ");
    let mut statement = query(AssertSqlSafe(format!("{MYSQL_INSERT}{placeholders}")));
    for _ in 0..rows {
        statement = statement
            .bind(Uuid::nil())
            .bind(Uuid::new_v4())
            .bind(Uuid::max());
    }
    statement.execute(connection).await.map(drop)
}
