//! The laws of queues.
//!
//! The ordinary suite checks all laws on one server, and every third law on a cluster. The
//! endurance suite checks all laws on a cluster.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use votify_core::conformance::{Fixture, QueueFixture, QueueInstance};
#[cfg(feature = "cluster")]
use votify_core::conformance::{QUEUE_CASES, check_queue};
use votify_core::queue::{BallotQueue, QueueConsumer};
use votify_redis::{Redis, RedisQueue};
#[cfg(feature = "cluster")]
use votify_test_support::redis::Cluster;
use votify_test_support::redis::{Server, Url, new_prefix, unavailable};

use crate::harness::{LEASE, config, shared};

struct OnServer<S>(Option<S>);

struct Instance(RedisQueue);

#[async_trait]
impl QueueInstance for Instance {
    fn queue(&self) -> Arc<dyn BallotQueue> {
        shared(&self.0)
    }

    async fn consumer(&self, group: &str) -> Box<dyn QueueConsumer> {
        Box::new(self.0.consumer(group).await.unwrap())
    }
}

#[async_trait]
impl<S: Url> QueueFixture for OnServer<S> {
    async fn fresh(&self) -> Fixture<dyn QueueInstance> {
        let url = self.0.as_ref().unwrap().url();
        let prefix = new_prefix();
        Fixture::open(move || {
            let (url, prefix) = (url.clone(), prefix.clone());
            async move {
                let redis = Redis::connect(&url).await.unwrap();
                let redis = redis.with_prefix(&prefix).unwrap();
                let queue = RedisQueue::open(redis, config()).await.unwrap();
                Arc::new(Instance(queue)) as Arc<dyn QueueInstance>
            }
        })
        .await
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }

    fn max_rebalance_time(&self) -> Duration {
        2 * LEASE
    }
}

mod single {
    votify_core::queue_conformance!(super::OnServer(super::Server::new()));
}

#[cfg(feature = "cluster")]
#[test]
fn selected_laws_hold_on_a_private_server_cluster() {
    let fixture = OnServer(Cluster::new());
    for case in QUEUE_CASES.iter().step_by(3) {
        eprintln!("{case:?}");
        check_queue(&fixture, case.name);
    }
}

#[cfg(feature = "cluster")]
mod endurance {
    use super::*;

    #[test]
    fn all_laws_hold_on_a_private_server_cluster() {
        let fixture = OnServer(Cluster::new());
        for case in QUEUE_CASES {
            check_queue(&fixture, case.name);
        }
    }
}
