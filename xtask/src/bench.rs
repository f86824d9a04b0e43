use anyhow::Result;

use crate::cargo::{cargo, root, run, workspace};
use crate::services::{self, SERVICES, Service};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which figures: memory-engine, memory-http, sqlite-engine, sqlite-http, viewers, rooms, event-rooms, large-rooms,
    /// viewer-memory, viewer-growth, seen-by-all, watched-votes, reconnect, logins, postgres-http, postgres-million,
    /// mysql-http, mysql-million, redis-store, redis-http, fleet, lone-vote, ballot-growth, poll-growth, build, soak. Without names all but
    /// build and soak, which take many minutes.
    names: Vec<String>,
    /// Puts what was measured down in docs/benchmarks.md, and leaves its other figures as they are.
    #[arg(long)]
    write: bool,
    /// How long the soak goes on, in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

/// `cargo xtask bench`: builds what is measured and what measures, optimized, finds or starts the database servers that
/// are measured on, and runs it.
///
/// # Errors
/// If something does not build, a server is neither there nor can be started, or a figure cannot be taken.
pub(crate) fn task(arguments: &Arguments) -> Result<()> {
    let mut servers = Vec::new();
    for service in SERVICES {
        if is_wanted(service, &arguments.names) {
            servers.push((service.variable, services::find_or_start(service)?));
        }
    }
    let target = workspace()?.target_directory;
    let program = "votify-bench";
    run(&mut cargo([
        "build",
        "--profile",
        "dist",
        "--package",
        "votify-server",
    ]))?;
    run(&mut cargo([
        "build",
        "--profile",
        "dist",
        "--package",
        "xtask",
        "--features",
        "bench",
        "--bin",
        program,
    ]))?;
    let dist = target.join("dist");
    let mut bench = std::process::Command::new(dist.join(program));
    bench
        .current_dir(root())
        .arg("--server")
        .arg(dist.join("votify"));
    bench.arg("--scratch").arg(target.join("bench"));
    bench.arg("--seconds").arg(arguments.seconds.to_string());
    if arguments.write {
        bench.arg("--write").arg("docs/benchmarks.md");
    }
    for (variable, url) in servers {
        bench.env(variable, url.as_str());
    }
    run(bench.args(&arguments.names))
}

/// Whether a figure is taken on this service: such figures begin with its name, but for some.
fn is_wanted(service: &Service, figures: &[String]) -> bool {
    let prefix = format!("{}-", service.name);
    let is_on_it = |figure: &String| {
        figure.starts_with(&prefix)
            || ON_SERVICES
                .iter()
                .any(|(name, services)| figure == name && services.contains(&service.name))
    };
    HAVE_FIGURES.contains(&service.name) && (figures.is_empty() || figures.iter().any(is_on_it))
}

/// The services that figures are taken on.
const HAVE_FIGURES: &[&str] = &["postgres", "mysql", "redis"];
const ON_SERVICES: &[(&str, &[&str])] = &[
    ("fleet", &["postgres", "redis"]),
    ("lone-vote", &["postgres"]),
    ("ballot-growth", &["postgres"]),
    ("soak", &["postgres"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_wanted_by_its_figures() {
        let postgres = SERVICES.iter().find(|one| one.name == "postgres").unwrap();
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(is_wanted(postgres, &[]));
        assert!(is_wanted(postgres, &named(&["viewers", "postgres-http"])));
        assert!(!is_wanted(postgres, &named(&["viewers"])));
        assert!(is_wanted(postgres, &named(&["soak"])));
        let redis = SERVICES.iter().find(|one| one.name == "redis").unwrap();
        assert!(is_wanted(redis, &named(&["fleet"])));
        assert!(!is_wanted(redis, &named(&["postgres-http"])));
    }
}
