use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::KafkaConsumer;
use super::buffer::UnreadableRecord;
use crate::error::Error;

/// The time that a read waits for dead letters. Longer sends go on beside it.
const SEND_WAIT: Duration = Duration::from_millis(200);
/// The time between two reads while dead letters are sent.
pub(super) const SEND_POLL: Duration = Duration::from_millis(50);
/// The time after which dead letters that could not be stored are sent again.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

type Sent = Result<Vec<Result<(), Error>>, Error>;

/// Dead letters on their way. A read that is dropped does not send them again.
#[derive(Debug)]
struct Sending {
    records: Vec<UnreadableRecord>,
    task: JoinHandle<Sent>,
}

/// The state of sending unreadable records to the topic of dead letters.
#[derive(Debug, Default)]
pub(super) struct UnreadableSender {
    sending: Option<Sending>,
    retry_at: Option<Instant>,
}

impl UnreadableSender {
    pub(super) const fn is_sending(&self) -> bool {
        self.sending.is_some()
    }
}

impl KafkaConsumer {
    /// Stores unreadable records with their reasons. Waits at most 200 ms for each attempt, so
    /// that the other partitions go on while the dead letters cannot be stored. Logs failures.
    pub(super) async fn set_unreadable_aside(&mut self) {
        let wait = if self.unreadable_sender.is_sending() {
            Duration::ZERO
        } else {
            self.send_unreadable();
            SEND_WAIT
        };
        let Some(sending) = &mut self.unreadable_sender.sending else {
            return;
        };
        let Ok(sent) = timeout(wait, &mut sending.task).await else {
            return;
        };
        let sent = sent.unwrap_or(Err(Error::TaskEnded));
        if let Some(sending) = self.unreadable_sender.sending.take() {
            self.record_sent(&sending.records, sent);
        }
    }

    /// Begins to send the unreadable records of the buffer, unless a failure was recent.
    fn send_unreadable(&mut self) {
        let retry_at = self.unreadable_sender.retry_at;
        if retry_at.is_some_and(|retry_at| Instant::now() < retry_at) {
            return;
        }
        let records = self.buffer.unreadable();
        if records.is_empty() {
            return;
        }
        let (dead_letters, sent) = (Arc::clone(&self.dead_letters), records.clone());
        let task = tokio::spawn(async move { dead_letters.send_unreadable(&sent).await });
        self.unreadable_sender.sending = Some(Sending { records, task });
    }

    fn record_sent(&mut self, records: &[UnreadableRecord], sent: Sent) {
        let mut failure = None;
        match sent {
            Ok(results) => {
                for (record, result) in records.iter().zip(results) {
                    match result {
                        Ok(()) => self.record_set_aside(record),
                        Err(error) => failure = Some((record.source.partition, error)),
                    }
                }
            }
            Err(error) => failure = records.first().map(|one| (one.source.partition, error)),
        }
        self.unreadable_sender.retry_at = None;
        if let Some((partition, error)) = failure {
            self.unreadable_sender.retry_at = Some(Instant::now() + RETRY_INTERVAL);
            tracing::error!(
                partition,
                error = &error as &dyn std::error::Error,
                "failed to set aside records of the queue that cannot be read; their \
                 partitions wait, will retry"
            );
        }
    }

    fn record_set_aside(&mut self, record: &UnreadableRecord) {
        tracing::error!(
            partition = record.source.partition,
            log_position = record.source.log_position,
            reason = record.reason,
            "a record of the queue cannot be read and was set aside"
        );
        self.buffer.mark_set_aside(record.source);
        self.unreadable += 1;
    }
}
