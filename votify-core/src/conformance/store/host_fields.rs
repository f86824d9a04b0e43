//! Fields that the host sets: visibility, owner, external reference and metadata.

use std::cmp::Reverse;

use crate::backend::search_words;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, draft, metadata};
use crate::conformance::store::change_builders::{change_with, keep_option};
use crate::conformance::store::harness::Harness;
use crate::poll::{EXTERNAL_REF_MAX, Metadata, Poll, PollDraft, PollStatus, Visibility};
use crate::store::PollFilter;
use crate::voter::{AccountId, Owner, SessionId};

/// Visibility, external reference, metadata and owner are read as written, at their bounds
/// and after a change. Metadata keeps its spaces, order of keys and escapes.
pub async fn host_fields_are_read_as_written(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let longest = format!("{{\"a\":\"{}\"}}", "x".repeat(Metadata::MAX_BYTES - 8));
    let texts = [
        &longest,
        r#" { "b" : 1.0, "a": "\u00e9é", "b":[ ] } "#,
        "{}",
    ];
    let refs = ["𝕍".repeat(EXTERNAL_REF_MAX), " Ref ".into(), "'\\%".into()];
    let owners = [
        Owner::Account(AccountId::new("alice")),
        Owner::Session(SessionId::from_bytes([3; 16])),
        Owner::Account(AccountId::new("bob")),
    ];
    for ((text, external_ref), owner) in texts.into_iter().zip(refs).zip(owners) {
        let full = draft()
            .metadata(metadata(text))
            .external_ref(external_ref.clone())
            .owner(owner)
            .visibility(Visibility::Unlisted);
        let poll = harness.create_poll(full).await;
        assert_eq!(harness.stored_poll(&poll).await, poll);
        let changed = harness.create_poll(draft()).await;
        harness.cast(&ballot(&changed, 1, 1, 0), at(1)).await;
        let change = change_with(|change| {
            change.metadata = Some(Some(metadata(text)));
            change.external_ref = Some(Some(external_ref));
            change.visibility = Some(Visibility::Unlisted);
        });
        let state = harness.apply_change(&changed, &change, at(2)).await;
        let stored = harness.stored_poll(&changed).await;
        assert_eq!(state.poll, stored);
        assert_eq!(stored.metadata, poll.metadata);
        assert_eq!(stored.external_ref, poll.external_ref);
        assert_eq!(
            (stored.visibility, stored.edited_at),
            (poll.visibility, None)
        );
    }
}

/// A filter with several owners matches the polls of each. An external reference matches
/// exactly, including case, accents and spaces.
pub async fn owners_and_references_match_exactly(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let refs = ["ref", "Ref", "réf", "re\u{301}f", "ref ", " ref", "%"];
    let mut polls = Vec::new();
    for external_ref in refs {
        let owner = Owner::Account(AccountId::new(external_ref));
        let draft = draft().external_ref(external_ref).owner(owner);
        polls.push(harness.create_poll(draft).await);
    }
    harness.create_poll(draft()).await;
    for (external_ref, poll) in refs.into_iter().zip(&polls) {
        let filter = PollFilter {
            external_ref: Some(external_ref.into()),
            ..PollFilter::default()
        };
        harness.assert_all_listed(&filter, 1, &[poll]).await;
    }
    let filter = PollFilter {
        owners: polls[..3]
            .iter()
            .filter_map(|poll| Some(poll.owner?.id))
            .collect(),
        ..PollFilter::default()
    };
    let mut expected: Vec<&Poll> = polls[..3].iter().collect();
    expected.sort_by_key(|poll| Reverse(poll.id));
    harness.assert_all_listed(&filter, 1, &expected).await;
}

/// The owner and its kind survive edits, votes, a repair and the seal, and lists show them.
pub async fn owners_survive_changes(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    for owner in [
        Owner::Account(AccountId::new("alice")),
        Owner::Session(SessionId::from_bytes([3; 16])),
    ] {
        let kind = owner.kind();
        let poll = harness.create_poll(draft().owner(owner)).await;
        let of_owner = PollFilter {
            owners: poll.owner.iter().map(|owner| owner.id).collect(),
            ..PollFilter::default()
        };
        let assert_owned = async || {
            let stored = harness.stored_poll(&poll).await;
            assert_eq!(stored.owner.map(|owner| owner.kind), Some(kind));
            assert_eq!(stored.owner, poll.owner);
            harness.assert_all_listed(&of_owner, 3, &[&stored]).await;
        };
        assert_owned().await;
        let options = poll.options[1..].iter();
        let redefined = change_with(|change| {
            change.title = Some("Dinner?".into());
            change.options = Some(options.map(|option| keep_option(option, None)).collect());
            change.external_ref = Some(Some("ref".into()));
        });
        harness.apply_change(&poll, &redefined, at(1)).await;
        assert_owned().await;
        let poll = harness.stored_poll(&poll).await;
        harness.cast(&ballot(&poll, 1, 1, 0), at(2)).await;
        let closing = change_with(|change| change.closes_at = Some(Some(at(9))));
        harness.apply_change(&poll, &closing, at(2)).await;
        assert_owned().await;
        let repaired = harness.store().repair_poll(poll.id).await;
        repaired.expect("repair_poll succeeds");
        assert_owned().await;
        harness.close(&poll, at(3)).await;
        assert_owned().await;
    }
}

/// A poll must match visibility, owner, external reference, category, status and words at
/// the same time.
pub async fn host_filters_are_combined(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let owner = || Owner::Account(AccountId::new("alice"));
    let has = |set: u32, bit: u32| set & (1 << bit) != 0;
    let mut polls = Vec::new();
    // One poll and one filter for each set of properties. A filter matches the polls that
    // have at least its properties.
    for set in 0..64 {
        let draft = PollDraft {
            title: if has(set, 0) { "Red kale" } else { "Kale" }.into(),
            category: has(set, 1).then(|| "food".into()),
            external_ref: has(set, 2).then(|| "ref".into()),
            owner: has(set, 3).then(owner),
            visibility: match has(set, 4) {
                true => Visibility::Unlisted,
                false => Visibility::Public,
            },
            ..draft()
        };
        let poll = harness.create_poll(draft).await;
        if has(set, 5) {
            harness.close(&poll, at(1)).await;
        }
        polls.push((set, harness.stored_poll(&poll).await));
    }
    let owned = polls.iter().filter_map(|(_, poll)| poll.owner);
    let owners: Vec<_> = owned.map(|owner| owner.id).take(1).collect();
    polls.sort_by_key(|(_, poll)| Reverse(poll.id));
    for wanted in 0..64 {
        let when = |bit: u32| has(wanted, bit);
        let filter = PollFilter {
            words: search_words(if when(0) { "ka red" } else { "" }),
            category: when(1).then(|| "food".into()),
            external_ref: when(2).then(|| "ref".into()),
            owners: if when(3) { owners.clone() } else { Vec::new() },
            visibility: when(4).then_some(Visibility::Unlisted),
            status: when(5).then_some(PollStatus::Closed),
            ..PollFilter::all()
        };
        let matching = polls.iter().filter(|(set, _)| set & wanted == wanted);
        let expected: Vec<&Poll> = matching.map(|(_, poll)| poll).collect();
        harness.assert_all_listed(&filter, 2, &expected).await;
    }
}
