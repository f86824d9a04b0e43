//! The program that measures: started by `cargo xtask bench`, which builds it and the server first.

mod bare;
mod build;
mod corner;
mod counted_store;
mod engine;
mod fleet;
mod http;
mod inserts;
mod kind;
mod library;
mod listen;
mod live;
mod load;
mod logins;
mod lone_vote;
mod machine;
mod measured;
mod million;
mod naive;
mod own_redis;
mod page;
mod poll;
mod poll_growth;
mod redis_server;
mod redis_store;
mod report;
mod server;
mod soak;
mod socket_io;
mod sql_http;
mod steady;
mod store_http;
mod stores;
mod usage;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use kind::Kind;
use machine::Machine;
use page::Page;
use report::Figure;
use server::Part;

/// The same as the server's, also for the servers that it is compared with: they are this program too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Arguments {
    /// Which figures; without names all but those that take minutes each.
    names: Vec<Name>,
    /// The server program.
    #[arg(long, default_value = "votify")]
    server: PathBuf,
    /// A folder for what the figures leave behind, on a real disk.
    #[arg(long, default_value = ".")]
    scratch: PathBuf,
    /// Puts what was measured down in this page, and leaves the page's other figures as they are.
    #[arg(long)]
    write: Option<PathBuf>,
    /// How long the soak goes on, in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Serves a part of some figure until it is ended.
    #[arg(long, hide = true)]
    serve: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    MemoryEngine,
    MemoryHttp,
    SqliteEngine,
    SqliteHttp,
    Viewers,
    Rooms,
    EventRooms,
    LargeRooms,
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
    Logins,
    LoneVote,
    BallotGrowth,
    PollGrowth,
    Build,
    Soak,
}

impl Name {
    /// All that do not take many minutes each.
    fn usual() -> impl Iterator<Item = Self> {
        let takes_long = |name: &Self| matches!(name, Self::Build | Self::Soak);
        let all = Self::value_variants().iter().copied();
        all.filter(move |name| !takes_long(name))
    }

    /// What all are called, in the order that they stand in on the page.
    fn all() -> Vec<String> {
        let values = Self::value_variants().iter();
        let names = values.filter_map(ValueEnum::to_possible_value);
        names.map(|name| name.get_name().to_owned()).collect()
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // Two sockets for each viewer are open on this machine, one of them in a child.
    rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit of open files")?;
    match arguments.serve {
        Some(Part::Bare) => return bare::serve(),
        Some(Part::Naive) => return naive::serve(),
        Some(Part::Library) => return library::serve(),
        None => {}
    }
    std::fs::create_dir_all(&arguments.scratch)?;
    let names: Vec<_> = match arguments.names.as_slice() {
        [] => Name::usual().collect(),
        named => named.to_vec(),
    };
    let machine = Machine::describe(&arguments.scratch)?;
    println!("{machine}");
    for name in names {
        let figure = measure(name, &arguments)?;
        println!("{figure}");
        // What is known is written down at once: the next one may fail.
        if let Some(path) = &arguments.write {
            let mut page = Page::read(&std::fs::read_to_string(path).unwrap_or_default());
            page.put(figure.name, &figure.section(&machine));
            std::fs::write(path, page.text(&Name::all()))
                .with_context(|| format!("cannot write {path:?}"))?;
        }
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
        Name::Viewers => live::viewers::measure(program, scratch),
        Name::Rooms => live::rooms::over_web_socket(scratch),
        Name::EventRooms => live::rooms::over_events(scratch),
        Name::LargeRooms => live::large_rooms::measure(scratch),
        Name::ViewerMemory => live::viewer_memory::measure(program, scratch),
        Name::ViewerGrowth => live::viewer_growth::measure(program, scratch),
        Name::SeenByAll => live::seen_by_all::measure(program, scratch),
        Name::WatchedVotes => live::watched_votes::measure(program, scratch),
        Name::Reconnect => live::reconnect::measure(program, scratch),
        Name::PostgresHttp => sql_http::measure("postgres-http", Kind::Postgres, program, scratch),
        Name::PostgresMillion => million::measure("postgres-million", Kind::Postgres),
        Name::MysqlHttp => sql_http::measure("mysql-http", Kind::MySql, program, scratch),
        Name::MysqlMillion => million::measure("mysql-million", Kind::MySql),
        Name::RedisStore => redis_store::measure(),
        Name::RedisHttp => store_http::on_redis(program, scratch),
        Name::Fleet => fleet::measure(program, scratch),
        Name::Logins => logins::measure(program, scratch),
        Name::LoneVote => lone_vote::measure(program, scratch),
        Name::BallotGrowth => million::growth(),
        Name::PollGrowth => poll_growth::measure(program, scratch),
        Name::Soak => soak::measure(program, scratch, Duration::from_secs(arguments.seconds)),
        Name::Build => build::measure(scratch),
    }
}
