//! The database servers that tests use: found, or started on ports of their own.

mod compose;
mod greeting;
mod mysql;
mod own;
mod postgres;
pub(crate) mod programs;
mod redis;

use std::env;

use anyhow::{Context, Result, bail};
use url::Url;

use programs::Programs;

/// A kind of server.
#[derive(Debug)]
pub(crate) struct Service {
    /// What it is called here, in the compose file and in messages.
    pub(crate) name: &'static str,
    /// Where tests look for its URL.
    pub(crate) variable: &'static str,
    /// Whether there are tests that cannot run without it.
    pub(crate) needed_by_tests: bool,
    /// Its URL on the port where such a server usually listens, without a password.
    usual: &'static str,
    /// Its URL when this program or the compose file started it.
    own: &'static str,
    /// Whether what listens at a URL speaks the protocol, and lets one in if the URL holds no password.
    speaks: fn(&Url) -> Result<()>,
    /// Its program's name, and those of others that tests start servers of their own from.
    programs: Programs,
    /// Starts its installed programs for `own`.
    start: fn(&own::Place) -> Result<()>,
}

/// Every kind of server that the stores are for.
pub(crate) const SERVICES: &[Service] = &[
    Service {
        name: "postgres",
        variable: "VOTIFY_TEST_POSTGRES_URL",
        needed_by_tests: true,
        usual: "postgres://postgres@127.0.0.1:5432/postgres",
        own: "postgres://postgres@127.0.0.1:25432/postgres",
        speaks: postgres::speaks,
        programs: Programs {
            names: &["postgres", "initdb"],
            packages: &["postgresql"],
        },
        start: postgres::start,
    },
    Service {
        name: "mysql",
        variable: "VOTIFY_TEST_MYSQL_URL",
        needed_by_tests: true,
        usual: "mysql://root@127.0.0.1:3306/",
        own: "mysql://root@127.0.0.1:23306/",
        speaks: mysql::speaks,
        programs: Programs {
            names: &["mariadbd", "mariadb-install-db"],
            packages: &["mariadb-server"],
        },
        start: mysql::start,
    },
    Service {
        name: "redis",
        variable: "VOTIFY_TEST_REDIS_URL",
        needed_by_tests: true,
        usual: "redis://127.0.0.1:6379/",
        own: "redis://127.0.0.1:26379/",
        speaks: redis::speaks,
        programs: Programs {
            names: &["redis-server", "redis-cli", "openssl"],
            packages: &["redis-server", "redis-tools", "openssl"],
        },
        start: redis::start,
    },
];

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which ones: postgres, mysql, redis. All if none is named.
    names: Vec<String>,
    /// Stops what an earlier call started.
    #[arg(long)]
    stop: bool,
}

/// `cargo xtask services`
///
/// # Errors
/// If one of the servers is neither there nor can be started.
pub(crate) fn task(arguments: &Arguments) -> Result<()> {
    let named = |name: &str| SERVICES.iter().find(|service| service.name == name);
    let mut wanted = Vec::new();
    for name in &arguments.names {
        wanted.push(named(name).with_context(|| format!("there is no service {name:?}"))?);
    }
    if wanted.is_empty() {
        wanted.extend(SERVICES);
    }
    if arguments.stop {
        return wanted.into_iter().try_for_each(stop);
    }
    let mut failures = Vec::new();
    for service in wanted {
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

/// The URL of a running server: the one that its variable names, else one on the usual port, else one that an earlier
/// call started, else one started now by Docker Compose or from installed programs.
///
/// # Errors
/// If its variable names something that does not answer as it should, or if there is none and none can be started.
pub(crate) fn find_or_start(service: &Service) -> Result<Url> {
    if let Ok(given) = env::var(service.variable) {
        let url = Url::parse(&given).with_context(|| format!("{} is no URL", service.variable))?;
        (service.speaks)(&url).with_context(|| {
            format!(
                "{} names a {} that does not answer",
                service.variable, service.name
            )
        })?;
        eprintln!("{}: given by {}", service.name, service.variable);
        return Ok(url);
    }
    let mut tried = Vec::new();
    for (url, what) in [
        (service.usual, "on its usual port"),
        (service.own, "started earlier"),
    ] {
        let url = Url::parse(url)?;
        match (service.speaks)(&url) {
            Ok(()) => {
                eprintln!("{}: {what}", service.name);
                return Ok(url);
            }
            Err(error) => tried.push(format!("{url}: {error:#}")),
        }
    }
    let url = Url::parse(service.own)?;
    let place = own::Place::new(service.name, &url)?;
    let compose = compose::start(service.name);
    let started = match compose {
        Ok(()) => "by Docker Compose",
        Err(error) => {
            tried.push(format!("Docker Compose: {error:#}"));
            if let Err(error) = own::start(service, &place) {
                tried.push(format!("its own programs: {error:#}"));
                bail!(
                    "no {name} server for tests:\n  {}\nStart one on 127.0.0.1:{port} that lets {user} in without a \
                     password, or set {} to the URL of one where databases may be created and dropped.",
                    tried.join("\n  "),
                    service.variable,
                    name = service.name,
                    port = url.port().unwrap_or_default(),
                    user = if url.username().is_empty() {
                        "everybody"
                    } else {
                        url.username()
                    },
                );
            }
            "from its own programs"
        }
    };
    own::wait_until(|| (service.speaks)(&url))
        .with_context(|| format!("{} was started {started}, but is not ready", service.name))?;
    eprintln!(
        "{}: started {started}; `cargo xtask services --stop` ends it",
        service.name
    );
    Ok(url)
}

/// Makes sure that the service's programs are installed, whoever runs the server that was found: tests that kill a server
/// start one of their own.
///
/// # Errors
/// If they are missing and cannot be installed.
pub(crate) fn find_or_install(service: &Service) -> Result<()> {
    service.programs.find_or_install().with_context(|| {
        format!(
            "tests start {} servers of their own from installed programs",
            service.name
        )
    })
}

/// Stops what [`find_or_start`] started.
fn stop(service: &Service) -> Result<()> {
    let place = own::Place::new(service.name, &Url::parse(service.own)?)?;
    if own::stop(service, &place)? || compose::stop(service.name)? {
        eprintln!("{}: stopped", service.name);
    } else {
        eprintln!("{}: nothing that was started here runs", service.name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_urls_of_its_own_and_stands_in_the_compose_file() {
        for (index, service) in SERVICES.iter().enumerate() {
            let own = Url::parse(service.own).unwrap();
            assert!(Url::parse(service.usual).unwrap().port() != own.port());
            let port = own.port().unwrap();
            assert!(compose::FILE.contains(&format!("\n  {}:\n", service.name)));
            assert!(compose::FILE.contains(&format!("\"127.0.0.1:{port}:")));
            for other in &SERVICES[index + 1..] {
                assert_ne!(service.variable, other.variable);
                assert_ne!(service.own, other.own);
            }
        }
    }
}
