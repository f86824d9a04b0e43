//! Creating and reading polls.

use crate::ballot::Outcome;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, draft};
use crate::conformance::store::harness::Harness;
use crate::poll::{
    AddressQuota, BallotKind, CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, Poll,
    PollDraft, PollRules, ResultsPolicy, TITLE_MAX,
};
use crate::store::StoreError;
use crate::tally::{Position, Tally};
use crate::time::Timestamp;
use crate::voter::{AccountId, Owner, SessionId, VoterPolicy};

/// Four bytes in UTF-8: text lengths are limited in characters, not in bytes.
const WIDE: &str = "𝕍";

/// A poll is read as created, with every field at its bounds and every text
/// unchanged.
pub async fn polls_are_read_as_created(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let longest = PollDraft {
        title: WIDE.repeat(TITLE_MAX),
        description: WIDE.repeat(DESCRIPTION_MAX),
        category: Some(WIDE.repeat(CATEGORY_MAX)),
        options: (0..OPTIONS_MAX)
            .map(|n| format!("{n:03}{}", WIDE.repeat(OPTION_TEXT_MAX - 3)))
            .collect(),
        opens_at: Some(at(1)),
        closes_at: Some(Timestamp::MAX),
        owner: Some(Owner::Account(AccountId::new("alice"))),
        ..PollDraft::default()
    };
    let special_characters = PollDraft {
        title: r#"Robert'); DROP TABLE polls;-- "%_\ {} $1 ?"#.into(),
        description: "two\r\nlines,\ta tab, \u{202b}\u{200f}and\u{202c} a 👩‍👩‍👧".into(),
        category: Some("a'b\"c\\d%".into()),
        // Distinct texts that some databases compare as equal.
        options: [
            "a",
            "A",
            "á",
            "ß",
            "ss",
            "ı",
            "i",
            "は",
            "ば",
            "ハ",
            "كتب",
            "كَتَبَ",
            "שלום",
            "שָׁלוֹם",
            "กา",
            "ก้า",
            "कि",
            "की",
            "한",
            "\u{119E}",
            "𠀀",
            "𠀁",
            "👍",
            "👎",
            "👩\u{200d}👧",
            "👩👧",
            "null",
            "0",
            "10²",
            "102",
            "a b",
            "ab",
        ]
        .map(str::to_owned)
        .into(),
        opens_at: Some(Timestamp::EPOCH),
        owner: Some(Owner::Session(SessionId::from_bytes([0xFF; 16]))),
        ..PollDraft::default()
    };
    for draft in [longest, special_characters, draft()] {
        let poll = harness.create_poll(draft).await;
        assert_eq!(harness.stored_poll(&poll).await, poll);
        assert_eq!(harness.tally(&poll).await, Tally::new(&poll));
    }
}

/// Every combination of rules is read as created.
pub async fn all_rules_are_read_as_created(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let kinds = [
        BallotKind::Single,
        BallotKind::Multiple { min: 1, max: 3 },
        BallotKind::Multiple { min: 3, max: 3 },
    ];
    let policies = [
        ResultsPolicy::Live,
        ResultsPolicy::AfterVote,
        ResultsPolicy::AfterClose,
    ];
    for ballot in kinds {
        for results in policies {
            for (voters, revote) in VoterPolicy::ALL.into_iter().zip([true, false, true, false]) {
                let address_quota = revote.then_some(AddressQuota {
                    ballots: AddressQuota::MAX_BALLOTS,
                    ipv4_prefix: 24,
                });
                let rules = PollRules {
                    ballot,
                    voters,
                    results,
                    revote,
                    address_quota,
                };
                let poll = harness.create_poll(PollDraft { rules, ..draft() }).await;
                assert_eq!(harness.stored_poll(&poll).await.rules, rules);
            }
        }
    }
}

/// Creating a second poll with the same id is an error and changes nothing.
pub async fn duplicate_poll_id_is_an_error(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let duplicate = Poll {
        title: "Another one".into(),
        ..harness.unknown_poll(draft())
    };
    let duplicate = Poll {
        id: poll.id,
        ..duplicate
    };
    for votes in 0..2 {
        let result = harness.store().create_poll(&duplicate).await;
        assert!(
            matches!(&result, Err(StoreError::PollExists(id)) if *id == poll.id),
            "{result:?}"
        );
        assert_eq!(harness.stored_poll(&poll).await, poll);
        assert_eq!(harness.tally(&poll).await.total_votes, votes);
        harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    }
    harness.assert_consistent(&poll).await;
}

/// `polls` and `tallies` return their results in the order of the ids: `None` for
/// unknown ids, and repeated ids repeatedly.
pub async fn poll_results_follow_argument_order(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (a, b) = (
        harness.create_poll(draft()).await,
        harness.create_poll(draft()).await,
    );
    let unknown = harness.unknown_poll(draft());
    harness.cast(&ballot(&b, 1, 1, 0), at(1)).await;
    let ids = [b.id, unknown.id, a.id, b.id];
    let polls = harness.store().polls(&ids).await.expect("polls succeeds");
    assert_eq!(
        polls,
        [Some(b.clone()), None, Some(a.clone()), Some(b.clone())]
    );
    let tallies = harness
        .store()
        .tallies(&ids)
        .await
        .expect("tallies succeeds");
    let (of_a, of_b) = (harness.tally(&a).await, harness.tally(&b).await);
    assert_eq!((of_a.total_votes, of_b.total_votes), (0, 1));
    assert_eq!(tallies, [Some(of_b.clone()), None, Some(of_a), Some(of_b)]);
    let nothing = harness.store().polls(&[]).await.expect("polls succeeds");
    assert_eq!(nothing, []);
    let nothing = harness
        .store()
        .tallies(&[])
        .await
        .expect("tallies succeeds");
    assert_eq!(nothing, []);
}

/// One call accepts any number of ids.
pub async fn one_call_reads_many_ids(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let mut ids: Vec<_> = (0..3_000).map(|_| crate::PollId::generate(at(0))).collect();
    ids.push(poll.id);
    let polls = harness.store().polls(&ids).await.expect("polls succeeds");
    assert_eq!(polls.len(), ids.len());
    assert!(polls[..3_000].iter().all(Option::is_none));
    assert_eq!(polls[3_000].as_ref(), Some(&poll));
    let tallies = harness
        .store()
        .tallies(&ids)
        .await
        .expect("tallies succeeds");
    assert_eq!(tallies.len(), ids.len());
    assert!(tallies[..3_000].iter().all(Option::is_none));
    assert_eq!(tallies[3_000], Some(Tally::new(&poll)));
}

/// A new poll has an empty tally at the first position and accepts ballots.
pub async fn new_poll_starts_empty(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let tally = harness.tally(&poll).await;
    assert_eq!(tally.position, Position::START);
    assert_eq!(
        (tally.total_votes, tally.version, tally.sealed),
        (0, 0, false)
    );
    assert_eq!(harness.counts(&poll).await, [0, 0, 0]);
    assert_eq!(harness.streamed_ballots(&poll).await, []);
    harness.assert_consistent(&poll).await;
    let first = harness.cast(&ballot(&poll, 1, 1, 0), at(0)).await;
    assert_eq!(first, Outcome::Counted { revision: 1 });
}
