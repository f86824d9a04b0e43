//! The laws of the queue's traits on a mock cluster.

use std::time::Duration;

use async_trait::async_trait;
use votify_core::conformance::{Fixture, QueueFixture, QueueInstance};

use crate::cluster::{Cluster, Instance};

struct Mock;

#[async_trait]
impl QueueFixture for Mock {
    async fn fresh(&self) -> Fixture<dyn QueueInstance> {
        let cluster = Cluster::start();
        let settings = cluster.settings.clone();
        let open = move || {
            let settings = settings.clone();
            async move { Instance::open(&settings).await }
        };
        Fixture::<dyn QueueInstance>::open(open)
            .await
            .keeping_alive(cluster)
    }

    fn max_rebalance_time(&self) -> Duration {
        Duration::from_secs(20)
    }
}

votify_core::queue_conformance!(Mock);
