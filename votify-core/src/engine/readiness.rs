use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;

use crate::broadcast::{Broadcaster, InstanceId, Topic, Update};
use crate::engine::PollEngine;
use crate::id::PollId;
use crate::queue::BallotQueue;
use crate::store::Store;

/// The id of a poll that does not exist, for probes.
const PROBE_POLL: PollId = PollId::from_bytes([0; 16]);

/// The readiness of each component that an engine depends on.
///
/// ```
/// use votify_core::{MemoryStore, PollEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// let readiness = engine.check_ready().await;
/// assert!(readiness.is_ready());
/// for component in &readiness.components {
///     println!("{} ({}): {}", component.component, component.backend, component.ready);
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Readiness {
    /// The components.
    pub components: Vec<ComponentReadiness>,
}

/// The readiness of one component.
#[derive(Debug, Clone)]
pub struct ComponentReadiness {
    /// The component: `store`, `queue`, `broadcaster` or `clock`.
    pub component: &'static str,
    /// The implementation: for example `sqlite` or `local`.
    pub backend: &'static str,
    /// True if votes fail without the component. Without an optional component votes
    /// continue, but something is slower or weaker. With a queue, the store is optional:
    /// votes are accepted and counted later.
    pub required: bool,
    /// True if the component replied in time, and the store takes writes as far as is
    /// known. For the clock, which is listed if the store has one of its own: true if both
    /// were at most 5 s apart when they were last compared, each minute.
    pub ready: bool,
}

impl Readiness {
    /// Timeout for the probe of an optional component: 500 ms, below the common timeout
    /// of readiness probes (1 s).
    pub const TIMEOUT: Duration = Duration::from_millis(500);

    /// Returns true if every required component is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let mut components = self.components.iter();
        components.all(|component| component.ready || !component.required)
    }
}

impl PollEngine {
    /// Probes every component that the engine depends on, all at the same time.
    ///
    /// The store and the queue have
    /// [`store_timeout`](crate::engine::EngineConfig::store_timeout) to reply, the
    /// broadcaster [500 ms](Readiness::TIMEOUT).
    pub async fn check_ready(&self) -> Readiness {
        let (store, broadcaster) = (&self.inner.loader.store, &self.inner.broadcaster);
        let store_timeout = self.inner.config.store_timeout;
        let queue = self.inner.queue.as_ref().map(|queue| queue.queue());
        let (store_ready, queue_ready, broadcaster_ready) = tokio::join!(
            in_time(store_timeout, store_ready(&**store)),
            in_time(store_timeout, queue_ready(queue)),
            in_time(Readiness::TIMEOUT, broadcaster_ready(&**broadcaster)),
        );
        let mut components = vec![
            ComponentReadiness {
                component: "store",
                backend: store.backend(),
                required: queue.is_none(),
                ready: store_ready,
            },
            ComponentReadiness {
                component: "broadcaster",
                backend: broadcaster.backend(),
                required: false,
                ready: broadcaster_ready,
            },
        ];
        components.extend(queue.map(|queue| ComponentReadiness {
            component: "queue",
            backend: queue.backend(),
            required: true,
            ready: queue_ready,
        }));
        if let Some(ready) = self.inner.loader.clock_monitor.last_result() {
            components.push(ComponentReadiness {
                component: "clock",
                backend: store.backend(),
                required: false,
                ready,
            });
        }
        Readiness { components }
    }
}

async fn in_time(limit: Duration, probe: impl Future<Output = bool>) -> bool {
    timeout(limit, probe).await.unwrap_or(false)
}

async fn store_ready(store: &dyn Store) -> bool {
    match store.check_ready().await {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(%error, "the store is not ready");
            false
        }
    }
}

async fn queue_ready(queue: Option<&dyn BallotQueue>) -> bool {
    let Some(queue) = queue else {
        return true;
    };
    match queue.check_ready().await {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(%error, "the queue is not ready");
            false
        }
    }
}

/// Publishes an update and waits for its delivery, because a broadcaster may accept
/// subscriptions and updates while it is disconnected.
async fn broadcaster_ready(broadcaster: &dyn Broadcaster) -> bool {
    let Ok(mut deliveries) = broadcaster.subscribe(&Topic::Poll(PROBE_POLL)).await else {
        return false;
    };
    let probe = Update::Viewers {
        poll: PROBE_POLL,
        instance: InstanceId(0),
        viewers: 0,
    };
    broadcaster.publish(&[probe]).await.is_ok() && deliveries.next().await.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(required: bool, ready: bool) -> ComponentReadiness {
        ComponentReadiness {
            component: "component",
            backend: "backend",
            required,
            ready,
        }
    }

    #[test]
    fn only_a_required_component_affects_readiness() {
        for (components, ready) in [
            ([component(true, true), component(false, false)], true),
            ([component(true, false), component(false, true)], false),
        ] {
            let components = components.into();
            assert_eq!(Readiness { components }.is_ready(), ready);
        }
    }

    #[tokio::test]
    async fn queue_is_required_and_makes_the_store_optional() {
        let queue = crate::MemoryQueue::with_size(1, 0);
        let engine = PollEngine::builder(crate::MemoryStore::new()).queue(queue);
        let readiness = engine.build().check_ready().await;
        let required: Vec<_> = readiness
            .components
            .iter()
            .filter(|one| one.required)
            .collect();
        assert_eq!(required.len(), 1);
        assert_eq!((required[0].component, required[0].ready), ("queue", false));
        assert!(!readiness.is_ready());
    }

    #[tokio::test]
    async fn in_process_components_are_ready() {
        let readiness = PollEngine::new(crate::MemoryStore::new())
            .check_ready()
            .await;
        assert!(
            readiness.components.iter().all(|one| one.ready),
            "{readiness:?}"
        );
    }
}
