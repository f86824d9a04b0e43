//! A restarted server that lost acknowledged writes.

use std::collections::HashMap;

use votify_core::{Outcome, PollId, Position, Store, Tally};
use votify_test_support::ballots::{NOW, ballot, poll};
use votify_test_support::redis::{Server, ServerConfig};

use crate::harness::open_store;

/// All observed tallies by position.
#[derive(Default)]
struct ObservedTallies {
    tallies: HashMap<Position, Tally>,
    last: Option<Position>,
}

impl ObservedTallies {
    /// Checks that positions do not decrease, and that each stands for one tally.
    fn observe(&mut self, tally: &Tally) {
        let position = tally.position;
        assert!(
            self.last.is_none_or(|last| position >= last),
            "{position} after {:?}",
            self.last
        );
        self.last = Some(position);
        let known = self
            .tallies
            .entry(position)
            .or_insert_with(|| tally.clone());
        assert_eq!(known, tally, "one position has two tallies");
    }
}

async fn read_tally(store: &dyn Store, poll: PollId) -> Tally {
    store.tallies(&[poll]).await.unwrap().remove(0).unwrap()
}

#[tokio::test]
async fn positions_are_not_reused_after_lost_writes() {
    // The server restarts with the data of the last SAVE.
    let config = ServerConfig::new().setting("save", "3600 1000000");
    let Some(mut server) = Server::with_config(config) else {
        return;
    };
    let store = open_store(&server.url()).await;
    let poll = poll(&store).await;
    let mut observed = ObservedTallies::default();
    let saved: Vec<_> = (0..10).map(|number| ballot(&poll, number)).collect();
    store.cast_ballots(&saved, NOW).await;
    observed.observe(&read_tally(&store, poll.id).await);
    server.cli(&["SAVE"]);
    for run in 1..=6_u32 {
        for number in 0..5 {
            // Other voters in each run, so that equal revisions have different tallies.
            let vote = ballot(&poll, 100 * run + number);
            let receipt = store.cast_ballots(&[vote], NOW).await;
            let outcome = receipt.outcomes[0].clone().unwrap();
            assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
            for tally in &receipt.tallies {
                observed.observe(tally);
            }
        }
        assert_eq!(read_tally(&store, poll.id).await.total_votes, 15);
        server.kill();
        server.start();
        if run % 2 == 0 {
            // A read raises the epoch too.
            let tally = read_tally(&store, poll.id).await;
            assert_eq!(tally.total_votes, 10);
            assert!(Some(tally.position) > observed.last);
            observed.observe(&tally);
        }
        let receipt = store.cast_ballots(&saved, NOW).await;
        let is_replayed =
            |outcome: &Result<Outcome, _>| matches!(outcome, Ok(Outcome::Replayed { .. }));
        assert!(receipt.outcomes.iter().all(is_replayed), "{receipt:?}");
        for tally in &receipt.tallies {
            observed.observe(tally);
        }
    }
    assert_eq!(observed.tallies.len(), 1 + 6 * 6);
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
}

#[tokio::test]
async fn restart_without_loss_raises_the_epoch_once() {
    let config = ServerConfig::new().append_only("always");
    let Some(mut server) = Server::with_config(config) else {
        return;
    };
    let store = open_store(&server.url()).await;
    let poll = poll(&store).await;
    store.cast_ballots(&[ballot(&poll, 1)], NOW).await;
    let before = read_tally(&store, poll.id).await;
    server.kill();
    server.start();
    let after = read_tally(&store, poll.id).await;
    assert!(after.position.epoch > before.position.epoch);
    assert_eq!(after.position.revision, before.position.revision);
    assert_eq!(
        after,
        read_tally(&store, poll.id).await,
        "the epoch was raised twice"
    );
    let other = open_store(&server.url()).await;
    assert_eq!(after, read_tally(&other, poll.id).await);
}
