//! Shared pages of lists.

use bytes::Bytes;

use super::*;
use crate::poll::{PollStatus, ResultsPolicy, Visibility};
use crate::store::{PageRequest, PollFilter};

impl Harness {
    async fn create_public_poll(&self, adjust: impl FnOnce(&mut PollDraft)) -> Arc<Poll> {
        self.create_poll_with(|draft| {
            draft.visibility = Visibility::Public;
            adjust(draft);
        })
        .await
    }

    async fn first_page(&self, caller: &Caller) -> crate::engine::PollPage {
        let (filter, page) = (PollFilter::default(), PageRequest::FIRST);
        self.engine
            .list_polls(&filter, &page, caller)
            .await
            .unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn callers_who_see_the_same_share_one_rendering() {
    let harness = Harness::new();
    harness.create_public_poll(|_| {}).await;
    let (first, second) = (
        harness.first_page(&browser(1)).await,
        harness.first_page(&browser(2)).await,
    );
    assert_eq!(first.rendered(|_| Bytes::from_static(b"first")), "first");
    assert_eq!(second.rendered(|_| Bytes::from_static(b"second")), "first");
    // A creation drops the page.
    harness.create_public_poll(|_| {}).await;
    let third = harness.first_page(&browser(1)).await;
    assert_eq!(third.rendered(|_| Bytes::from_static(b"third")), "third");
}

#[tokio::test(start_paused = true)]
async fn counts_for_voters_only_are_not_shared_with_others() {
    let harness = Harness::new();
    let poll = harness
        .create_public_poll(|draft| draft.rules.results = ResultsPolicy::AfterVote)
        .await;
    let (voter, other) = (browser(1), browser(2));
    let vote = harness.engine.vote(poll.id, &voter, first_option(&poll));
    vote.await.unwrap();
    for _ in 0..2 {
        for (caller, total) in [(&other, None), (&voter, Some(1))] {
            let page = harness.first_page(caller).await;
            let json = page.rendered(|polls| format!("{:?}", polls[0].view.total_votes()).into());
            assert_eq!(*json, format!("{total:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_page_shows_that_a_poll_has_opened() {
    let harness = Harness::new();
    let opens = harness.in_seconds(60);
    harness
        .create_public_poll(|draft| draft.opens_at = Some(opens))
        .await;
    for expected in [PollStatus::Scheduled, PollStatus::Open] {
        let page = harness.first_page(&browser(1)).await;
        let status = page.rendered(|polls| format!("{:?}", polls[0].status).into());
        assert_eq!(*status, format!("{expected:?}"));
        harness.clock.advance(Duration::from_secs(60));
    }
}
