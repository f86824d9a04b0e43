use tokio::sync::watch;
use votify_core::PollId;

/// Whether Redis is asked at all: not from the first call that it leaves unanswered until it answers a probe.
///
/// So votes wait for a Redis that is away only at first, not each for itself.
#[derive(Debug)]
pub(super) struct Breaker {
    /// The poll that could not be asked for; on a cluster it tells which node is to be probed.
    broken_by: watch::Sender<Option<PollId>>,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self {
            broken_by: watch::Sender::new(None),
        }
    }

    pub(super) fn lets_through(&self) -> bool {
        self.broken_by.borrow().is_none()
    }

    /// Redis did not answer. Tells whether this is news.
    pub(super) fn trip(&self, poll: PollId) -> bool {
        self.broken_by.send_if_modified(|broken_by| {
            let news = broken_by.is_none();
            broken_by.get_or_insert(poll);
            news
        })
    }

    pub(super) fn mend(&self) {
        self.broken_by.send_replace(None);
    }

    /// Waits until it is broken, and tells by which poll.
    pub(super) async fn broken(&self) -> PollId {
        let mut broken_by = self.broken_by.subscribe();
        loop {
            if let Some(poll) = *broken_by.borrow_and_update() {
                return poll;
            }
            if broken_by.changed().await.is_err() {
                // The sender is this value's own.
                std::future::pending::<()>().await;
            }
        }
    }
}
