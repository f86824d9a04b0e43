use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use votify_core::{Store, VoterId};

use super::leases::Shared;
use super::mark::Mark;
use super::redis::Snapshot;
use super::write_behind::News;

/// How many polls are written at once.
const AT_ONCE: usize = 16;
/// How long finding out about one poll, and writing it, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many voters are looked up in one question to the store.
const CHUNK: usize = 1_000;
/// Between two probes of a Redis that does not answer.
const PAUSE: Duration = Duration::from_millis(250);

/// Makes known to Redis what lies on the desk: all that gathered while the last of it was being written.
pub(super) async fn write<S: Store>(shared: Arc<Shared<S>>) {
    loop {
        let (number, news) = shared.desk.take().await;
        let writing = stream::iter(news).map(|news| {
            // A store that panics or does not answer costs this news alone.
            let writing = AssertUnwindSafe(shared.write(news)).catch_unwind();
            tokio::time::timeout(PATIENCE, writing).map(drop)
        });
        writing.buffer_unordered(AT_ONCE).collect::<()>().await;
        shared.desk.done(number);
    }
}

/// Asks a Redis that did not answer again and again, so that no voter waits for finding out.
pub(super) async fn probe<S: Store>(shared: Arc<Shared<S>>) {
    loop {
        let poll = shared.shelf.breaker.broken().await;
        if shared.shelf.answers(poll).await {
            shared.shelf.breaker.mend();
            tracing::info!("Redis answers again");
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl<S: Store> Shared<S> {
    /// What cannot be found out or written is left: it is learned again when it is needed.
    async fn write(&self, mut news: News) {
        if !self.shelf.breaker.lets_through() {
            return;
        }
        let id = news.tally.poll;
        let poll = match self.known.definition(&news.tally) {
            Some(poll) => Some(poll),
            None => {
                let polls = self.store.polls(&[id]).await.unwrap_or_default();
                polls.into_iter().next().flatten().map(Arc::new)
            }
        };
        // Ballots were cast when it had this version or an earlier one, and have frozen the rule.
        let Some(poll) = poll.filter(|poll| poll.version >= news.tally.version) else {
            return;
        };
        self.known.saw(&news.tally, Some(&poll));
        if poll.rules.revote {
            news.voters.clear();
        }
        let voters = self.marked(&news).await;
        if voters.is_empty() && news.until == 0 {
            return;
        }
        let snapshot = Snapshot {
            tally: &news.tally,
            poll: Some(&poll),
            until: news.until,
            voters: &voters,
        };
        self.shelf.keep(&snapshot).await;
    }

    /// The marks of all voters, asking the store for those that nobody knows.
    async fn marked(&self, news: &News) -> Vec<(VoterId, Mark)> {
        let (mut marked, mut asked) = (Vec::new(), Vec::new());
        for (voter, mark) in &news.voters {
            match mark {
                Some(mark) => marked.push((*voter, *mark)),
                None => asked.push(*voter),
            }
        }
        for voters in asked.chunks(CHUNK) {
            let ballots = self.store.ballots_of(news.tally.poll, voters).await;
            let standing = ballots.unwrap_or_default().into_iter().flatten();
            marked.extend(standing.map(|one| (one.ballot.voter, Mark::of(&one.ballot))));
        }
        marked
    }
}
