use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use super::Driver;

const INTERVAL: Duration = Duration::from_secs(2);
/// The time that the leader of a partition may take to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Asks the brokers for the ends of the logs while the client fetches nothing, so that the
/// lag grows while an aggregator waits for its store.
#[derive(Debug, Default)]
pub(super) struct LogEndReader {
    task: Option<JoinHandle<()>>,
    started: Option<Instant>,
}

impl LogEndReader {
    /// Starts a read in the background, unless one is running or ended a moment ago.
    pub(super) fn refresh(&mut self, driver: &Arc<Driver>, topic: &str) {
        let is_running = self.task.as_ref().is_some_and(|task| !task.is_finished());
        let is_recent = self
            .started
            .is_some_and(|started| started.elapsed() < INTERVAL);
        if is_running || is_recent {
            return;
        }
        self.started = Some(Instant::now());
        let (driver, topic) = (Arc::clone(driver), topic.to_owned());
        self.task = Some(spawn_blocking(move || {
            let context = driver.context();
            for (partition, _) in context.log_ends() {
                let Ok(number) = i32::try_from(partition) else {
                    continue;
                };
                // A leader that does not answer will be asked again.
                let Ok((_, end)) = driver.fetch_watermarks(&topic, number, TIMEOUT) else {
                    return;
                };
                context.record_end(partition, end);
            }
        }));
    }
}
