use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::time::{sleep, timeout};
use url::Url;

use super::leftovers::{self, new_name, sweep_once};
use super::{Connection, ServerKind, postgres};

/// How long dropping the schema or database is retried.
const REMOVAL_LIMIT: Duration = Duration::from_secs(20);

/// An empty database on the shared server for one test: a schema on PostgreSQL, a
/// database on MySQL.
///
/// It is dropped with this value, even after a panic. Connections that are still open are
/// terminated.
#[derive(Debug)]
pub struct ScratchDatabase {
    kind: ServerKind,
    server: Url,
    name: String,
    url: Url,
}

impl ScratchDatabase {
    /// Creates a schema on the shared PostgreSQL server.
    ///
    /// Returns `None`, and reports the skip, if `VOTIFY_TEST_POSTGRES_URL` is not set.
    pub async fn postgres() -> Option<Self> {
        Self::new(ServerKind::Postgres).await
    }

    /// Creates a database on the shared MySQL server, with the server's default character
    /// set.
    ///
    /// Returns `None`, and reports the skip, if `VOTIFY_TEST_MYSQL_URL` is not set.
    pub async fn mysql() -> Option<Self> {
        Self::new(ServerKind::MySql).await
    }

    /// Creates a database on the shared server of this kind.
    ///
    /// Returns `None`, and reports the skip, if the server's variable is not set.
    ///
    /// # Panics
    /// Panics if the variable is set and nothing can be created on the server.
    pub async fn new(kind: ServerKind) -> Option<Self> {
        let server = kind.shared_url()?;
        let name = new_name();
        let create = match kind {
            ServerKind::Postgres => format!("CREATE SCHEMA {name}"),
            ServerKind::MySql => format!("CREATE DATABASE {name}"),
        };
        let created = async {
            let mut connection = Connection::open(kind, server.as_str()).await?;
            sweep_once(kind, &mut connection).await;
            connection.run(create).await?;
            connection.close().await
        };
        if let Err(error) = created.await {
            panic!(
                "failed to create {name} on the server of {}: {error}",
                kind.variable()
            );
        }
        let mut url = server.clone();
        match kind {
            ServerKind::Postgres => postgres::select_schema(&mut url, &name),
            ServerKind::MySql => url.set_path(&name),
        }
        Some(Self {
            kind,
            server,
            name,
            url,
        })
    }

    /// The URL of the database. Connections made with it see no other test's tables.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The name of the schema or database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connects to the database.
    ///
    /// # Panics
    /// Panics if the server does not answer within 5 s.
    pub async fn connection(&self) -> Connection {
        Connection::open(self.kind, self.url()).await.unwrap()
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        let (kind, server, name) = (self.kind, self.server.clone(), self.name.clone());
        // On another thread: this one may belong to a runtime, which cannot block on
        // another runtime.
        let removal = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(remove(kind, &server, &name))
        });
        let removed = removal.join().unwrap_or(Err("the removal panicked".into()));
        if let Err(error) = removed {
            let message = format!("failed to remove {}: {error}", self.name);
            // A panic during another panic would abort all tests.
            assert!(thread::panicking(), "{message}");
            eprintln!("{message}");
        }
    }
}

async fn remove(kind: ServerKind, server: &Url, name: &str) -> Result<(), String> {
    let deadline = Instant::now() + REMOVAL_LIMIT;
    loop {
        let attempt = async {
            let mut connection = Connection::open(kind, server.as_str()).await?;
            leftovers::remove(kind, &mut connection, name).await?;
            connection.close().await
        };
        let error = match timeout(Duration::from_secs(10), attempt).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        if Instant::now() >= deadline {
            return Err(error);
        }
        sleep(Duration::from_millis(100)).await;
    }
}
