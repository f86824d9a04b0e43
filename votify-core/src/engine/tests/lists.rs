//! Shared pages of lists.

use bytes::Bytes;

use super::*;
use crate::engine::{ListFormat, PollPage, PollSnapshot, RenderedPolls};
use crate::poll::{PollStatus, ResultsPolicy, Visibility};
use crate::store::{PageRequest, PollFilter, PollOrder};
use crate::voter::Actor;

impl Harness {
    async fn create_public_poll(&self, adjust: impl FnOnce(&mut PollDraft)) -> Arc<Poll> {
        self.create_poll_with(|draft| {
            draft.visibility = Visibility::Public;
            adjust(draft);
        })
        .await
    }

    async fn first_page(&self) -> PollPage {
        let (filter, page) = (PollFilter::default(), PageRequest::FIRST);
        self.engine.list_polls(&filter, &page).await.unwrap()
    }
}

/// Renders a page as `text`, unless it is rendered already.
fn rendered(page: &PollPage, format: ListFormat, text: &'static str) -> Bytes {
    let render = |polls: &[PollSnapshot]| RenderedPolls {
        bytes: text.into(),
        count: polls.len(),
    };
    page.rendered(format, "", render).bytes
}

#[tokio::test(start_paused = true)]
async fn a_rendering_is_shared_by_callers_of_its_variant() {
    let harness = Harness::new();
    harness.create_public_poll(|_| {}).await;
    let page = harness.first_page().await;
    let rendered = |variant: &str, text: &'static str| {
        let render = |_: &[PollSnapshot]| RenderedPolls {
            bytes: text.into(),
            count: 1,
        };
        page.rendered(ListFormat::Summaries, variant, render).bytes
    };
    let long = "v".repeat(PollPage::MAX_VARIANT + 1);
    assert_eq!(rendered(&long, "long"), "long");
    assert_eq!(rendered("a", "first"), "first");
    assert_eq!(rendered("a", "again"), "first");
    assert_eq!(rendered("b", "other"), "other");
    assert_eq!(rendered(&long, "again"), "again");
    assert_eq!(rendered("a", "at last"), "first");
}

#[tokio::test(start_paused = true)]
async fn all_callers_share_one_rendering_per_format() {
    use ListFormat::{Summaries, WithOptions};
    let harness = Harness::new();
    harness.create_public_poll(|_| {}).await;
    let (first, second) = (harness.first_page().await, harness.first_page().await);
    assert_eq!(rendered(&first, Summaries, "first"), "first");
    assert_eq!(rendered(&second, Summaries, "second"), "first");
    assert_eq!(rendered(&second, WithOptions, "options"), "options");
    assert_eq!(rendered(&first, WithOptions, "again"), "options");
    // A creation drops the page.
    harness.create_public_poll(|_| {}).await;
    let third = harness.first_page().await;
    assert_eq!(rendered(&third, Summaries, "third"), "third");
}

/// A rendering that has no room for the whole page ends early, and the next page begins
/// after it.
#[tokio::test(start_paused = true)]
async fn the_next_page_begins_after_the_last_rendered_poll() {
    let harness = Harness::new();
    for _ in 0..5 {
        harness.create_public_poll(|_| {}).await;
        harness.clock.advance(Duration::from_secs(1));
    }
    let ids = |page: &PollPage| -> Vec<_> { page.items.iter().map(|it| it.poll.id).collect() };
    for order in PollOrder::ALL {
        let filter = PollFilter {
            order,
            ..PollFilter::default()
        };
        let list = async |page: PageRequest| {
            let page = harness.engine.list_polls(&filter, &page).await;
            page.unwrap()
        };
        let all = ids(&list(PageRequest::FIRST).await);
        let page = list(PageRequest::new(1, 4).unwrap()).await;
        assert_eq!(page.next_after(4), page.next);
        for count in 1..=4 {
            let next = page.next_after(count).unwrap();
            let rest = list(PageRequest::after(next, 9).unwrap()).await;
            let joined = [&ids(&page)[..count], &ids(&rest)].concat();
            assert_eq!(joined, all, "{order:?}, {count}");
            assert_eq!(rest.next_after(rest.items.len()), None);
        }
    }
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
        let status = page.rendered(ListFormat::Summaries, "", |polls| RenderedPolls {
            bytes: format!("{:?}", polls[0].status).into(),
            count: 1,
        });
        assert_eq!(status.bytes, format!("{expected:?}"));
        harness.clock.advance(Duration::from_secs(60));
    }
}
