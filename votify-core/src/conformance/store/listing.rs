//! Listings: filters, orders, pages.

use std::cmp::{Ordering, Reverse};

use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{at, ballot, strict};
use crate::conformance::store::scene::Scene;
use crate::page::PageRequest;
use crate::poll::{Poll, PollChange, PollDraft, PollStatus, ResultsPolicy};
use crate::store::{PollFilter, PollOrder, words};

fn page(number: u32, limit: u32) -> PageRequest {
    PageRequest::new(number, limit).expect("a valid page")
}

/// Asserts that `expected`, in that order, is all that the filter lets through.
async fn assert_all(scene: &Scene, filter: &PollFilter, now: u64, expected: &[&Poll]) {
    let first = page(1, 100);
    scene
        .assert_listed(filter, &first, at(now), expected, expected.len() as u64)
        .await;
}

/// Polls of one crowd: three moments of making, of opening and of closing, in every combination.
async fn crowd(scene: &Scene) -> Vec<Poll> {
    let mut polls = Vec::new();
    let ends = [None, Some(at(200)), Some(at(201))];
    for (n, end) in (0..27_u64).zip(ends.into_iter().cycle()) {
        let mut draft = strict();
        draft.title = format!("Poll {n}");
        let mut poll = scene.unknown_poll(draft);
        poll.created_at = at(n / 9);
        poll.opens_at = at(100 + n / 3 % 3);
        poll.closes_at = end;
        scene.store().create_poll(&poll).await.expect("created");
        polls.push(poll);
    }
    polls
}

/// `Newest`, `Closing` and `Opening` order as they say, and ties by id, descending; the default is all, newest first.
pub async fn orders_are_total(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let polls = crowd(&scene).await;
    type Compare = fn(&Poll, &Poll) -> Ordering;
    let orders: [(PollOrder, Compare); 3] = [
        (PollOrder::Newest, |a, b| b.created_at.cmp(&a.created_at)),
        (PollOrder::Opening, |a, b| a.opens_at.cmp(&b.opens_at)),
        (PollOrder::Closing, |a, b| {
            match (a.closes_at, b.closes_at) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) => a.cmp(&b),
            }
        }),
    ];
    assert_eq!(PollFilter::default().order, PollOrder::Newest);
    for (order, compare) in orders {
        let filter = PollFilter {
            order,
            ..PollFilter::default()
        };
        let mut expected: Vec<&Poll> = polls.iter().collect();
        expected.sort_by(|a, b| compare(a, b).then_with(|| b.id.cmp(&a.id)));
        assert_all(&scene, &filter, 0, &expected).await;
    }
}

/// Pages do not overlap, leave nothing out, all tell the same total, and are empty past the last one.
pub async fn pages_cover_everything_once(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let polls = crowd(&scene).await;
    for order in [
        PollOrder::Newest,
        PollOrder::Closing,
        PollOrder::Opening,
        PollOrder::Trending,
    ] {
        let filter = PollFilter {
            order,
            ..PollFilter::default()
        };
        let all = scene.listed(&filter, &page(1, 100), at(0)).await;
        assert_eq!(all.items.len(), polls.len());
        for limit in [1, 10, 27] {
            let pages = 27_u32.div_ceil(limit);
            for number in 1..=pages + 1 {
                let start = ((number - 1) * limit) as usize;
                let expected: Vec<&Poll> =
                    all.items.iter().skip(start).take(limit as usize).collect();
                scene
                    .assert_listed(&filter, &page(number, limit), at(0), &expected, 27)
                    .await;
            }
        }
    }
    let last = page(PageRequest::MAX_PAGE, PageRequest::MAX_LIMIT);
    let filter = PollFilter::default();
    scene.assert_listed(&filter, &last, at(0), &[], 27).await;
}

/// `status` is as of `now`; `sealed` is apart from it.
pub async fn status_and_seal_filter_at_the_time_of_asking(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let made = |opens, closes: Option<u64>| PollDraft {
        opens_at: Some(at(opens)),
        closes_at: closes.map(at),
        ..strict()
    };
    let window = scene.poll(made(10, Some(20))).await;
    let endless = scene.poll(made(10, None)).await;
    let closed_early = scene.poll(made(10, Some(20))).await;
    scene.close(&closed_early, at(5)).await;
    let closed_early = scene.kept(&closed_early).await;
    let by = |status, sealed| PollFilter {
        status,
        sealed,
        order: PollOrder::Opening,
        ..PollFilter::default()
    };
    let mut both = [&window, &endless];
    both.sort_by_key(|poll| Reverse(poll.id));
    for (now, status, expected) in [
        (9, PollStatus::Scheduled, &both[..]),
        (9, PollStatus::Open, &[]),
        (9, PollStatus::Closed, &[&closed_early]),
        (10, PollStatus::Scheduled, &[]),
        (10, PollStatus::Open, &both),
        (19, PollStatus::Open, &both),
        (20, PollStatus::Open, &[&endless]),
    ] {
        assert_all(&scene, &by(Some(status), None), now, expected).await;
    }
    let mut closed = [&window, &closed_early];
    closed.sort_by_key(|poll| Reverse(poll.id));
    assert_all(&scene, &by(Some(PollStatus::Closed), None), 20, &closed).await;
    assert_all(&scene, &by(None, Some(true)), 20, &[&closed_early]).await;
    assert_all(&scene, &by(None, Some(false)), 20, &both).await;
    assert_all(
        &scene,
        &by(Some(PollStatus::Closed), Some(false)),
        20,
        &[&window],
    )
    .await;
    assert_all(&scene, &by(Some(PollStatus::Open), Some(true)), 20, &[]).await;
}

