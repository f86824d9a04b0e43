use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use votify_core::tally::{TallyView, ViewPosition};
use votify_core::{Audience, Caller, Poll, Position, Tally};

use super::instances::Instances;

/// One viewer on each instance. The instances have no broadcaster, so votes of the other
/// instance arrive through the store only.
pub(crate) struct Viewers {
    views: Vec<watch::Receiver<Option<TallyView>>>,
    tasks: Vec<JoinHandle<()>>,
    poll: Arc<Poll>,
}

impl Viewers {
    pub(crate) async fn watch(instances: &Instances, poll: &Arc<Poll>) -> Self {
        let (mut views, mut tasks) = (Vec::new(), Vec::new());
        for engine in &instances.engines {
            let (sender, receiver) = watch::channel(None);
            let mut watch = engine
                .watch(poll.id, &Caller::anonymous(), None)
                .await
                .unwrap();
            tasks.push(tokio::spawn(async move {
                let mut last = Position::START;
                while let Some(frame) = watch.next().await {
                    let ViewPosition::Shown(position) = frame.view.position() else {
                        panic!("counts are hidden");
                    };
                    assert!(position >= last, "{position:?} after {last:?}");
                    last = position;
                    sender.send_replace(Some(frame.view.clone()));
                }
            }));
            views.push(receiver);
        }
        Self {
            views,
            tasks,
            poll: Arc::clone(poll),
        }
    }

    pub(crate) async fn assert_exact_within(&self, limit: Duration, tally: &Tally) {
        let exact = TallyView::new(&self.poll, tally, Audience::Public);
        let waits = self.views.iter().map(|view| {
            let mut view = view.clone();
            let exact = &exact;
            async move {
                let _ = view.wait_for(|view| view.as_ref() == Some(exact)).await;
            }
        });
        let all = futures_util::future::join_all(waits);
        if timeout(limit, all).await.is_err() {
            let views: Vec<_> = self
                .views
                .iter()
                .map(|view| view.borrow().clone())
                .collect();
            panic!("expected {exact:?} within {limit:?}, found {views:?}");
        }
    }

    /// Ends the viewers, and fails if a position decreased.
    pub(crate) async fn stop(self) {
        for task in self.tasks {
            if task.is_finished() {
                task.await.unwrap();
            } else {
                task.abort();
            }
        }
    }
}
