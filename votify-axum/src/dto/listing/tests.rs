use std::time::Duration;

use serde_json::Value;
use votify_core::poll::AddressQuota;
use votify_core::store::PollFilter;
use votify_core::{MemoryStore, PollDraft, PollEngine, Visibility};

use super::*;

const FORMATS: [ListFormat; 2] = [ListFormat::Summaries, ListFormat::WithOptions];

/// The presentation of a router whose pages have the longest URL that is shared.
fn shown() -> Presentation {
    let host = "h".repeat(PollPage::MAX_VARIANT - "https:///p/".len());
    Presentation {
        pages: Some(format!("https://{host}/p/")),
        host_fields: false,
    }
}

fn joined(json: &ListJson) -> Vec<u8> {
    [&json.head[..], &json.polls, &json.tail].concat()
}

async fn list(engine: &PollEngine, request: &PageRequest) -> PollPage {
    let page = engine.list_polls(&PollFilter::default(), request).await;
    page.unwrap()
}

#[tokio::test]
async fn shared_rendering_equals_the_serialized_body() {
    let engine = PollEngine::new(MemoryStore::new());
    for polls in 0..3 {
        for (limit, format) in [(1, FORMATS[0]), (20, FORMATS[0]), (20, FORMATS[1])] {
            let request = PageRequest::new(1, limit).unwrap();
            let page = list(&engine, &request).await;
            let count = PollCount::capped(polls);
            let presentation = shown();
            let rendered = render_polls(&page.items, format, &presentation);
            let listed = || {
                page.items
                    .iter()
                    .map(|poll| ListedPoll::new(poll, format, &presentation))
            };
            let expected = serde_json::to_vec(&PageBody {
                polls: listed().collect(),
                pagination: Pagination::new(&page, &rendered, &request, count),
            });
            let expected = expected.unwrap();
            let shared = page_json(&page, format, &presentation, &request, count);
            assert_eq!(joined(&shared), expected);
            let again = page_json(&page, format, &presentation, &request, count);
            assert_eq!(shared.polls.as_ptr(), again.polls.as_ptr(), "copied");
            let expected = serde_json::to_vec(&TrendingBody {
                polls: listed().collect(),
            });
            assert_eq!(
                joined(&trending_json(&page, format, &presentation)),
                expected.unwrap()
            );
        }
        let draft = PollDraft::single_choice("t", ["a", "b"]).visibility(Visibility::Public);
        engine.create_poll(draft).await.unwrap();
    }
}

/// Creates polls whose texts are as long as allowed: 100 options of 255 characters of 4
/// bytes.
async fn engine_with_large_polls(count: usize) -> PollEngine {
    let engine = PollEngine::new(MemoryStore::new());
    for _ in 0..count {
        let options = (100..200).map(|n| format!("{n}{}", "😀".repeat(252)));
        let mut draft = PollDraft::single_choice("😀".repeat(255), options);
        draft.description = "😀".repeat(10_000);
        draft.category = Some("😀".repeat(100));
        let draft = draft.visibility(Visibility::Public);
        engine.create_poll(draft).await.unwrap();
    }
    engine
}

#[tokio::test]
async fn a_rendering_ends_early_and_the_next_page_continues() {
    let engine = engine_with_large_polls(25).await;
    let (mut request, mut ids) = (PageRequest::new(1, 20).unwrap(), Vec::new());
    loop {
        let page = list(&engine, &request).await;
        let count = PollCount::capped(25);
        let json = page_json(&page, ListFormat::WithOptions, &shown(), &request, count);
        assert!(
            json.polls.len() <= ListFormat::MAX_BYTES,
            "{}",
            json.polls.len()
        );
        let body: Value = serde_json::from_slice(&joined(&json)).unwrap();
        let polls = body["polls"].as_array().unwrap();
        assert!(!polls.is_empty());
        ids.extend(polls.iter().map(|poll| poll["id"].to_string()));
        let Some(next) = body["pagination"]["next"].as_str() else {
            break;
        };
        assert!(polls.len() < 20, "{}", polls.len());
        let cursor = votify_core::PollCursor::parse(next, &PollFilter::default());
        request = PageRequest::after(cursor.unwrap(), 20).unwrap();
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 25);
    let page = list(&engine, &PageRequest::FIRST).await;
    let trending = trending_json(&page, ListFormat::WithOptions, &shown());
    assert!(trending.polls.len() <= ListFormat::MAX_BYTES);
}

#[tokio::test]
async fn the_largest_summaries_fit_on_a_page() {
    let engine = engine_with_large_polls(100).await;
    let page = list(&engine, &PageRequest::FIRST_HUNDRED).await;
    let rendered = render_polls(&page.items, ListFormat::Summaries, &shown());
    assert_eq!(rendered.count, 100);
    assert!(rendered.bytes.len() < ListFormat::MAX_BYTES / 2);
}

/// The engine estimates the size of a rendering: 1 224 bytes per poll and 160 per option,
/// besides the texts (`RENDERED_FIELDS` and `RENDERED_OPTION`).
#[tokio::test]
async fn names_and_numbers_of_a_poll_are_small() {
    let engine = PollEngine::new(MemoryStore::new());
    let mut draft = PollDraft::single_choice("t", ["a", "b"]).visibility(Visibility::Public);
    draft.description = "d".repeat(301);
    draft.category = Some("c".into());
    draft.closes_at = Some(engine.now().saturating_add(Duration::from_secs(60)));
    draft.rules.address_quota = Some(AddressQuota {
        ballots: 10_000,
        ipv4_prefix: 32,
    });
    engine.create_poll(draft).await.unwrap();
    let page = list(&engine, &PageRequest::FIRST).await;
    let length = |format| render_polls(&page.items, format, &shown()).bytes.len();
    let [summary, with_options] = FORMATS.map(length);
    // Absent here: `opens_at`, `edited_at`, and the digits of large counts.
    let absent = 2 * 50 + 4 * 20;
    assert!(
        summary - 300 + absent < 1_024 + PollPage::MAX_VARIANT,
        "{summary}"
    );
    let option = (with_options - summary) / 2 + 20;
    assert!(option < 160, "{option}");
}

#[test]
fn every_page_number_is_accepted() {
    assert_eq!(pages(0, 20), 0);
    assert_eq!(pages(41, 20), 3);
    for limit in 1..=PageRequest::MAX_LIMIT {
        for total in [9_980, 9_999, 10_000] {
            assert!(
                PageRequest::new(pages(total, limit), limit).is_ok(),
                "{limit}"
            );
        }
    }
}
