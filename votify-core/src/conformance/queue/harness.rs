use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::ballot::{Ballot, Choice};
use crate::conformance::fixture::{Fixture, QueueFixture, QueueInstance};
use crate::conformance::store::builders::{at, ballot_id, voter};
use crate::id::{OptionId, PollId};
use crate::poll::SealCause;
use crate::queue::{BallotRecord, CloseMarker, DeliveredRecord, QueueBatch, QueueConsumer};

/// How long a case waits for records. No queue takes a tenth of it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a case waits for a record that must not come.
const SILENCE: Duration = Duration::from_millis(200);

/// An empty queue, and the calls of cases that expect no errors.
pub(crate) struct Harness {
    backend: Fixture<dyn QueueInstance>,
    max_rebalance_time: Duration,
}

impl Harness {
    pub(crate) async fn open(fixture: &dyn QueueFixture) -> Self {
        Self {
            backend: fixture.fresh().await,
            max_rebalance_time: fixture.max_rebalance_time(),
        }
    }

    pub(crate) fn instance(&self) -> std::sync::Arc<dyn QueueInstance> {
        self.backend.instance()
    }

    /// Returns another instance on the same log, or the same one if there can be only one.
    pub(crate) async fn second_instance(&self) -> std::sync::Arc<dyn QueueInstance> {
        self.backend.second_instance().await
    }

    pub(crate) async fn consumer(&self, group: &str) -> Consumer {
        Consumer(self.backend.instance().consumer(group).await)
    }

    pub(crate) async fn enqueue(&self, records: &[BallotRecord]) {
        let results = self.instance().queue().enqueue(records).await;
        assert_eq!(results.len(), records.len(), "one result per record");
        for result in results {
            result.expect("enqueue succeeds");
        }
    }

    pub(crate) async fn enqueue_close(&self, markers: &[CloseMarker]) {
        let results = self.instance().queue().enqueue_close(markers).await;
        assert_eq!(results.len(), markers.len(), "one result per marker");
        for result in results {
            result.expect("enqueue_close succeeds");
        }
    }

    /// Returns the time until which a consumer must have its partitions.
    pub(crate) fn rebalance_deadline(&self) -> Instant {
        Instant::now() + self.max_rebalance_time + TIMEOUT
    }
}

/// A consumer whose calls succeed.
pub(crate) struct Consumer(pub(crate) Box<dyn QueueConsumer>);

impl Consumer {
    /// Returns the next batch, of at most `max` records.
    pub(crate) async fn next_batch(&mut self, max: usize) -> QueueBatch {
        let read = async {
            loop {
                let batch = self.0.next_batch(max).await.expect("next_batch succeeds");
                if !batch.records.is_empty() {
                    return batch;
                }
            }
        };
        let batch = timeout(TIMEOUT, read).await;
        let batch = batch.expect("records arrive in time");
        assert!(
            batch.records.len() <= max,
            "a batch has at most {max} records, but this one has {}",
            batch.records.len()
        );
        batch
    }

    /// Returns the next batch, or `None` if none arrives soon.
    pub(crate) async fn try_next(&mut self, max: usize) -> Option<QueueBatch> {
        let batch = timeout(SILENCE, self.0.next_batch(max)).await.ok()?;
        let batch = batch.expect("next_batch succeeds");
        (!batch.records.is_empty()).then_some(batch)
    }

    /// Reads exactly `count` records without a commit.
    pub(crate) async fn read(&mut self, count: usize) -> QueueBatch {
        let mut all = QueueBatch::default();
        while all.records.len() < count {
            let rest = count - all.records.len();
            all.records.extend(self.next_batch(rest).await.records);
        }
        all
    }

    pub(crate) async fn commit(&mut self, batch: &QueueBatch) {
        self.0.commit(batch).await.expect("commit succeeds");
    }

    /// Asserts that no record arrives.
    pub(crate) async fn assert_silent(&mut self) {
        let batch = self.try_next(1).await;
        assert_eq!(batch, None, "no record may be delivered");
    }
}

/// Returns the poll with this number. Polls with different numbers use all partitions.
pub(crate) fn poll(number: u8) -> PollId {
    PollId::from_bytes([number; 16])
}

/// Returns the record of a ballot. Its voter, id, choice and time depend on `number`.
pub(crate) fn record(poll: PollId, number: u32) -> BallotRecord {
    BallotRecord {
        ballot: Ballot {
            id: ballot_id(number),
            poll,
            voter: voter(number),
            choice: Choice::one(OptionId::from_bytes([9; 16])),
            address: None,
            accepted: None,
        },
        accepted_at: at(u64::from(number)),
    }
}

/// Returns a close marker whose times depend on `seconds`.
pub(crate) fn marker(poll: PollId, cause: SealCause, seconds: u64) -> CloseMarker {
    CloseMarker {
        poll,
        cause,
        closes_at: (cause == SealCause::Deadline).then(|| at(seconds)),
        at: at(seconds + 10),
    }
}

/// Groups records by poll, in the order of their delivery.
pub(crate) fn by_poll(
    records: impl IntoIterator<Item = DeliveredRecord>,
) -> BTreeMap<PollId, Vec<DeliveredRecord>> {
    let mut polls: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for record in records {
        polls.entry(record.record.poll()).or_default().push(record);
    }
    polls
}
