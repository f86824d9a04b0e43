//! `cargo xtask bench`: builds the server and the benchmark program, and runs it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{cargo, root, run, workspace};
use crate::services::{self, SERVICES, Service};

const BENCH_PROGRAM: &str = "votify-bench";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Figures to measure: memory-engine, memory-http, sqlite-http, rooms, viewer-memory,
    /// viewer-growth, seen-by-all, watched-votes, reconnect, postgres-http,
    /// postgres-million, mysql-http, mysql-million, redis-store, redis-http, fleet,
    /// kafka-queue, lone-vote, ballot-growth, poll-growth, lists, logins, soak. Defaults to
    /// all except soak, which takes minutes.
    names: Vec<String>,
    /// Replaces the sections of the measured figures in docs/benchmarks.md.
    #[arg(long)]
    write: bool,
    /// Duration of the soak in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Cargo profile of the server and of the benchmark program.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// Another `votify` binary. Measures its votes and those of this tree's server in
    /// alternation, and reports the ratios. Supported by the *-http figures.
    #[arg(long, conflicts_with = "write")]
    before: Option<PathBuf>,
}

/// Builds both programs, finds or starts the database servers, and runs the figures.
///
/// # Errors
/// If a build fails, a database server is neither running nor can be started, or a figure
/// cannot be measured.
pub(crate) fn task(arguments: &Arguments) -> Result<()> {
    let mut servers = Vec::new();
    for service in SERVICES {
        if is_needed(service, &arguments.names) {
            servers.push((service.variable, services::find_or_start(service)?));
        }
    }
    let profile = arguments.profile.as_str();
    run(&mut build(profile, &["--package", "votify-server"]))?;
    let bench_target = ["--package", "xtask", "--features", "bench"];
    run(build(profile, &bench_target).args(["--bin", BENCH_PROGRAM]))?;

    let target = workspace()?.target_directory;
    let built = target.join(output_folder(profile));
    let mut bench = Command::new(built.join(BENCH_PROGRAM));
    bench
        .current_dir(root())
        .arg("--server")
        .arg(built.join("votify"));
    bench.arg("--scratch").arg(target.join("bench"));
    bench.arg("--seconds").arg(arguments.seconds.to_string());
    if let Some(before) = &arguments.before {
        // Absolute, because the program runs in the workspace's root.
        let before = std::path::absolute(before)
            .with_context(|| format!("cannot resolve {}", before.display()))?;
        bench.arg("--before").arg(before);
    }
    if arguments.write {
        bench.arg("--write").arg("docs/benchmarks.md");
    }
    for (variable, url) in servers {
        bench.env(variable, url.as_str());
    }
    run(bench.args(&arguments.names))
}

fn build(profile: &str, target: &[&str]) -> Command {
    let mut command = cargo(["build", "--profile", profile]);
    command.args(target);
    command
}

/// Returns the folder below `target` that a profile builds into.
fn output_folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

/// The services with figures. The names of most figures start with the service.
const MEASURED_SERVICES: &[&str] = &["postgres", "mysql", "redis"];

/// Figures with other names, and their services.
const OTHER_FIGURES: &[(&str, &[&str])] = &[
    ("fleet", &["postgres", "redis"]),
    ("kafka-queue", &["postgres"]),
    ("lone-vote", &["postgres"]),
    ("ballot-growth", &["postgres"]),
    ("lists", &["postgres"]),
    ("soak", &["postgres"]),
];

/// Returns true if one of the figures, or all without a name, use the service.
fn is_needed(service: &Service, figures: &[String]) -> bool {
    let prefix = format!("{}-", service.name);
    let uses_service = |figure: &String| {
        figure.starts_with(&prefix)
            || OTHER_FIGURES
                .iter()
                .any(|(name, services)| figure == name && services.contains(&service.name))
    };
    MEASURED_SERVICES.contains(&service.name)
        && (figures.is_empty() || figures.iter().any(uses_service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_needed_by_their_figures() {
        let service = |name| {
            SERVICES
                .iter()
                .find(|service| service.name == name)
                .unwrap()
        };
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let postgres = service("postgres");
        assert!(is_needed(postgres, &[]));
        assert!(is_needed(postgres, &named(&["rooms", "postgres-http"])));
        assert!(!is_needed(postgres, &named(&["rooms"])));
        assert!(is_needed(postgres, &named(&["soak"])));
        let redis = service("redis");
        assert!(is_needed(redis, &named(&["fleet"])));
        assert!(!is_needed(redis, &named(&["postgres-http"])));
    }

    #[test]
    fn built_in_profiles_have_other_folders() {
        assert_eq!(output_folder("dist"), "dist");
        assert_eq!(output_folder("dev"), "debug");
        assert_eq!(output_folder("bench"), "release");
    }
}
