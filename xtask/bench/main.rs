//! The program that measures: started by `cargo xtask bench`, which builds it and the server first.

mod bare;
mod board;
mod build;
mod engine;
mod http;
mod load;
mod machine;
mod report;
mod server;
mod sqlite_http;
mod viewers;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use report::{Figure, Report};

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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    MemoryEngine,
    SqliteEngine,
    SqliteHttp,
    Viewers,
    Build,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.bare {
        return bare::serve();
    }
    // Two sockets for each viewer are open on this machine, one of them in a child, which inherits the limit.
    rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit of open files")?;
    std::fs::create_dir_all(&arguments.scratch)?;
    let names = match arguments.names.as_slice() {
        [] if arguments.write.is_some() => Name::value_variants(),
        [] => &[
            Name::MemoryEngine,
            Name::SqliteEngine,
            Name::SqliteHttp,
            Name::Viewers,
        ],
        named => named,
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
    match name {
        Name::MemoryEngine => engine::on_memory(),
        Name::SqliteEngine => engine::on_sqlite(&arguments.scratch),
        Name::SqliteHttp => sqlite_http::measure(&arguments.server, &arguments.scratch),
        Name::Viewers => viewers::measure(&arguments.server, &arguments.scratch),
        Name::Build => build::measure(&arguments.scratch),
    }
}
