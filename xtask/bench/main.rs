//! The benchmark program. `cargo xtask bench` builds it and the server, then starts it.

mod baseline;
mod catalog;
mod constant_rate;
mod counting_store;
mod database;
mod duration;
mod engine;
mod fleet;
mod growing_poll;
mod http;
mod insert_baseline;
mod kafka_queue;
mod library;
mod listen;
mod lists;
mod live;
mod load;
mod local_redis;
mod logins;
mod lone_vote;
mod machine;
mod measurement;
mod million;
mod naive;
mod open_store;
mod page;
mod poll;
mod poll_growth;
mod redis_store;
mod report;
mod scratch_database;
mod scratch_redis;
mod server;
mod side_by_side;
mod soak;
mod socket_io;
mod sql_http;
mod store_http;
mod usage;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;

use catalog::Name;
use machine::Machine;
use page::Page;
use report::Figure;
use server::Role;

/// The server's allocator. Baseline and naive servers run in this program, so they use it
/// too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Arguments {
    /// Figures to measure. Defaults to all except `soak`, which takes minutes.
    names: Vec<Name>,
    /// The `votify` binary to measure.
    #[arg(long, default_value = "votify")]
    server: PathBuf,
    /// Another `votify` binary. Measures only its votes and those of `--server`, in
    /// alternation, and reports their ratio. Supported by the `*-http` figures; cannot be
    /// written to a page.
    #[arg(long, conflicts_with = "write")]
    before: Option<PathBuf>,
    /// Folder for the data of the measured servers. Must be on a real disk.
    #[arg(long, default_value = ".")]
    scratch: PathBuf,
    /// Markdown page whose sections of the measured figures are replaced.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Duration of the soak in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Runs one of the servers that figures compare with, until the process is killed.
    #[arg(long, hide = true)]
    serve: Option<Role>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // Each viewer needs two sockets: one here, one in the server process, which inherits
    // the limit.
    rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit of open files")?;
    match arguments.serve {
        Some(Role::Baseline) => return baseline::serve(),
        Some(Role::Naive) => return naive::serve(),
        Some(Role::Library) => return library::serve(),
        None => {}
    }
    std::fs::create_dir_all(&arguments.scratch)?;
    let machine = Machine::describe(&arguments.scratch)?;
    println!("{machine}");
    for name in selected(&arguments.names) {
        let figure = match &arguments.before {
            Some(before) => name.measure_beside(before, &arguments.server, &arguments.scratch)?,
            None => name.measure(&arguments.server, &arguments.scratch, arguments.seconds)?,
        };
        println!("{figure}");
        // Written after each figure, because a later one may fail.
        if let Some(path) = &arguments.write {
            write_section(path, &figure, &machine)?;
        }
    }
    Ok(())
}

fn selected(names: &[Name]) -> Vec<Name> {
    match names {
        [] => Name::defaults().collect(),
        names => names.to_vec(),
    }
}

fn write_section(path: &Path, figure: &Figure, machine: &Machine) -> Result<()> {
    let mut page = Page::parse(&std::fs::read_to_string(path).unwrap_or_default());
    page.set_section(figure.name, &figure.section(machine));
    std::fs::write(path, page.render(&Name::all()))
        .with_context(|| format!("cannot write {}", path.display()))
}
