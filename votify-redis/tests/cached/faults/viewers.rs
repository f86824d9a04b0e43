use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use votify_core::tally::{TallyView, ViewPosition};
use votify_core::{Audience, Caller, Poll, Position, Tally};

use super::fleet::Fleet;

/// One viewer at each instance. No news pass between the instances, so what the other one counts is seen in the store
/// alone.
pub(crate) struct Viewers {
    seen: Vec<watch::Receiver<Option<TallyView>>>,
    tasks: Vec<JoinHandle<()>>,
    poll: Arc<Poll>,
}

impl Viewers {
    pub(crate) async fn of(fleet: &Fleet, poll: &Arc<Poll>) -> Self {
        let (mut seen, mut tasks) = (Vec::new(), Vec::new());
        for engine in &fleet.engines {
            let (shown, shows) = watch::channel(None);
            let mut watching = engine
                .watch(poll.id, &Caller::anonymous(), None)
                .await
                .unwrap();
            tasks.push(tokio::spawn(async move {
                let mut last = Position::START;
                while let Some(frame) = watching.next().await {
                    let ViewPosition::Shown(position) = frame.view.position() else {
                        panic!("counts are shown");
                    };
                    assert!(position >= last, "a viewer never goes back");
                    last = position;
                    shown.send_replace(Some(frame.view.clone()));
                }
            }));
            seen.push(shows);
        }
        Self {
            seen,
            tasks,
            poll: Arc::clone(poll),
        }
    }

    pub(crate) async fn exact_within(&self, limit: Duration, tally: &Tally) {
        let exact = TallyView::new(&self.poll, tally, Audience::Public);
        let all = self.seen.iter().map(|seen| {
            let mut seen = seen.clone();
            let exact = &exact;
            async move {
                let _ = seen.wait_for(|view| view.as_ref() == Some(exact)).await;
            }
        });
        let all = futures_util::future::join_all(all);
        if timeout(limit, all).await.is_err() {
            let seen: Vec<_> = self.seen.iter().map(|seen| seen.borrow().clone()).collect();
            panic!("not exact after {limit:?}: {seen:?} instead of {exact:?}");
        }
    }

    /// Nobody may have seen a position go down.
    pub(crate) async fn end(self) {
        for task in self.tasks {
            if task.is_finished() {
                task.await.unwrap();
            } else {
                task.abort();
            }
        }
    }
}
