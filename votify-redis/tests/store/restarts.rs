//! A server that forgets: what it had acknowledged is gone, and no position is used twice all the same.

use std::collections::HashMap;

use votify_core::{Outcome, PollId, Position, Store, Tally};

use crate::ballots::{NOW, ballot, poll};
use crate::scene::open;
use crate::servers::{Server, Setup};

/// What every position was seen to be.
#[derive(Default)]
struct Seen {
    tallies: HashMap<Position, Tally>,
    last: Option<Position>,
}

impl Seen {
    fn see(&mut self, tally: &Tally) {
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
        assert_eq!(known, tally, "one position is two states");
    }
}

async fn tally(store: &dyn Store, poll: PollId) -> Tally {
    store.tallies(&[poll]).await.unwrap().remove(0).unwrap()
}

#[tokio::test]
async fn no_position_is_used_twice() {
    // What is saved here is what it has after each start.
    let Some(mut server) = Server::of(Setup::new().setting("save", "3600 1000000")) else {
        return;
    };
    let store = open(&server.url()).await;
    let poll = poll(&store).await;
    let mut seen = Seen::default();
    let safe: Vec<_> = (0..10).map(|number| ballot(&poll, number)).collect();
    store.cast_ballots(&safe, NOW).await;
    seen.see(&tally(&store, poll.id).await);
    server.cli(&["SAVE"]);
    for life in 1..=6_u32 {
        for number in 0..5 {
            // Others in every life, so that the same revision would be another state.
            let vote = ballot(&poll, 100 * life + number);
            let receipt = store.cast_ballots(&[vote], NOW).await;
            let outcome = receipt.outcomes[0].clone().unwrap();
            assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
            receipt.tallies.iter().for_each(|tally| seen.see(tally));
        }
        assert_eq!(tally(&store, poll.id).await.total_votes, 15);
        server.kill();
        server.start();
        if life % 2 == 0 {
            // A reader learns that what it saw is gone, though nobody votes.
            let back = tally(&store, poll.id).await;
            assert_eq!(back.total_votes, 10);
            assert!(Some(back.position) > seen.last);
            seen.see(&back);
        }
        let again = store.cast_ballots(&safe, NOW).await;
        let replayed =
            |outcome: &Result<Outcome, _>| matches!(outcome, Ok(Outcome::Replayed { .. }));
        assert!(again.outcomes.iter().all(replayed), "{again:?}");
        again.tallies.iter().for_each(|tally| seen.see(tally));
    }
    assert_eq!(seen.tallies.len(), 1 + 6 * 6);
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
}

#[tokio::test]
async fn a_start_without_loss_keeps_all_and_goes_on() {
    let Some(mut server) = Server::of(Setup::new().append_only("always")) else {
        return;
    };
    let store = open(&server.url()).await;
    let poll = poll(&store).await;
    store.cast_ballots(&[ballot(&poll, 1)], NOW).await;
    let before = tally(&store, poll.id).await;
    server.kill();
    server.start();
    let after = tally(&store, poll.id).await;
    assert!(after.position.epoch > before.position.epoch);
    assert_eq!(after.position.revision, before.position.revision);
    assert_eq!(after, tally(&store, poll.id).await, "it is raised once");
    let other = open(&server.url()).await;
    assert_eq!(after, tally(&other, poll.id).await);
}