/// A category is exactly that: case and accents count, and so do blanks inside.
pub async fn a_category_is_matched_exactly(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let names = ["food", "Food", "föod", "foo", "food ie", "%", "_"];
    let mut polls = vec![];
    for name in names {
        let draft = PollDraft {
            category: Some(name.into()),
            ..strict()
        };
        polls.push(scene.poll(draft).await);
    }
    scene.poll(strict()).await;
    let of = |name: &str| PollFilter {
        category: Some(name.into()),
        ..PollFilter::default()
    };
    for (name, poll) in names.into_iter().zip(&polls) {
        assert_all(&scene, &of(name), 1, &[poll]).await;
    }
    for name in ["FOOD", "fo", "", "food  ie", "f%"] {
        assert_all(&scene, &of(name), 1, &[]).await;
    }
}

/// Words are looked for anywhere in the title, folded, all of them; what means something to a database means itself.
pub async fn words_are_found_in_titles(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let titled = |title: &str| PollDraft {
        title: title.into(),
        ..strict()
    };
    let lunch = scene.poll(titled("Lunch on Friday?")).await;
    let oil = scene.poll(titled("Öl, 100% 'pur' oder a_b\\c?")).await;
    let greek = scene.poll(titled("ΚΑΛΗΜΕΡΑ 你好 👍")).await;
    let find = |query: &str| PollFilter {
        words: words(query),
        ..PollFilter::default()
    };
    for (query, expected) in [
        ("lunch", &[&lunch][..]),
        ("FRIDAY lunch", &[&lunch]),
        ("unc", &[&lunch]),
        ("friday? on", &[&lunch]),
        ("lunch monday", &[]),
        ("öl", &[&oil]),
        ("ÖL", &[&oil]),
        ("ol,", &[]),
        ("100%", &[&oil]),
        ("100%pur", &[]),
        ("%", &[&oil]),
        ("_", &[&oil]),
        ("axb", &[]),
        ("a_b\\c", &[&oil]),
        ("'pur'", &[&oil]),
        ("\\", &[&oil]),
        ("\"", &[]),
        ("καλημερα", &[&greek]),
        ("好 👍", &[&greek]),
    ] {
        assert_all(&scene, &find(query), 1, expected).await;
    }
    let change = PollChange {
        title: Some("Dinner".into()),
        ..PollChange::default()
    };
    let dinner = scene.changed(&lunch, &change, at(1)).await.poll;
    assert_all(&scene, &find("lunch"), 1, &[]).await;
    assert_all(&scene, &find("DINN"), 1, &[&dinner]).await;
}

/// Filters are combined by "and".
pub async fn filters_are_combined(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let mut polls = Vec::new();
    for n in 0..16_u32 {
        let has = |bit: u32| n & bit != 0;
        let draft = PollDraft {
            title: if has(1) { "Red apples" } else { "Green apples" }.into(),
            category: has(2).then(|| "food".into()),
            opens_at: has(4).then(|| at(50)),
            ..strict()
        };
        let poll = scene.poll(draft).await;
        if has(8) {
            scene.close(&poll, at(1)).await;
        }
        polls.push(scene.kept(&poll).await);
    }
    polls.sort_by_key(|poll| Reverse(poll.id));
    for word in [None, Some("red"), Some("apples")] {
        for category in [None, Some("food")] {
            for status in [None, Some(PollStatus::Open), Some(PollStatus::Closed)] {
                for sealed in [None, Some(true), Some(false)] {
                    let filter = PollFilter {
                        status,
                        sealed,
                        category: category.map(str::to_owned),
                        words: words(word.unwrap_or_default()),
                        order: PollOrder::Newest,
                    };
                    let expected = polls.iter().filter(|poll| {
                        let title = poll.title.to_lowercase();
                        word.is_none_or(|word| title.contains(word))
                            && (category.is_none() || poll.category.as_deref() == category)
                            && status.is_none_or(|status| poll.status(at(2)) == status)
                            && sealed.is_none_or(|sealed| poll.sealed_at.is_some() == sealed)
                    });
                    let expected: Vec<&Poll> = expected.collect();
                    assert_all(&scene, &filter, 2, &expected).await;
                }
            }
        }
    }
}

/// `Trending`: more ballots are hotter, later ones more so; where counts are hidden, ballots do not show in the order.
pub async fn trending_follows_the_ballots(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let hidden = PollDraft {
        rules: crate::PollRules {
            results: ResultsPolicy::AfterClose,
            ..strict().rules
        },
        ..strict()
    };
    let (few, many) = (scene.poll(strict()).await, scene.poll(strict()).await);
    let (late, hidden) = (scene.poll(strict()).await, scene.poll(hidden).await);
    let filter = PollFilter {
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    let mut cold = [&few, &many, &late, &hidden];
    cold.sort_by_key(|poll| Reverse(poll.id));
    assert_all(&scene, &filter, 1, &cold).await;
    for n in 0..5 {
        scene.cast(&ballot(&many, n, n, 0), at(10)).await;
        scene.cast(&ballot(&hidden, n, n, 0), at(10)).await;
    }
    scene.cast(&ballot(&few, 1, 1, 0), at(10)).await;
    let mut untouched = [&late, &hidden];
    untouched.sort_by_key(|poll| Reverse(poll.id));
    assert_all(
        &scene,
        &filter,
        11,
        &[&many, &few, untouched[0], untouched[1]],
    )
    .await;
    // A day later one ballot weighs more than the five of yesterday.
    let day = 24 * 3600;
    scene.cast(&ballot(&late, 1, 1, 0), at(day)).await;
    assert_all(&scene, &filter, day, &[&late, &many, &few, &hidden]).await;
}
