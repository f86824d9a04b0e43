//! Shared pages of lists.

use bytes::Bytes;

use super::*;
use crate::poll::{PollStatus, ResultsPolicy, Visibility};
use crate::store::{PageRequest, PollFilter};
use crate::voter::Actor;

impl Harness {
    async fn create_public_poll(&self, adjust: impl FnOnce(&mut PollDraft)) -> Arc<Poll> {
        self.create_poll_with(|draft| {
            draft.visibility = Visibility::Public;
            adjust(draft);
        })
        .await
    }

    async fn first_page(&self) -> crate::engine::PollPage {
        let (filter, page) = (PollFilter::default(), PageRequest::FIRST);
        self.engine.list_polls(&filter, &page).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn all_callers_share_one_rendering() {
    let harness = Harness::new();
    harness.create_public_poll(|_| {}).await;
    let (first, second) = (harness.first_page().await, harness.first_page().await);
    assert_eq!(first.rendered(|_| Bytes::from_static(b"first")), "first");
    assert_eq!(second.rendered(|_| Bytes::from_static(b"second")), "first");
    // A creation drops the page.
    harness.create_public_poll(|_| {}).await;
    let third = harness.first_page().await;
    assert_eq!(third.rendered(|_| Bytes::from_static(b"third")), "third");
}

/// A list reads no votes: a read per poll would let one caller delay the votes of others.
#[tokio::test(start_paused = true)]
async fn counts_for_voters_only_are_in_no_list() {
    let harness = Harness::new();
    let poll = harness
        .create_public_poll(|draft| draft.rules.results = ResultsPolicy::AfterVote)
        .await;
    let voter = browser(1);
    let vote = harness.engine.vote(poll.id, &voter, first_option(&poll));
    vote.await.unwrap();
    let total = async || harness.first_page().await.items[0].view.total_votes();
    assert_eq!(total().await, None);
    let found = harness.engine.poll(poll.id, &voter).await.unwrap();
    assert_eq!(found.view.total_votes(), Some(1));
    harness
        .engine
        .close_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    assert_eq!(total().await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_shared_page_shows_that_a_poll_has_opened() {
    let harness = Harness::new();
    let opens = harness.in_seconds(60);
    harness
        .create_public_poll(|draft| draft.opens_at = Some(opens))
        .await;
    for expected in [PollStatus::Scheduled, PollStatus::Open] {
        let page = harness.first_page().await;
        let status = page.rendered(|polls| format!("{:?}", polls[0].status).into());
        assert_eq!(*status, format!("{expected:?}"));
        harness.clock.advance(Duration::from_secs(60));
    }
}
