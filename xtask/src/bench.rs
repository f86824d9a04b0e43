use anyhow::Result;

use crate::cargo::{cargo, root, run, workspace};
use crate::services::{self, SERVICES, Service};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which figures: memory-engine, memory-http, sqlite-engine, sqlite-http, viewers, postgres-http, postgres-million,
    /// mysql-http, mysql-million, redis-store, redis-http, fleet, build. Without names all but build, which takes minutes.
    names: Vec<String>,
    /// Measures everything, build too, and puts it down in docs/benchmarks.md.
    #[arg(long, conflicts_with = "names")]
    write: bool,
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
        "--release",
        "--package",
        "votify-server",
    ]))?;
    run(&mut cargo([
        "build",
        "--release",
        "--package",
        "xtask",
        "--features",
        "bench",
        "--bin",
        program,
    ]))?;
    let release = target.join("release");
    let mut bench = std::process::Command::new(release.join(program));
    bench
        .current_dir(root())
        .arg("--server")
        .arg(release.join("votify"));
    bench.arg("--scratch").arg(target.join("bench"));
    if arguments.write {
        bench.arg("--write").arg("docs/benchmarks.md");
    }
    for (variable, url) in servers {
        bench.env(variable, url.as_str());
    }
    run(bench.args(&arguments.names))
}

/// Whether a figure is taken on this service: such figures begin with its name, but for the one that is taken on several.
fn is_wanted(service: &Service, figures: &[String]) -> bool {
    let prefix = format!("{}-", service.name);
    let is_on_it = |figure: &String| {
        figure.starts_with(&prefix) || (figure == "fleet" && FLEET.contains(&service.name))
    };
    HAVE_FIGURES.contains(&service.name) && (figures.is_empty() || figures.iter().any(is_on_it))
}

/// The services that figures are taken on.
const HAVE_FIGURES: &[&str] = &["postgres", "mysql", "redis"];
const FLEET: &[&str] = &["postgres", "redis"];

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
        let redis = SERVICES.iter().find(|one| one.name == "redis").unwrap();
        assert!(is_wanted(redis, &named(&["fleet"])));
        assert!(!is_wanted(redis, &named(&["postgres-http"])));
    }
}
