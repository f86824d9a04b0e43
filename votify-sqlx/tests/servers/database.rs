use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::time::{sleep, timeout};
use url::Url;

use super::leftovers::{self, new_name, sweep_once};
use super::{Connection, Kind, postgres};

/// A corner of the shared server for one test: a schema of its own on PostgreSQL, a database of its own on MySQL. It
/// goes away with this value, also when the test panics or still has connections open: those are ended.
pub(crate) struct Database {
    kind: Kind,
    server: Url,
    name: String,
    url: Url,
}

impl Database {
    /// `None`, after telling so, only if `VOTIFY_TEST_POSTGRES_URL` is not set.
    pub(crate) async fn postgres() -> Option<Self> {
        Self::of(Kind::Postgres).await
    }

    /// `None`, after telling so, only if `VOTIFY_TEST_MYSQL_URL` is not set. The character set of the database is the
    /// server's default, whatever that is.
    pub(crate) async fn mysql() -> Option<Self> {
        Self::of(Kind::MySql).await
    }

    /// # Panics
    /// If the variable is set, but nothing can be made on the server that it names.
    pub(crate) async fn of(kind: Kind) -> Option<Self> {
        let server = kind.shared()?;
        let name = new_name();
        let make = match kind {
            Kind::Postgres => format!("CREATE SCHEMA {name}"),
            Kind::MySql => format!("CREATE DATABASE {name}"),
        };
        let made = async {
            let mut connection = Connection::open(kind, server.as_str()).await?;
            sweep_once(kind, &mut connection).await;
            connection.run(make).await?;
            connection.close().await
        };
        if let Err(error) = made.await {
            panic!("{} does not do: {error}", kind.variable());
        }
        let mut url = server.clone();
        match kind {
            Kind::Postgres => postgres::select_schema(&mut url, &name),
            Kind::MySql => url.set_path(&name),
        }
        Some(Self {
            kind,
            server,
            name,
            url,
        })
    }

    /// Every connection made with it lands in this corner, and sees nothing of others.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The name of the schema or database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A connection to it.
    pub(crate) async fn connection(&self) -> Connection {
        Connection::open(self.kind, self.url()).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (kind, server, name) = (self.kind, self.server.clone(), self.name.clone());
        // On a thread of its own: this one may be a runtime's, which must not be blocked on by another runtime.
        let removal = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(remove(kind, &server, &name))
        });
        let removed = removal.join().unwrap_or(Err("it panicked".into()));
        if let Err(error) = removed {
            let message = format!("{} stays behind: {error}", self.name);
            // A second panic would end all tests.
            assert!(thread::panicking(), "{message}");
            eprintln!("{message}");
        }
    }
}

/// Tries for twenty seconds.
async fn remove(kind: Kind, server: &Url, name: &str) -> Result<(), String> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let attempt = async {
            let mut connection = Connection::open(kind, server.as_str()).await?;
            leftovers::remove(kind, &mut connection, name).await?;
            connection.close().await
        };
        let error = match timeout(Duration::from_secs(10), attempt).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        if Instant::now() >= end {
            return Err(error);
        }
        sleep(Duration::from_millis(100)).await;
    }
}
