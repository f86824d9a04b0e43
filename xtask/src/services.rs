//! The database servers that tests use: found, or started on ports of their own.

mod compose;
mod handshake;
pub(crate) mod kafka;
mod local_server;
mod mysql;
mod postgres;
pub(crate) mod programs;
mod redis;

use std::env;

use anyhow::{Context, Result, bail};
use url::Url;

use local_server::LocalServer;
use programs::Programs;

/// A kind of database server.
#[derive(Debug)]
pub(crate) struct Service {
    /// The name in `compose.yaml`, on the command line and in messages.
    pub(crate) name: &'static str,
    /// The environment variable from which tests read the server's URL.
    pub(crate) variable: &'static str,
    /// The URL of a server on the default port, without a password.
    default_url: &'static str,
    /// The URL of a server that this program or Docker Compose started.
    started_url: &'static str,
    /// Checks that the server at a URL has the right protocol. If the URL holds no
    /// password, also checks that the server accepts a login without one.
    probe: fn(&Url) -> Result<()>,
    /// The server's programs. Tests also start servers of their own from them.
    programs: Programs,
    /// The name of the server's process.
    process: &'static str,
    /// Starts the installed programs.
    start: fn(&LocalServer) -> Result<()>,
}

/// All kinds of database servers that tests and benchmarks use.
pub(crate) const SERVICES: &[Service] = &[
    Service {
        name: "postgres",
        variable: "VOTIFY_TEST_POSTGRES_URL",
        default_url: "postgres://postgres@127.0.0.1:5432/postgres",
        started_url: "postgres://postgres@127.0.0.1:25432/postgres",
        probe: postgres::probe,
        programs: Programs {
            names: &["postgres", "initdb"],
            packages: &["postgresql"],
        },
        process: "postgres",
        start: postgres::start,
    },
    Service {
        name: "mysql",
        variable: "VOTIFY_TEST_MYSQL_URL",
        default_url: "mysql://root@127.0.0.1:3306/",
        started_url: "mysql://root@127.0.0.1:23306/",
        probe: mysql::probe,
        programs: Programs {
            names: &["mariadbd", "mariadb-install-db"],
            packages: &["mariadb-server"],
        },
        process: "mariadbd",
        start: mysql::start,
    },
    Service {
        name: "redis",
        variable: "VOTIFY_TEST_REDIS_URL",
        default_url: "redis://127.0.0.1:6379/",
        started_url: "redis://127.0.0.1:26379/",
        probe: redis::probe,
        programs: Programs {
            names: &["redis-server", "redis-cli", "openssl"],
            packages: &["redis-server", "redis-tools", "openssl"],
        },
        process: "redis-server",
        start: redis::start,
    },
    Service {
        name: "kafka",
        variable: "VOTIFY_TEST_KAFKA_URL",
        default_url: "kafka://127.0.0.1:9092/",
        started_url: "kafka://127.0.0.1:29092/",
        probe: kafka::probe,
        // The broker itself comes from a Python package.
        programs: Programs {
            names: &["python3"],
            packages: &["python3", "python3-venv"],
        },
        process: "tansu",
        start: kafka::start,
    },
];

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The servers: postgres, mysql, redis, kafka. Defaults to all.
    names: Vec<String>,
    /// Stops the servers that an earlier call started.
    #[arg(long)]
    stop: bool,
}

