use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

use super::nginx::Nginx;
use crate::api::{Api, Poll};
use crate::program::{Ended, Server, run, votify};
use votify_test_support::redis;
use votify_test_support::sql::ScratchDatabase;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The address from which nginx reaches the instances. Clients from others of this machine's are none of its.
const TRUSTED: &str = "127.0.0.1/32";

/// Three instances behind nginx, with what they share. They are large: in one process a fleet waits for the one before.
pub(crate) struct Fleet {
    pub(crate) nginx: Nginx,
    instances: [Option<Server>; 3],
    arguments: Vec<String>,
    directory: TempDir,
    redis: redis::Server,
    database: ScratchDatabase,
    _turn: MutexGuard<'static, ()>,
}

impl Fleet {
    /// `None`, after telling so, only where a server is missing and tests were not told to use it.
    pub(crate) async fn open(more: &[&str]) -> Option<Self> {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let database = ScratchDatabase::postgres().await?;
        let redis = redis::Server::new()?;
        let directory = tempfile::tempdir().unwrap();
        let (store, news) = (database.url(), redis.url());
        let mut arguments: Vec<String> = [
            "--store",
            store,
            "--migrate",
            "--broadcast",
            &news,
            "--cache",
            &news,
            "--limits",
            &news,
            "--trusted-proxies",
            TRUSTED,
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend(more.iter().copied().map(str::to_owned));
        let start = || start(directory.path(), "127.0.0.1:0", &arguments);
        let (one, two, three) = tokio::join!(start(), start(), start());
        let addresses = [one.address(), two.address(), three.address()];
        let nginx = Nginx::in_front_of(addresses).await?;
        Some(Self {
            nginx,
            instances: [Some(one), Some(two), Some(three)],
            arguments,
            directory,
            redis,
            database,
            _turn: turn,
        })
    }

    pub(crate) fn instance(&self, index: usize) -> &Server {
        self.instances[index].as_ref().expect("it runs")
    }

    /// The instances that run.
    pub(crate) fn instances(&self) -> impl Iterator<Item = &Server> {
        self.instances.iter().flatten()
    }

    /// Kills one, as a crash would.
    pub(crate) async fn kill(&mut self, index: usize) {
        let instance = self.instances[index].take().expect("it runs");
        instance.send(Signal::KILL);
        instance.end().await;
    }

    /// Ends one as an operator does; it must end well.
    pub(crate) async fn stop(&mut self, index: usize) {
        self.instances[index].take().expect("it runs").stop().await;
    }

    /// Starts one at the address where it was.
    pub(crate) async fn start(&mut self, index: usize, address: &str) {
        let server = start(self.directory.path(), address, &self.arguments).await;
        self.instances[index] = Some(server);
    }

    /// A number of `/metrics`, of each instance that runs.
    pub(crate) async fn metric(&self, name: &str) -> Vec<u64> {
        let mut numbers = Vec::new();
        for instance in self.instances() {
            let answer = reqwest::get(instance.url("/metrics")).await.unwrap();
            let text = answer.text().await.unwrap();
            let number = text.lines().find_map(|line| {
                let (told, number) = line.split_once(' ')?;
                (told == name).then(|| number.parse().unwrap())
            });
            numbers.push(number.unwrap_or_else(|| panic!("{name} in\n{text}")));
        }
        numbers
    }

    /// What `votify verify` says beside the instances; it must find the poll's tally exact.
    pub(crate) async fn assert_exact(&self, poll: &Poll, votes: usize) {
        let store = self.database.url();
        let verify = ["verify", &poll.id, "--store", store];
        let mut command = votify(self.directory.path(), &verify);
        let verified: Ended = run(command.env("VOTIFY_SECRET", SECRET)).await;
        assert_eq!(verified.code(), 0, "{verified:?}");
        let exact = format!("exact, {votes} votes");
        assert!(verified.output.contains(&exact), "{verified:?}");
        let counts = Api::through(&self.nginx.url()).counts(poll).await;
        assert_eq!(usize::try_from(counts.iter().sum::<u64>()), Ok(votes));
    }

    /// Ends all of it; the instances must end well.
    pub(crate) async fn end(self) {
        assert!(
            self.redis.processes().len() == 1,
            "Redis was there throughout"
        );
        for instance in self.instances.into_iter().flatten() {
            instance.stop().await;
        }
    }
}

async fn start(directory: &Path, address: &str, arguments: &[String]) -> Server {
    let mut all = vec!["serve", "--listen", address];
    // What follows comes after, and so a test may set limits of its own.
    for (limit, value) in [("--vote-rate", "off"), ("--session-rate", "off")] {
        if !arguments.iter().any(|argument| argument == limit) {
            all.extend([limit, value]);
        }
    }
    all.extend(arguments.iter().map(String::as_str));
    let mut command = votify(directory, &all);
    command.env("VOTIFY_SECRET", SECRET);
    Server::spawn(command).await
}

/// Waits until something holds that is asked for again and again.
pub(crate) async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < end, "{what}: not within {limit:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
