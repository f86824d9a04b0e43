use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use votify_core::engine::EngineConfig;
use votify_core::engine::live::{Frame, Watch};
use votify_core::{
    Broadcaster, Caller, Choice, Keyring, MemoryStore, Poll, PollDraft, PollEngine, SessionId,
};

use super::WAIT_LIMIT;

/// Two engines on one store. Votes are cast on one engine, and a viewer watches the poll
/// on the other.
pub struct EnginePair {
    /// The engine that votes are cast on.
    pub voting: PollEngine,
    /// The engine with the viewer.
    pub watching: PollEngine,
    /// The poll.
    pub poll: Arc<Poll>,
    watch: Watch,
}

impl EnginePair {
    /// Builds an engine for each broadcaster, creates a poll and watches it.
    pub async fn new(voting: impl Broadcaster, watching: impl Broadcaster) -> Self {
        let (store, keyring) = (Arc::new(MemoryStore::new()), Keyring::ephemeral());
        // Without resync and schedule: updates reach the other engine by its broadcaster
        // only.
        let never = Duration::from_secs(3_600);
        let config = EngineConfig {
            resync_interval: never,
            schedule_interval: never,
            ..EngineConfig::default()
        };
        let builder = PollEngine::builder(Arc::clone(&store));
        let builder = builder.broadcaster(voting).keyring(keyring.clone());
        let voting = builder.config(config.clone()).build();
        let builder = PollEngine::builder(store);
        let builder = builder.broadcaster(watching).keyring(keyring);
        let watching = builder.config(config).build();

        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let poll = voting.create_poll(draft).await.unwrap();
        let viewer = Caller::session(SessionId::random());
        let watch = watching.watch(poll.id, &viewer, None).await.unwrap();
        let mut pair = Self {
            voting,
            watching,
            poll,
            watch,
        };
        pair.wait_for_votes(0).await;
        pair
    }

    /// Casts a vote of a new voter.
    pub async fn vote(&self) {
        let voter = Caller::session(SessionId::random());
        let choice = Choice::one(self.poll.options[0].id);
        self.voting
            .vote(self.poll.id, &voter, choice)
            .await
            .unwrap();
    }

    /// Casts 20 votes and checks that the viewer receives each of them.
    pub async fn votes_reach_the_viewer(&mut self) {
        for votes in 1..=20 {
            self.vote().await;
            self.wait_for_votes(votes).await;
        }
    }

    /// Waits until the viewer receives a frame with this total.
    pub async fn wait_for_votes(&mut self, votes: u64) {
        self.wait_for_frame(|frame| frame.view.total_votes() == Some(votes))
            .await;
    }

    /// Waits until the viewer receives a frame with this property.
    pub async fn wait_for_frame(&mut self, matches: impl Fn(&Frame) -> bool) -> Arc<Frame> {
        let waiting = async {
            loop {
                let frame = self.watch.next().await.unwrap();
                if matches(&frame) {
                    return frame;
                }
            }
        };
        tokio::time::timeout(WAIT_LIMIT, waiting).await.unwrap()
    }

    /// Shuts both engines down.
    pub async fn shutdown(self) {
        self.voting.shutdown().await;
        self.watching.shutdown().await;
    }
}

impl fmt::Debug for EnginePair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnginePair")
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}