/// Runs `cargo xtask services`.
///
/// # Errors
/// Returns an error if a server can neither be found nor started. The message says what
/// to start or install.
pub(crate) fn task(arguments: &Arguments) -> Result<()> {
    let by_name = |name: &str| SERVICES.iter().find(|service| service.name == name);
    let mut selected = Vec::new();
    for name in &arguments.names {
        selected.push(by_name(name).with_context(|| format!("unknown service {name:?}"))?);
    }
    if selected.is_empty() {
        selected.extend(SERVICES);
    }
    if arguments.stop {
        return selected.into_iter().try_for_each(stop);
    }
    let mut failures = Vec::new();
    for service in selected {
        match find_or_start(service) {
            Ok(url) => println!("export {}='{url}'", service.variable),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n\n"));
    }
    Ok(())
}

/// Returns the URL of a running server.
///
/// Tries in this order: the URL in the service's environment variable, the default port,
/// a server that an earlier call started, Docker Compose, and installed programs. As root
/// on Debian, installs the programs first.
///
/// # Errors
/// Returns an error if the environment variable names a server that fails the probe, or
/// if no server can be found or started. The message says what to start or install.
pub(crate) fn find_or_start(service: &Service) -> Result<Url> {
    let Service { name, variable, .. } = service;
    if let Ok(given) = env::var(variable) {
        let url = Url::parse(&given).with_context(|| format!("{variable} is not a valid URL"))?;
        (service.probe)(&url)
            .with_context(|| format!("{variable} does not lead to a usable {name} server"))?;
        eprintln!("{name}: from {variable}");
        return Ok(url);
    }
    let mut attempts = Vec::new();
    for (url, origin) in [
        (service.default_url, "on the default port"),
        (service.started_url, "started earlier"),
    ] {
        let url = Url::parse(url)?;
        match (service.probe)(&url) {
            Ok(()) => {
                eprintln!("{name}: {origin}");
                return Ok(url);
            }
            Err(error) => attempts.push(format!("{url}: {error:#}")),
        }
    }
    let (url, origin) = match start(service, &mut attempts) {
        Ok(started) => started,
        Err(error) => {
            attempts.push(format!("installed programs: {error:#}"));
            bail!(no_server(service, &attempts)?);
        }
    };
    local_server::wait_until(|| (service.probe)(&url))
        .with_context(|| format!("{name} was started by {origin}, but is not ready"))?;
    eprintln!("{name}: started by {origin}; `cargo xtask services --stop {name}` stops it");
    Ok(url)
}

/// Starts a server with Docker Compose, or else from installed programs.
fn start(service: &Service, attempts: &mut Vec<String>) -> Result<(Url, &'static str)> {
    let url = Url::parse(service.started_url)?;
    match compose::start(service.name) {
        Ok(()) => Ok((url, "Docker Compose")),
        Err(error) => {
            attempts.push(format!("Docker Compose: {error:#}"));
            let server = LocalServer::new(service.name, &url)?;
            local_server::start(service, &server)?;
            Ok((url, "xtask"))
        }
    }
}

/// Returns the message for a server that can neither be found nor started.
fn no_server(service: &Service, attempts: &[String]) -> Result<String> {
    let url = Url::parse(service.default_url)?;
    let user = match url.username() {
        "" => "everybody".to_owned(),
        name => format!("the user {name}"),
    };
    Ok(format!(
        "no {name} server for tests:\n  {}\n\
         do one of these and try again:\n  \
         start Docker\n  \
         install the Debian packages {}\n  \
         start a {name} server on 127.0.0.1:{} that accepts {user} without a password\n  \
         set {} to the URL of a server where tests may create and drop databases",
        attempts.join("\n  "),
        service.programs.packages.join(" "),
        url.port().unwrap_or_default(),
        service.variable,
        name = service.name,
    ))
}

/// Installs the service's programs if they are missing.
///
/// Tests that kill a server start one of their own, even if another server was found.
///
/// # Errors
/// Returns an error if a program is missing and cannot be installed. The message names
/// the Debian packages.
pub(crate) fn find_or_install(service: &Service) -> Result<()> {
    service.programs.find_or_install().with_context(|| {
        format!(
            "tests start {} servers of their own from installed programs",
            service.name
        )
    })
}

/// Stops the server that [`find_or_start`] started, if any.
fn stop(service: &Service) -> Result<()> {
    let server = LocalServer::new(service.name, &Url::parse(service.started_url)?)?;
    if local_server::stop(service, &server)? || compose::stop(service.name)? {
        eprintln!("{}: stopped", service.name);
    } else {
        eprintln!("{}: no server of ours is running", service.name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_its_own_port_and_a_compose_entry() {
        for (index, service) in SERVICES.iter().enumerate() {
            let started = Url::parse(service.started_url).unwrap();
            assert!(Url::parse(service.default_url).unwrap().port() != started.port());
            let port = started.port().unwrap();
            assert!(compose::FILE.contains(&format!("\n  {}:\n", service.name)));
            assert!(compose::FILE.contains(&format!("\"127.0.0.1:{port}:")));
            for other in &SERVICES[index + 1..] {
                assert_ne!(service.variable, other.variable);
                assert_ne!(service.started_url, other.started_url);
            }
        }
    }

    #[test]
    fn the_message_for_a_missing_server_names_port_user_and_packages() {
        let message = no_server(&SERVICES[0], &["Docker Compose: none".to_owned()]).unwrap();
        for part in [
            "\n  Docker Compose: none\n",
            "127.0.0.1:5432 that accepts the user postgres",
            "the Debian packages postgresql\n",
            "set VOTIFY_TEST_POSTGRES_URL to",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
