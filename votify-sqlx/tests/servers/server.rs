use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;

use tempfile::TempDir;

use super::guard::Guard;
use super::processes::{self, living_in, signal};
use super::programs::Programs;
use super::start::{free_port, ready, spawn, tail};
use super::{Connection, Kind, mysql, postgres};

/// A server that a test has to itself, started from the installed programs: it may be killed, paused and started
/// again. It goes away with this value or with the test's process, whichever ends first and however.
pub(crate) struct Server {
    kind: Kind,
    programs: Programs,
    settings: Vec<String>,
    port: u16,
    url: String,
    folder: PathBuf,
    data: PathBuf,
    child: Option<Child>,
    guard: Guard,
}

impl Server {
    /// A PostgreSQL with these settings (`name=value`) beside the server's defaults, which are durable ones.
    ///
    /// `None`, after telling so, only if its programs are missing and `VOTIFY_TEST_POSTGRES_URL` is not set.
    pub(crate) async fn postgres(settings: &[&str]) -> Option<Self> {
        Self::of(Kind::Postgres, settings).await
    }

    /// A MariaDB with these settings (`--name=value`) beside the server's defaults, which are durable ones.
    ///
    /// `None`, after telling so, only if its programs are missing and `VOTIFY_TEST_MYSQL_URL` is not set.
    pub(crate) async fn mysql(settings: &[&str]) -> Option<Self> {
        Self::of(Kind::MySql, settings).await
    }

    /// # Panics
    /// If it cannot be started, with what it said.
    pub(crate) async fn of(kind: Kind, settings: &[&str]) -> Option<Self> {
        let programs = match Programs::find(kind) {
            Ok(programs) => programs,
            Err(missing) if kind.is_wanted() => panic!("{missing}; install {}", kind.package()),
            Err(missing) => {
                kind.tell_skip(&format!("{missing} (package {})", kind.package()));
                return None;
            }
        };
        let folder = TempDir::with_prefix("votify-server-").unwrap().keep();
        let folder = fs::canonicalize(folder).unwrap();
        let guard = Guard::of(&folder);
        programs.give(&folder);
        let data = folder.join("data");
        match kind {
            Kind::Postgres => postgres::make(&programs, &data),
            Kind::MySql => mysql::make(&programs, &data),
        }
        let mut server = Self {
            kind,
            programs,
            settings: settings.iter().copied().map(str::to_owned).collect(),
            port: 0,
            url: String::new(),
            folder,
            data,
            child: None,
            guard,
        };
        server.start_first().await;
        Some(server)
    }

