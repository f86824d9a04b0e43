//! All figures by name.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::database::DatabaseKind;
use crate::report::Figure;
use crate::side_by_side::{self, StoreKind};
use crate::{
    engine, fleet, kafka_queue, lists, live, logins, lone_vote, million, poll_growth, redis_store,
    soak, sql_http, store_http,
};

/// A figure, in the order of the results page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    MemoryEngine,
    MemoryHttp,
    SqliteHttp,
    Rooms,
    ViewerMemory,
    ViewerGrowth,
    SeenByAll,
    WatchedVotes,
    Reconnect,
    PostgresHttp,
    PostgresMillion,
    MysqlHttp,
    MysqlMillion,
    RedisStore,
    RedisHttp,
    Fleet,
    KafkaQueue,
    LoneVote,
    BallotGrowth,
    PollGrowth,
    Lists,
    Logins,
    Soak,
}

impl Name {
    /// Returns the figures that are measured when none is named.
    pub(crate) fn defaults() -> impl Iterator<Item = Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|name| *name != Self::Soak)
    }

    /// Returns all names in the order of the page.
    pub(crate) fn all() -> Vec<String> {
        let values = Self::value_variants().iter();
        let names = values.filter_map(ValueEnum::to_possible_value);
        names.map(|name| name.get_name().to_owned()).collect()
    }

    /// Measures this figure of the `votify` binary `program`. `seconds` is the length of
    /// the soak.
    ///
    /// # Errors
    /// If a server does not start, an answer is unexpected, or a vote is lost or counted
    /// twice.
    pub(crate) fn measure(self, program: &Path, scratch: &Path, seconds: u64) -> Result<Figure> {
        match self {
            Self::MemoryEngine => engine::measure(),
            Self::MemoryHttp => store_http::on_memory(program, scratch),
            Self::SqliteHttp => store_http::on_sqlite(program, scratch),
            Self::Rooms => live::rooms::measure(scratch),
            Self::ViewerMemory => live::viewer_memory::measure(program, scratch),
            Self::ViewerGrowth => live::viewer_growth::measure(program, scratch),
            Self::SeenByAll => live::seen_by_all::measure(program, scratch),
            Self::WatchedVotes => live::watched_votes::measure(program, scratch),
            Self::Reconnect => live::reconnect::measure(program, scratch),
            Self::PostgresHttp => {
                sql_http::measure("postgres-http", DatabaseKind::Postgres, program, scratch)
            }
            Self::PostgresMillion => million::measure("postgres-million", DatabaseKind::Postgres),
            Self::MysqlHttp => {
                sql_http::measure("mysql-http", DatabaseKind::MySql, program, scratch)
            }
            Self::MysqlMillion => million::measure("mysql-million", DatabaseKind::MySql),
            Self::RedisStore => redis_store::measure(),
            Self::RedisHttp => store_http::on_redis(program, scratch),
            Self::Fleet => fleet::measure(program, scratch),
            Self::KafkaQueue => kafka_queue::measure(),
            Self::LoneVote => lone_vote::measure(program, scratch),
            Self::BallotGrowth => million::growth(),
            Self::PollGrowth => poll_growth::measure(program, scratch),
            Self::Lists => lists::measure(program, scratch),
            Self::Logins => logins::measure(program, scratch),
            Self::Soak => soak::measure(program, scratch, Duration::from_secs(seconds)),
        }
    }

    /// Measures the votes of two `votify` binaries in alternation.
    ///
    /// # Errors
    /// If this figure does not support it, or for the reasons of
    /// [`measure`](Self::measure).
    pub(crate) fn measure_beside(
        self,
        before: &Path,
        after: &Path,
        scratch: &Path,
    ) -> Result<Figure> {
        let (name, store) = match self {
            Self::MemoryHttp => ("memory-http", StoreKind::Memory),
            Self::SqliteHttp => ("sqlite-http", StoreKind::Sqlite),
            Self::RedisHttp => ("redis-http", StoreKind::Redis),
            Self::PostgresHttp => ("postgres-http", StoreKind::Sql(DatabaseKind::Postgres)),
            Self::MysqlHttp => ("mysql-http", StoreKind::Sql(DatabaseKind::MySql)),
            other => bail!("--before is not supported by {other:?}, only by the *-http figures"),
        };
        side_by_side::measure(name, store, before, after, scratch)
    }
}
