use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

use super::nginx::Nginx;
use crate::api::{Api, Poll};
use crate::program::{ProgramExit, Server, run, votify};
use votify_test_support::redis;
use votify_test_support::sql::ScratchDatabase;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The address of nginx. Test clients use other loopback addresses.
const TRUSTED: &str = "127.0.0.1/32";

/// Three instances behind nginx, with their database and Redis. One fleet at a time runs
/// in a process, because a fleet needs much memory.
pub(crate) struct Fleet {
    pub(crate) nginx: Nginx,
    instances: [Option<Server>; 3],
    arguments: Vec<String>,
    directory: TempDir,
    redis: redis::Server,
    database: ScratchDatabase,
    _guard: MutexGuard<'static, ()>,
}

impl Fleet {
    /// Starts a fleet. Reports and returns `None` if a server is missing and tests are
    /// not configured to require it.
    pub(crate) async fn open(more: &[&str]) -> Option<Self> {
        static RUNNING: Mutex<()> = Mutex::const_new(());
        let guard = RUNNING.lock().await;
        let database = ScratchDatabase::postgres().await?;
        let redis = redis::Server::new()?;
        let directory = tempfile::tempdir().unwrap();
        let (store, redis_url) = (database.url(), redis.url());
        let mut arguments: Vec<String> = [
            "--store",
            store,
            "--migrate",
            "--broadcast",
            &redis_url,
            "--cache",
            &redis_url,
            "--limits",
            &redis_url,
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
            _guard: guard,
        })
    }

    pub(crate) fn instance(&self, index: usize) -> &Server {
        self.instances[index].as_ref().expect("the instance runs")
    }

    /// Returns the running instances.
    pub(crate) fn instances(&self) -> impl Iterator<Item = &Server> {
        self.instances.iter().flatten()
    }

    /// Kills an instance.
    pub(crate) async fn kill(&mut self, index: usize) {
        let instance = self.instances[index].take().expect("the instance runs");
        instance.signal(Signal::KILL);
        instance.wait().await;
    }

    /// Stops an instance with SIGTERM and asserts the exit code 0.
    pub(crate) async fn stop(&mut self, index: usize) {
        self.instances[index]
            .take()
            .expect("the instance runs")
            .stop()
            .await;
    }

    /// Starts an instance at its previous address.
    pub(crate) async fn start(&mut self, index: usize, address: &str) {
        let server = start(self.directory.path(), address, &self.arguments).await;
        self.instances[index] = Some(server);
    }

    /// Returns a value of `/metrics` of each running instance.
    pub(crate) async fn metric(&self, name: &str) -> Vec<u64> {
        let mut numbers = Vec::new();
        for instance in self.instances() {
            let response = reqwest::get(instance.url("/metrics")).await.unwrap();
            let text = response.text().await.unwrap();
            let number = text.lines().find_map(|line| {
                let (key, number) = line.split_once(' ')?;
                (key == name).then(|| number.parse().unwrap())
            });
            numbers.push(number.unwrap_or_else(|| panic!("{name} in\n{text}")));
        }
        numbers
    }

    /// Asserts that `votify verify` finds the tally exact while the instances run.
    pub(crate) async fn assert_exact(&self, poll: &Poll, votes: usize) {
        let store = self.database.url();
        let verify = ["verify", &poll.id, "--store", store];
        let mut command = votify(self.directory.path(), &verify);
        let verified: ProgramExit = run(command.env("VOTIFY_SECRET", SECRET)).await;
        assert_eq!(verified.code(), 0, "{verified:?}");
        let exact = format!("exact, {votes} votes");
        assert!(verified.stdout.contains(&exact), "{verified:?}");
        let counts = Api::with_url(&self.nginx.url()).counts(poll).await;
        assert_eq!(usize::try_from(counts.iter().sum::<u64>()), Ok(votes));
    }

    /// Stops all instances and asserts the exit code 0.
    pub(crate) async fn shutdown(self) {
        assert!(
            self.redis.processes().len() == 1,
            "Redis was available during the whole test"
        );
        for instance in self.instances.into_iter().flatten() {
            instance.stop().await;
        }
    }
}

async fn start(directory: &Path, address: &str, arguments: &[String]) -> Server {
    let mut all = vec!["serve", "--listen", address];
    // Defaults, unless the test sets its own limits.
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

/// Polls a condition every 50 ms until it holds.
pub(crate) async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < end, "{what}: not within {limit:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
