//! The program that measures: started by `cargo xtask bench`, which builds it and the server first.

mod bare;
mod board;
mod build;
mod corner;
mod engine;
mod fleet;
mod http;
mod kind;
mod load;
mod logins;
mod machine;
mod measured;
mod million;
mod naive;
mod own_redis;
mod poll;
mod redis_server;
mod redis_store;
mod report;
mod server;
mod sql_http;
mod store_http;
mod stores;
mod usage;
mod viewers;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use kind::Kind;
use report::{Figure, Report};

/// The same as the server's, also for the servers that it is compared with: they are this program too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Arguments {
    /// Which figures; all but build if none is named.
    names: Vec<Name>,
    /// The server program.
    #[arg(long, default_value = "votify")]
    server: PathBuf,
    /// A folder for what the figures leave behind, on a real disk.
    #[arg(long, default_value = ".")]
    scratch: PathBuf,
    /// Measures everything and writes the report to this file.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Serves votes without a store until it is ended: the ceiling of other figures.
    #[arg(long, hide = true)]
    bare: bool,
    /// Counts votes in the naive way until it is ended: what other figures are compared with. The database is told by a
    /// variable, for a URL may hold a password.
    #[arg(long, hide = true)]
    naive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    MemoryEngine,
    MemoryHttp,
    SqliteEngine,
    SqliteHttp,
    Viewers,
    PostgresHttp,
    PostgresMillion,
    MysqlHttp,
    MysqlMillion,
    RedisStore,
    RedisHttp,
    Fleet,
    Logins,
    Build,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.bare {
        return bare::serve();
    }
    if arguments.naive {
        return naive::serve();
    }
    // Two sockets for each viewer are open on this machine, one of them in a child, which inherits the limit.
    rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit of open files")?;
    std::fs::create_dir_all(&arguments.scratch)?;
    let names: Vec<_> = match arguments.names.as_slice() {
        [] => Name::value_variants()
            .iter()
            .filter(|name| arguments.write.is_some() || **name != Name::Build)
            .collect(),
        named => named.iter().collect(),
    };
    let mut report = Report::new(&arguments.scratch)?;
    println!("{}", report.head());
    for name in names {
        let figure = measure(*name, &arguments)?;
        println!("{figure}");
        report.add(figure);
    }
    if let Some(path) = &arguments.write {
        std::fs::write(path, report.page()).with_context(|| format!("cannot write {path:?}"))?;
    }
    Ok(())
}

fn measure(name: Name, arguments: &Arguments) -> Result<Figure> {
    let (program, scratch) = (&arguments.server, &arguments.scratch);
    match name {
        Name::MemoryEngine => engine::on_memory(),
        Name::SqliteEngine => engine::on_sqlite(scratch),
        Name::MemoryHttp => store_http::on_memory(program, scratch),
        Name::SqliteHttp => store_http::on_sqlite(program, scratch),
        Name::Viewers => viewers::measure(program, scratch),
        Name::PostgresHttp => sql_http::measure("postgres-http", Kind::Postgres, program, scratch),
        Name::PostgresMillion => million::measure("postgres-million", Kind::Postgres),
        Name::MysqlHttp => sql_http::measure("mysql-http", Kind::MySql, program, scratch),
        Name::MysqlMillion => million::measure("mysql-million", Kind::MySql),
        Name::RedisStore => redis_store::measure(),
        Name::RedisHttp => store_http::on_redis(program, scratch),
        Name::Fleet => fleet::measure(program, scratch),
        Name::Logins => logins::measure(program, scratch),
        Name::Build => build::measure(scratch),
    }
}
