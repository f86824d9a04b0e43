//! The suite's own test for the siblings: broadcasters and rate limiters with one fault each fail the case that is there
//! to catch it. Faults that show by silence alone are left out: a case waits a minute before it calls something lost.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::ready;

use votify_core::backend::SlidingWindow;
use votify_core::broadcast::{
    BroadcastError, Broadcaster, Delivery, DeliveryStream, Topic, Update,
};
use votify_core::conformance::{
    BroadcasterFixture, FreshBroadcaster, FreshLimiter, LimiterFixture, check_broadcaster,
    check_limiter,
};
use votify_core::limit::{LimitError, LimitKey, Permit, Quota, RateLimiter};
use votify_core::time::Timestamp;
use votify_core::{MemoryBroadcaster, MemoryRateLimiter};

#[derive(Debug, Clone, Copy, PartialEq)]
enum NewsFault {
    /// Sends everything twice.
    Repeats,
    /// Says nothing of what a slow reader lost.
    HidesLosses,
    /// Leaves out the sample of single votes.
    CutsUpdates,
}

#[derive(Debug)]
struct FaultyBroadcaster {
    carrier: MemoryBroadcaster,
    fault: Option<NewsFault>,
}

impl FaultyBroadcaster {
    fn has(&self, fault: NewsFault) -> bool {
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
        if self.has(NewsFault::CutsUpdates) {
            for update in &mut updates {
                if let Update::TallyChanged { votes, .. } = update {
                    votes.clear();
                }
            }
        }
        self.carrier.publish(&updates).await?;
        if self.has(NewsFault::Repeats) {
            self.carrier.publish(&updates).await?;
        }
        Ok(())
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        let deliveries = self.carrier.subscribe(topic).await?;
        if self.has(NewsFault::HidesLosses) {
            let told = |delivery: &Delivery| ready(*delivery != Delivery::Lagged);
            return Ok(deliveries.filter(told).boxed());
        }
        Ok(deliveries)
    }
}

struct News(Option<NewsFault>);

#[async_trait]
impl BroadcasterFixture for News {
    async fn fresh(&self) -> FreshBroadcaster {
        FreshBroadcaster::new(Arc::new(FaultyBroadcaster {
            carrier: MemoryBroadcaster::new(),
            fault: self.0,
        }))
    }
}

fn news_catches(case: &str, fault: NewsFault) {
    check_broadcaster(&News(None), case);
    let check = || check_broadcaster(&News(Some(fault)), case);
    let caught = catch_unwind(AssertUnwindSafe(check));
    assert!(caught.is_err(), "{case} does not see that it {fault:?}");
}

#[test]
fn repeated_updates_are_caught() {
    news_catches("nothing_arrives_twice", NewsFault::Repeats);
}

#[test]
fn hidden_losses_are_caught() {
    let case = "a_slow_reader_misses_and_blocks_nobody";
    news_catches(case, NewsFault::HidesLosses);
}

#[test]
fn cut_updates_are_caught() {
    let case = "every_kind_of_update_arrives_as_it_was";
    news_catches(case, NewsFault::CutsUpdates);
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum LimitFault {
    /// Reads and writes its counts in two steps.
    Races,
    /// Counts refused attempts too.
    ChargesRefusals,
    /// Counts all keys together.
    MixesKeys,
    /// Counts in fixed windows.
    CountsByTheMinute,
}

#[derive(Debug, Default)]
struct FaultyLimiter {
    fault: Option<LimitFault>,
    sound: MemoryRateLimiter,
    windows: Mutex<HashMap<LimitKey, SlidingWindow>>,
    attempts: Mutex<HashMap<LimitKey, Vec<Timestamp>>>,
}

#[async_trait]
impl RateLimiter for FaultyLimiter {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    async fn acquire(
        &self,
        key: &LimitKey,
        quota: &Quota,
        now: Timestamp,
    ) -> Result<Permit, LimitError> {
        match self.fault {
            None => self.sound.acquire(key, quota, now).await,
            Some(LimitFault::MixesKeys) => {
                let one = LimitKey::from_bytes([0; 16]);
                self.sound.acquire(&one, quota, now).await
            }
            Some(LimitFault::Races) => {
                let known = self.windows.lock().unwrap().get(key).copied();
                let mut window = known.unwrap_or_default();
                tokio::task::yield_now().await;
                let permit = window.acquire(quota, now);
                self.windows.lock().unwrap().insert(*key, window);
                Ok(permit)
            }
            Some(fault) => {
                let mut attempts = self.attempts.lock().unwrap();
                let own = attempts.entry(*key).or_default();
                own.push(now);
                let minute = |time: Timestamp| time.as_micros() / 60_000_000;
                let counts = |time: &&Timestamp| match fault {
                    LimitFault::CountsByTheMinute => minute(**time) == minute(now),
                    _ => now.saturating_since(**time) < quota.period(),
                };
                Ok(permit(own.iter().filter(counts).count(), quota))
            }
        }
    }
}

fn permit(used: usize, quota: &Quota) -> Permit {
    let used = u32::try_from(used).unwrap();
    let left = u32::from(quota.limit()).checked_sub(used);
    Permit {
        granted: left.is_some(),
        remaining: left.unwrap_or(0),
        reset_after: quota.period(),
        retry_after: quota.period(),
    }
}

struct Limits(Option<LimitFault>);

#[async_trait]
impl LimiterFixture for Limits {
    async fn fresh(&self) -> FreshLimiter {
        FreshLimiter::new(Arc::new(FaultyLimiter {
            fault: self.0,
            ..FaultyLimiter::default()
        }))
    }
}

fn limits_catch(case: &str, fault: LimitFault) {
    check_limiter(&Limits(None), case);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        check_limiter(&Limits(Some(fault)), case);
    }));
    assert!(caught.is_err(), "{case} does not see that it {fault:?}");
}

#[test]
fn a_racy_limiter_is_caught() {
    limits_catch("attempts_at_once_share_the_limit", LimitFault::Races);
}

#[test]
fn a_limiter_that_charges_refusals_is_caught() {
    let case = "a_refused_attempt_costs_nothing";
    limits_catch(case, LimitFault::ChargesRefusals);
}

#[test]
fn a_limiter_that_mixes_keys_is_caught() {
    limits_catch("keys_do_not_affect_each_other", LimitFault::MixesKeys);
}

#[test]
fn a_limiter_of_fixed_windows_is_caught() {
    let case = "no_stretch_of_a_period_sees_more_than_the_limit";
    limits_catch(case, LimitFault::CountsByTheMinute);
}
