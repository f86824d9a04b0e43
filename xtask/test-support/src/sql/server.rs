use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::programs::Programs;
use super::{Connection, ServerKind, mysql, postgres};
use crate::port::free_port;
use crate::process::{ServerProcess, signal};
use crate::skip::report_skip;

/// How long a start may take. A killed server recovers from its log first.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Attempts to start on a free port: another process may take the port first.
const START_ATTEMPTS: u32 = 5;

/// A private server, started from the installed programs. A test may kill, pause and
/// restart it.
///
/// It is removed with this value or when the test's process ends.
#[derive(Debug)]
pub struct Server {
    kind: ServerKind,
    programs: Programs,
    settings: Vec<String>,
    port: u16,
    url: String,
    process: ServerProcess,
}

impl Server {
    /// Starts a PostgreSQL server with settings of the form `name=value`. Other settings
    /// keep the server's defaults, which are durable.
    ///
    /// Returns `None`, and reports the skip, if its programs are missing and
    /// `VOTIFY_TEST_POSTGRES_URL` is not set.
    pub async fn postgres(settings: &[&str]) -> Option<Self> {
        Self::new(ServerKind::Postgres, settings).await
    }

    /// Starts a MariaDB server with settings of the form `--name=value`. Other settings
    /// keep the server's defaults, which are durable.
    ///
    /// Returns `None`, and reports the skip, if its programs are missing and
    /// `VOTIFY_TEST_MYSQL_URL` is not set.
    pub async fn mysql(settings: &[&str]) -> Option<Self> {
        Self::new(ServerKind::MySql, settings).await
    }

    /// Starts a server of this kind.
    ///
    /// Returns `None`, and reports the skip, if its programs are missing and the shared
    /// server's variable is not set.
    ///
    /// # Panics
    /// Panics with the server's log if the server does not start.
    pub async fn new(kind: ServerKind, settings: &[&str]) -> Option<Self> {
        let programs = match Programs::find(kind) {
            Ok(programs) => programs,
            Err(missing) if kind.is_required() => panic!("{missing}; install {}", kind.package()),
            Err(missing) => {
                report_skip(&format!("{missing} (package {})", kind.package()));
                return None;
            }
        };
        let process = ServerProcess::new("votify-server-");
        programs.chown(process.folder());
        match kind {
            ServerKind::Postgres => postgres::initialize(&programs, process.data()),
            ServerKind::MySql => mysql::initialize(&programs, process.data()),
        }
        let mut server = Self {
            kind,
            programs,
            settings: settings.iter().copied().map(str::to_owned).collect(),
            port: 0,
            url: String::new(),
            process,
        };
        server.start_on_free_port().await;
        Some(server)
    }

    /// The URL of a database on the server. A restart does not change it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder with the server's data and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// Connects to the server.
    ///
    /// # Panics
    /// Panics if the server does not answer within 5 s.
    pub async fn connection(&self) -> Connection {
        match Connection::open(self.kind, self.url()).await {
            Ok(connection) => connection,
            Err(error) => self.fail(&error.to_string()),
        }
    }

    async fn start_on_free_port(&mut self) {
        let (admin, path) = match self.kind {
            ServerKind::Postgres => ("postgres://postgres", "postgres"),
            ServerKind::MySql => ("mysql://root", "votify"),
        };
        for attempt in 1.. {
            self.port = free_port();
            self.url = format!("{admin}@127.0.0.1:{}/", self.port);
            match self.try_start().await {
                Ok(()) => break,
                Err(_)
                    if attempt < START_ATTEMPTS
                        && self.log().contains("Address already in use") => {}
                Err(error) => self.fail(&error),
            }
        }
        if self.kind == ServerKind::MySql {
            let mut connection = self.connection().await;
            connection.run("CREATE DATABASE votify").await.unwrap();
        }
        self.url.push_str(path);
    }

    /// Starts the server again after [`kill`](Self::kill) or [`stop`](Self::stop), on the
    /// same data and port. Returns when the server answers.
    ///
    /// # Panics
    /// Panics with the server's log if the server does not answer within 60 s.
    pub async fn start(&mut self) {
        assert!(self.processes().is_empty(), "the server runs already");
        if let Err(error) = self.try_start().await {
            self.fail(&error);
        }
    }

