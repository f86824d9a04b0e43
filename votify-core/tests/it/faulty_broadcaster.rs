//! Broadcasters with one fault each. Lost updates are not tested: a case waits a minute
//! before it reports one.

use std::future::ready;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use votify_core::MemoryBroadcaster;
use votify_core::broadcast::{
    BroadcastError, Broadcaster, Delivery, DeliveryStream, Topic, Update,
};
use votify_core::conformance::{BroadcasterFixture, Fixture, check_broadcaster};

use crate::assert_detected;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Publishes every update twice.
    DuplicateUpdates,
    /// Does not report `Delivery::Lagged`.
    UnreportedLag,
    /// Omits the sample of votes.
    TruncatedUpdates,
}

#[derive(Debug)]
struct FaultyBroadcaster {
    inner: MemoryBroadcaster,
    fault: Option<Fault>,
}

impl FaultyBroadcaster {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

#[async_trait]
impl Broadcaster for FaultyBroadcaster {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        let mut updates = updates.to_vec();
        if self.has(Fault::TruncatedUpdates) {
            for update in &mut updates {
                if let Update::TallyChanged { vote_sample, .. } = update {
                    vote_sample.clear();
                }
            }
        }
        self.inner.publish(&updates).await?;
        if self.has(Fault::DuplicateUpdates) {
            self.inner.publish(&updates).await?;
        }
        Ok(())
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        let deliveries = self.inner.subscribe(topic).await?;
        if self.has(Fault::UnreportedLag) {
            let is_update = |delivery: &Delivery| ready(*delivery != Delivery::Lagged);
            return Ok(deliveries.filter(is_update).boxed());
        }
        Ok(deliveries)
    }
}

struct WithFault(Option<Fault>);

#[async_trait]
impl BroadcasterFixture for WithFault {
    async fn fresh(&self) -> Fixture<dyn Broadcaster> {
        Fixture::new(Arc::new(FaultyBroadcaster {
            inner: MemoryBroadcaster::new(),
            fault: self.0,
        }))
    }
}

/// Asserts that the case passes without the fault and fails with it.
fn assert_case_detects(case: &str, fault: Fault) {
    check_broadcaster(&WithFault(None), case);
    assert_detected(case, fault, || {
        check_broadcaster(&WithFault(Some(fault)), case);
    });
}

#[test]
fn duplicate_updates_are_detected() {
    assert_case_detects("no_update_arrives_twice", Fault::DuplicateUpdates);
}

#[test]
fn unreported_lag_is_detected() {
    assert_case_detects(
        "slow_subscriber_lags_and_blocks_no_one",
        Fault::UnreportedLag,
    );
}

#[test]
fn truncated_updates_are_detected() {
    assert_case_detects(
        "updates_of_every_kind_arrive_unchanged",
        Fault::TruncatedUpdates,
    );
}
