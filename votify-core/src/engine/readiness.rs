use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;

use crate::broadcast::{Broadcaster, NodeId, Topic, Update};
use crate::engine::PollEngine;
use crate::id::PollId;
use crate::store::Store;

/// A poll that does not exist.
const NOBODY: PollId = PollId::from_bytes([0; 16]);

/// Whether each part that the engine leans on answers.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// The parts.
    pub parts: Vec<ComponentReadiness>,
}

/// Whether one part answers.
#[derive(Debug, Clone)]
pub struct ComponentReadiness {
    /// What it does: `store`, `broadcaster`.
    pub part: &'static str,
    /// What does it: `sqlite`, `local`.
    pub backend: &'static str,
    /// Whether votes are taken only with it. Without any other part they go on, and something is slower or weaker.
    pub needed: bool,
    /// Whether it answered in time.
    pub ready: bool,
}

impl Readiness {
    /// How long a part that is not needed is waited for: less than whoever asks commonly waits for the whole answer.
    pub const TIMEOUT: Duration = Duration::from_millis(500);

    /// Whether every needed part answers.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.parts.iter().all(|part| part.ready || !part.needed)
    }
}

impl PollEngine {
    /// Asks every part that the engine leans on for a sign of life, all at the same time. The store has as long for it as for
    /// a vote, the broadcaster [half a second](Readiness::TIMEOUT).
    pub async fn check_ready(&self) -> Readiness {
        let (store, broadcaster) = (&self.inner.reader.store, &self.inner.broadcaster);
        let (has_store, has_news) = tokio::join!(
            in_time(self.inner.config.store_timeout, answers(&**store)),
            in_time(Readiness::TIMEOUT, carries_news(&**broadcaster)),
        );
        Readiness {
            parts: vec![
                ComponentReadiness {
                    part: "store",
                    backend: store.backend(),
                    needed: true,
                    ready: has_store,
                },
                ComponentReadiness {
                    part: "broadcaster",
                    backend: broadcaster.backend(),
                    needed: false,
                    ready: has_news,
                },
            ],
        }
    }
}

async fn in_time(within: Duration, ready: impl Future<Output = bool>) -> bool {
    timeout(within, ready).await.unwrap_or(false)
}

async fn answers(store: &dyn Store) -> bool {
    store.polls(&[NOBODY]).await.is_ok()
}

/// Whether what is sent arrives: a broadcaster may take in both subscriptions and updates while it is away.
async fn carries_news(broadcaster: &dyn Broadcaster) -> bool {
    let Ok(mut deliveries) = broadcaster.subscribe(&Topic::Poll(NOBODY)).await else {
        return false;
    };
    let sign = Update::Viewers {
        poll: NOBODY,
        node: NodeId(0),
        viewers: 0,
    };
    broadcaster.publish(&[sign]).await.is_ok() && deliveries.next().await.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(needed: bool, ready: bool) -> ComponentReadiness {
        ComponentReadiness {
            part: "part",
            backend: "backend",
            needed,
            ready,
        }
    }

    #[test]
    fn only_a_needed_part_makes_it_unready() {
        for (parts, ready) in [
            ([part(true, true), part(false, false)], true),
            ([part(true, false), part(false, true)], false),
        ] {
            let parts = parts.into();
            assert_eq!(Readiness { parts }.is_ready(), ready);
        }
    }

    #[tokio::test]
    async fn all_parts_in_this_process_answer() {
        let readiness = PollEngine::new(crate::MemoryStore::new())
            .check_ready()
            .await;
        assert!(
            readiness.parts.iter().all(|part| part.ready),
            "{readiness:?}"
        );
    }
}
