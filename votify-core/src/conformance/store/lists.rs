//! Lists: visibility, words and pages by cursor.

use crate::backend::search_words;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, draft};
use crate::conformance::store::harness::Harness;
use crate::poll::{PollDraft, Visibility};
use crate::store::{PageRequest, PollFilter, PollOrder};

/// The default filter finds public polls only, and `PollFilter::all` finds all of them.
/// Votes of unlisted polls do not count toward trending.
pub async fn unlisted_polls_are_in_no_public_list(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let unlisted = draft().visibility(Visibility::Unlisted);
    let unlisted = harness.create_poll(unlisted).await;
    let public = harness.create_poll(draft()).await;
    for voter in 0..9 {
        harness
            .cast(&ballot(&unlisted, voter, voter, 0), at(9))
            .await;
    }
    harness.cast(&ballot(&public, 1, 1, 0), at(9)).await;
    for order in PollOrder::ALL {
        let filter = PollFilter {
            order,
            ..PollFilter::default()
        };
        harness.assert_all_listed(&filter, 9, &[&public]).await;
    }
    let all = PollFilter {
        order: PollOrder::Trending,
        ..PollFilter::all()
    };
    harness
        .assert_all_listed(&all, 9, &[&public, &unlisted])
        .await;
}

/// A search ignores case, width, invisible characters and Unicode composition, but not
/// accents. A search word matches the beginning of a title word, not its middle.
pub async fn words_are_compared_in_every_script(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let titled = |title: String| PollDraft { title, ..draft() };
    let title = "Cafe\u{301} Ｌunch 東京 カフェのある大学 ร้านกาแฟ مرحبا Привет [x]* 'q'";
    let poll = harness.create_poll(titled(title.into())).await;
    let long = harness.create_poll(titled("a".repeat(70))).await;
    let find = |query: &str| PollFilter {
        words: search_words(query),
        ..PollFilter::default()
    };
    for query in [
        "CAFÉ",
        "lun",
        "l\u{AD}unch",
        "東",
        "京",
        "東京",
        "カフェのある",
        "大学",
        "กาแฟ",
        "مرح",
        "ПРИ",
        "x* 'q",
    ] {
        harness.assert_all_listed(&find(query), 1, &[&poll]).await;
    }
    for query in [
        "cafe",
        "unch",
        "ривет",
        "lunch dinner",
        "京東",
        "フェ",
        "ฟาแก",
    ] {
        harness.assert_all_listed(&find(query), 1, &[]).await;
    }
    let longer = find(&"a".repeat(90));
    harness.assert_all_listed(&longer, 1, &[&long]).await;
    let deleted = harness.store().delete_poll(long.id).await;
    deleted.expect("delete_poll succeeds");
    harness.assert_all_listed(&longer, 1, &[]).await;
}

/// Pages by cursor neither repeat nor skip a poll, in any order. Between two pages, polls
/// with equal sort keys are created and deleted, also the last poll of a page. While
/// nothing changes, they equal the pages by number. Only the last page has no cursor.
pub async fn cursor_pages_neither_repeat_nor_skip(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut drafts = Vec::new();
    for n in 0..12 {
        let end = (n % 3 != 0).then(|| at(200 + n % 3));
        let mut draft = draft().opens_at(at(100 + n % 2));
        draft.closes_at = end;
        drafts.push(draft);
    }
    for draft in &drafts {
        harness.create_poll(draft.clone()).await;
    }
    for order in PollOrder::ALL {
        let filter = PollFilter {
            order,
            ..PollFilter::default()
        };
        let all = harness
            .list_polls(&filter, &PageRequest::FIRST_HUNDRED, at(1))
            .await;
        assert_eq!(all.next, None, "{order:?}");
        let exact = u32::try_from(all.items.len()).expect("few polls");
        let exact = PageRequest::new(1, exact).expect("a valid limit");
        let exact = harness.list_polls(&filter, &exact, at(1)).await;
        assert_eq!(exact.next, None, "{order:?}: a full last page");
        for limit in [1, 4, 5, 12] {
            let walked = harness.walk(&filter, limit, at(1)).await;
            assert_eq!(walked, all.items, "{order:?}, {limit}");
        }
        let mut remaining: Vec<_> = all.items.iter().map(|state| state.poll.id).collect();
        let mut page = PageRequest::new(1, 4).expect("a valid page");
        let mut found = Vec::new();
        loop {
            let listed = harness.list_polls(&filter, &page, at(1)).await;
            found.extend(listed.items.iter().map(|state| state.poll.id));
            let Some(next) = listed.next else { break };
            page = PageRequest::after(next, 4).expect("a valid limit");
            // Each deleted poll was on an earlier page. New ones may be on a later page.
            let deleted = harness.store().delete_poll(next.id()).await;
            deleted.expect("delete_poll succeeds");
            if found.len() < 9 {
                harness.create_poll(drafts[found.len()].clone()).await;
            }
        }
        let mut unique = found.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), found.len(), "{order:?} repeats a poll");
        remaining.retain(|id| !found.contains(id));
        assert!(remaining.is_empty(), "{order:?} skips {remaining:?}");
    }
}