    async fn try_start(&mut self) -> Result<(), String> {
        // A killed server leaves this file. PostgreSQL refuses to start if another
        // process has its id by now. `start` checks in another way that the server does
        // not run.
        let _ = fs::remove_file(self.pid_file());
        let serve = match self.kind {
            ServerKind::Postgres => postgres::serve,
            ServerKind::MySql => mysql::serve,
        };
        let data = self.process.data();
        let mut command = serve(&self.programs, data, self.port, &self.settings);
        self.process.spawn(&mut command);
        self.wait_until_ready().await
    }

    /// Waits until the server answers, for example after
    /// [`kill_backend`](Self::kill_backend).
    ///
    /// # Errors
    /// Returns an error if the server ends, or does not answer within 60 s.
    pub async fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(status) = self.process.exit_status() {
                return Err(format!("the server ended with {status}"));
            }
            let error = match self.answering_folder().await {
                // Another server may listen on the port if this one could not.
                Ok(folder) if Path::new(&folder) == self.process.data() => return Ok(()),
                Ok(folder) => format!("the server of {folder} answers"),
                Err(error) => error.to_string(),
            };
            if Instant::now() >= deadline {
                return Err(format!("the server is not ready: {error}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the data folder of the server that answers at the URL.
    async fn answering_folder(&self) -> Result<String, sqlx::Error> {
        let query = match self.kind {
            ServerKind::Postgres => postgres::DATA_FOLDER,
            ServerKind::MySql => mysql::DATA_FOLDER,
        };
        let mut connection = Connection::open(self.kind, &self.url).await?;
        let folders = connection.texts(query).await?;
        connection.close().await?;
        Ok(folders.concat())
    }

    /// Kills all processes of the server at once (`SIGKILL`), as a crash would.
    ///
    /// Data that the server has not handed to the operating system is lost. Data that the
    /// operating system has not written to disk is not lost: that would need a power cut.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Shuts the server down in good order.
    ///
    /// # Panics
    /// Panics if the server does not end within 20 s.
    pub fn stop(&mut self) {
        let text = fs::read_to_string(self.pid_file()).unwrap();
        let id = text.lines().next().unwrap().trim().parse().unwrap();
        let signal = match self.kind {
            // Rolls back and disconnects; `TERM` would wait until all clients have left.
            ServerKind::Postgres => "INT",
            ServerKind::MySql => "TERM",
        };
        if let Err(error) = self.process.stop(signal, &[id]) {
            self.fail(error);
        }
    }

    /// Stops all processes of the server (`SIGSTOP`). Connections stay open without an
    /// answer.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Kills the PostgreSQL process of one client's connection (`SIGKILL`).
    ///
    /// The server then ends the processes of all clients, recovers, and serves again.
    /// Returns at once; [`wait_until_ready`](Self::wait_until_ready) waits for the
    /// recovery.
    ///
    /// # Panics
    /// Panics if no client is connected, or the server is MariaDB: it has threads instead
    /// of processes.
    pub async fn kill_backend(&self) {
        assert_eq!(
            self.kind,
            ServerKind::Postgres,
            "MariaDB has no process for a client"
        );
        let mut connection = self.connection().await;
        let ids = postgres::clients(&mut connection).await.unwrap();
        let id = ids.first().expect("a client is connected");
        signal("KILL", &[id.parse().unwrap()]);
    }

    /// Makes the server terminate one client's connection. Other clients stay connected.
    ///
    /// # Panics
    /// Panics if no client is connected.
    pub async fn terminate_connection(&self) {
        let mut connection = self.connection().await;
        let ids = match self.kind {
            ServerKind::Postgres => postgres::clients(&mut connection).await,
            ServerKind::MySql => mysql::clients(&mut connection).await,
        };
        let ids = ids.unwrap();
        let id = ids.first().expect("a client is connected");
        let terminate = match self.kind {
            ServerKind::Postgres => format!("SELECT pg_terminate_backend({id})"),
            ServerKind::MySql => format!("KILL CONNECTION {id}"),
        };
        connection.run(terminate).await.unwrap();
    }

    /// The server's live processes.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        self.process.processes()
    }

    /// The server's log since its first start.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    fn pid_file(&self) -> PathBuf {
        let data = self.process.data();
        match self.kind {
            ServerKind::Postgres => postgres::pid_file(data),
            ServerKind::MySql => mysql::pid_file(data),
        }
    }

    fn fail(&self, reason: &str) -> ! {
        self.process.fail(&format!("{:?}: {reason}", self.kind))
    }
}