    /// The URL of a database on it: the same one after every start.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A connection to it.
    pub(crate) async fn connection(&self) -> Connection {
        match Connection::open(self.kind, self.url()).await {
            Ok(connection) => connection,
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Starts it on another port if somebody was faster on the first one.
    async fn start_first(&mut self) {
        let (admin, path) = match self.kind {
            Kind::Postgres => ("postgres://postgres", "postgres"),
            Kind::MySql => ("mysql://root", "votify"),
        };
        for attempt in 1.. {
            self.port = free_port();
            self.url = format!("{admin}@127.0.0.1:{}/", self.port);
            match self.try_start().await {
                Ok(()) => break,
                Err(_) if attempt < 5 && self.log().contains("Address already in use") => {}
                Err(error) => self.fail(&error),
            }
        }
        if self.kind == Kind::MySql {
            let mut connection = self.connection().await;
            connection.run("CREATE DATABASE votify").await.unwrap();
        }
        self.url.push_str(path);
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop), on the same data and port; returns when it
    /// answers.
    pub(crate) async fn start(&mut self) {
        assert!(self.processes().is_empty(), "it runs");
        if let Err(error) = self.try_start().await {
            self.fail(&error);
        }
    }

    async fn try_start(&mut self) -> Result<(), String> {
        // A killed server leaves it behind, and its number may be another process's by now, for which PostgreSQL would
        // refuse to start. That none of its own is left was seen in another way.
        let _ = fs::remove_file(self.id_file());
        let serve = match self.kind {
            Kind::Postgres => postgres::serve,
            Kind::MySql => mysql::serve,
        };
        let mut command = serve(&self.programs, &self.data, self.port, &self.settings);
        let child = spawn(&mut command, &self.data, &self.log_file());
        self.child = Some(child);
        self.ready().await
    }

    /// Waits until it answers, as it does some time after [`kill_a_backend`](Self::kill_a_backend).
    ///
    /// # Errors
    /// If it ends, or does not answer within a minute.
    pub(crate) async fn ready(&mut self) -> Result<(), String> {
        let child = self.child.as_mut().ok_or("it was not started")?;
        ready(self.kind, &self.url, &self.data, child).await
    }

    /// Kills all its processes at once (`SIGKILL`), as a crash would. What they had not handed to the operating system
    /// is lost; what that had not brought to the disk is not, other than in a power cut.
    pub(crate) fn kill(&mut self) {
        processes::kill(&self.folder);
        self.reap();
    }

    /// Ends it in its own way.
    pub(crate) fn stop(&mut self) {
        let text = fs::read_to_string(self.id_file()).unwrap();
        let id = text.lines().next().unwrap().trim().parse().unwrap();
        // For PostgreSQL: roll back and disconnect, instead of waiting until all have gone.
        let name = match self.kind {
            Kind::Postgres => "INT",
            Kind::MySql => "TERM",
        };
        signal(name, &[id]);
        if !processes::are_gone(&self.folder) {
            self.fail("it does not stop");
        }
        self.reap();
    }

    /// Lets none of its processes run (`SIGSTOP`): connections stay open, and nobody answers.
    pub(crate) fn pause(&self) {
        processes::pause(&self.folder);
    }

    /// Ends a [`pause`](Self::pause).
    pub(crate) fn resume(&self) {
        processes::resume(&self.folder);
    }

    /// PostgreSQL: kills the process behind one client's connection (`SIGKILL`), upon which the server ends those of
    /// all clients, recovers, and goes on. Returns at once; [`ready`](Self::ready) waits.
    ///
    /// # Panics
    /// If no client is connected, or it is a MariaDB: that has threads instead.
    pub(crate) async fn kill_a_backend(&self) {
        assert_eq!(
            self.kind,
            Kind::Postgres,
            "MariaDB has no process of a client"
        );
        let mut connection = self.connection().await;
        let ids = postgres::clients(&mut connection).await.unwrap();
        let id = ids.first().expect("no client is connected");
        signal("KILL", &[id.parse().unwrap()]);
    }

    /// Tells the server to end one client's connection; others go on.
    ///
    /// # Panics
    /// If no client is connected.
    pub(crate) async fn end_a_connection(&self) {
        let mut connection = self.connection().await;
        let ids = match self.kind {
            Kind::Postgres => postgres::clients(&mut connection).await,
            Kind::MySql => mysql::clients(&mut connection).await,
        };
        let ids = ids.unwrap();
        let id = ids.first().expect("no client is connected");
        let end = match self.kind {
            Kind::Postgres => format!("SELECT pg_terminate_backend({id})"),
            Kind::MySql => format!("KILL CONNECTION {id}"),
        };
        connection.run(end).await.unwrap();
    }

    /// Its living processes.
    pub(crate) fn processes(&self) -> Vec<u32> {
        living_in(&self.folder)
    }

    /// What it said since it was made.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn id_file(&self) -> PathBuf {
        match self.kind {
            Kind::Postgres => postgres::id_file(&self.data),
            Kind::MySql => mysql::id_file(&self.data),
        }
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }

    fn fail(&self, why: &str) -> ! {
        panic!(
            "{:?}: {why}; its log ends with\n{}",
            self.kind,
            tail(&self.log_file())
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.guard.end();
        if let Some(child) = &mut self.child {
            let _ = child.try_wait();
        }
        // A second panic would end all tests.
        let gone = !self.folder.exists();
        assert!(
            gone || thread::panicking(),
            "{} stays behind",
            self.folder.display()
        );
    }
}
