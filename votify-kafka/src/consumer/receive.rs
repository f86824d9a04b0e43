use futures_util::FutureExt;
use rdkafka::consumer::Consumer;
use rdkafka::message::BorrowedMessage;

use super::blocked::Blocked;
use super::{Driver, KafkaConsumer};
use crate::error::Error;

/// Maximum number of records that are received while no batch is asked for.
const MAX_HELD: usize = 100_000;

impl KafkaConsumer {
    /// Receives what the client has, until `max` records of partitions that are not blocked
    /// wait. Never waits.
    ///
    /// # Errors
    /// The client's error, if no record waits. It repeats its errors.
    pub(super) fn receive(&mut self, driver: &Driver, max: usize) -> Result<(), Error> {
        // Blocked partitions are paused, and their records wait beside the others.
        let mut waiting = self.buffer.len_without(&self.blocked);
        while waiting < max {
            match driver.recv().now_or_never() {
                Some(Ok(message)) => {
                    self.push(&message);
                    waiting += 1;
                }
                Some(Err(error)) if waiting == 0 => return Err(self.error(&error)),
                Some(Err(_)) | None => break,
            }
        }
        self.buffer.drop_lost(&self.context);
        Ok(())
    }

    /// Adds a received message to the buffer.
    pub(super) fn push(&mut self, message: &BorrowedMessage<'_>) {
        self.buffer
            .push(message, &self.context, self.settings.partitions);
    }

    /// Receives the events of the group, and a few records, while no batch is asked for.
    /// The client fetches no further records.
    ///
    /// # Errors
    /// - [`Error::Unavailable`]: the client cannot pause.
    pub(super) fn hold(&mut self, driver: &Driver) -> Result<(), Error> {
        let assignment = driver.assignment().map_err(|error| self.error(&error))?;
        if assignment.count() > 0 {
            driver
                .pause(&assignment)
                .map_err(|error| self.error(&error))?;
        }
        self.is_paused = true;
        // An error is one of a connection, which the client opens again.
        let _ = self.receive(driver, MAX_HELD);
        Ok(())
    }

    /// Lets the client fetch records again, if it was held.
    ///
    /// # Errors
    /// - [`Error::Unavailable`]: the client cannot resume.
    pub(super) fn resume(&mut self, driver: &Driver) -> Result<(), Error> {
        if self.is_paused {
            let assignment = driver.assignment().map_err(|error| self.error(&error))?;
            driver
                .resume(&assignment)
                .map_err(|error| self.error(&error))?;
            self.is_paused = false;
            // The call above has resumed them too.
            self.blocked = Blocked::default();
        }
        Ok(())
    }
}
