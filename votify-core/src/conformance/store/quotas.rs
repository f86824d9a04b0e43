//! Law 11: how many ballots may stand from one address.

use crate::ballot::{Ballot, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{
    address, at, ballot, from, lenient, strict, up_to, withdrawal,
};
use crate::conformance::store::races::casting;
use crate::conformance::store::scene::Scene;
use crate::conformance::together::together;
use crate::poll::Poll;
use crate::voter::AddressId;

const FULL: Outcome = Outcome::Refused(Refusal::AddressQuota);

/// A vote of the voter of that number, from the address of that number.
fn vote(poll: &Poll, voter: u32, home: u8) -> Ballot {
    from(home, ballot(poll, voter, voter, 0))
}

/// What is over the quota of an address is refused, and leaves no trace; other addresses have their own places.
pub async fn from_one_address_no_more_than_the_quota_count(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(2, strict())).await;
    for (voter, revision) in [(1, 1), (2, 2)] {
        let outcome = scene.cast(&vote(&poll, voter, 1), at(1)).await;
        assert_eq!(outcome, Outcome::Counted { revision });
    }
    let late = vote(&poll, 3, 1);
    assert_eq!(scene.cast(&late, at(1)).await, FULL);
    assert_eq!(scene.cast(&late, at(2)).await, FULL);
    assert_eq!(scene.standing(&poll, 3).await, None);
    let elsewhere = scene.cast(&vote(&poll, 3, 2), at(3)).await;
    assert_eq!(elsewhere, Outcome::Counted { revision: 3 });
    let standing = scene.standing(&poll, 3).await.expect("it stands");
    assert_eq!(standing.ballot.address, None, "addresses are not told");
    scene.assert_sound(&poll).await;
}

/// Law 2: a batch is decided one ballot at a time, also where an address is full within it.
pub async fn a_quota_holds_within_a_batch(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let (poll, other) = (
        scene.poll(up_to(2, strict())).await,
        scene.poll(strict()).await,
    );
    scene.cast(&vote(&poll, 1, 1), at(1)).await;
    let batch = [
        vote(&poll, 2, 1),
        vote(&other, 2, 1),
        vote(&poll, 3, 1),
        vote(&poll, 4, 2),
        vote(&other, 3, 1),
        vote(&poll, 5, 1),
    ];
    let counted = |revision| Outcome::Counted { revision };
    let expected = [counted(2), counted(1), FULL, counted(3), counted(2), FULL];
    assert_eq!(scene.cast_all(&batch, at(2)).await, expected);
    scene.assert_sound(&poll).await;
}

/// A revote needs no place, wherever it comes from, and takes none but the one that its voter has.
pub async fn a_revote_keeps_its_place(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(1, lenient())).await;
    scene.cast(&vote(&poll, 1, 1), at(1)).await;
    scene.cast(&vote(&poll, 2, 2), at(1)).await;
    let moved = from(2, ballot(&poll, 1, 11, 1));
    assert_eq!(
        scene.cast(&moved, at(2)).await,
        Outcome::Replaced { revision: 3 }
    );
    assert_eq!(scene.cast(&vote(&poll, 3, 1), at(3)).await, FULL);
    let back = from(2, withdrawal(&poll, 1, 12));
    assert_eq!(
        scene.cast(&back, at(4)).await,
        Outcome::Withdrawn { revision: 4 }
    );
    assert_eq!(scene.cast(&vote(&poll, 4, 2), at(5)).await, FULL);
    assert_eq!(
        scene.cast(&vote(&poll, 3, 1), at(5)).await,
        Outcome::Counted { revision: 5 }
    );
    scene.assert_sound(&poll).await;
}

/// Taking a vote back makes room for one more, and for no second one.
pub async fn a_withdrawal_frees_its_place(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(2, lenient())).await;
    scene.cast(&vote(&poll, 1, 1), at(1)).await;
    scene.cast(&vote(&poll, 2, 1), at(1)).await;
    assert_eq!(scene.cast(&vote(&poll, 3, 1), at(2)).await, FULL);
    scene.cast(&from(1, withdrawal(&poll, 1, 11)), at(3)).await;
    assert_eq!(
        scene.cast(&vote(&poll, 3, 1), at(4)).await,
        Outcome::Counted { revision: 4 }
    );
    let again = from(1, ballot(&poll, 1, 12, 0));
    assert_eq!(scene.cast(&again, at(5)).await, FULL);
    scene.assert_sound(&poll).await;
}

/// Who takes a vote back and votes anew in one batch stands where they voted last.
pub async fn a_place_is_taken_anew_in_its_own_batch(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(1, lenient())).await;
    scene.cast(&vote(&poll, 1, 1), at(1)).await;
    let batch = [
        from(1, withdrawal(&poll, 1, 11)),
        from(2, ballot(&poll, 1, 12, 1)),
        vote(&poll, 2, 1),
        vote(&poll, 3, 2),
    ];
    let expected = [
        Outcome::Withdrawn { revision: 2 },
        Outcome::Counted { revision: 3 },
        Outcome::Counted { revision: 4 },
        FULL,
    ];
    assert_eq!(scene.cast_all(&batch, at(2)).await, expected);
    assert_eq!(scene.cast(&vote(&poll, 4, 1), at(3)).await, FULL);
    assert_eq!(scene.cast(&vote(&poll, 5, 2), at(3)).await, FULL);
    scene.assert_sound(&poll).await;
}

/// Law 8: a ballot that was accepted is replayed, however many others stand from its address by now.
pub async fn a_full_address_still_replays(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(1, strict())).await;
    let first = vote(&poll, 1, 1);
    scene.cast(&first, at(1)).await;
    let replayed = Outcome::Replayed { revision: 1 };
    assert_eq!(scene.cast(&first, at(2)).await, replayed);
    let batch = [vote(&poll, 2, 1), first];
    assert_eq!(scene.cast_all(&batch, at(3)).await, [FULL, replayed]);
    scene.assert_sound(&poll).await;
}

/// A ballot that does not tell its address as the quota counts them goes back to be identified anew.
pub async fn an_address_by_other_rules_is_sent_back(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(1, strict())).await;
    let other_prefix = Ballot {
        address: Some(AddressId::new(24, [1; 15])),
        ..ballot(&poll, 1, 1, 0)
    };
    for sent in [ballot(&poll, 1, 1, 0), other_prefix] {
        let outcome = scene.cast(&sent, at(1)).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::OtherVoterPolicy));
    }
    let outcome = scene.cast(&vote(&poll, 1, 1), at(1)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    scene.assert_sound(&poll).await;
}

/// A poll without a quota takes any number of ballots from anywhere, and told addresses change nothing.
pub async fn without_a_quota_addresses_do_not_matter(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(strict()).await;
    let votes: Vec<Ballot> = (0..20).map(|voter| vote(&poll, voter, 1)).collect();
    let outcomes = scene.cast_all(&votes, at(1)).await;
    assert!(outcomes.iter().all(Outcome::changed_tally), "{outcomes:?}");
    scene.assert_sound(&poll).await;
}

/// Law 5, for addresses: of many voters of one address at once, exactly as many count as there are places.
pub async fn from_one_address_at_once_no_more_than_the_quota_count(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let handles = [scene.store(), scene.another().await];
    for round in 0..8 {
        let poll = scene.poll(up_to(5, strict())).await;
        let tasks = (0..24_u32).map(|voter| {
            let home = u8::from(voter % 3 == 0);
            casting(
                &handles[voter as usize % 2],
                vec![vote(&poll, voter, home)],
                at(1),
            )
        });
        let outcomes = together(tasks.collect()).await.concat();
        for home in 0..2 {
            let of_home = (0..).zip(&outcomes);
            let of_home = of_home.filter(|(voter, _)| u8::from(voter % 3 == 0) == home);
            let (counted, rest): (Vec<_>, Vec<_>) =
                of_home.partition(|(_, outcome)| outcome.changed_tally());
            assert_eq!(counted.len(), 5, "round {round}: {outcomes:?}");
            assert!(
                rest.iter().all(|(_, outcome)| **outcome == FULL),
                "round {round}: {outcomes:?}"
            );
        }
        assert_eq!(scene.tally(&poll).await.total_votes, 10);
        scene.assert_sound(&poll).await;
    }
}

/// What was full stays full, in a store that was opened anew too.
pub async fn places_last(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(1, strict())).await;
    scene.cast(&vote(&poll, 1, 1), at(1)).await;
    let another = scene.another().await;
    let outcomes = casting(&another, vec![vote(&poll, 2, 1)], at(2)).await;
    assert_eq!(outcomes, [FULL]);
    drop(another);
    let Some(scene) = scene.reopened().await else {
        return;
    };
    assert_eq!(scene.cast(&vote(&poll, 2, 1), at(3)).await, FULL);
    let outcome = scene.cast(&vote(&poll, 2, 2), at(3)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 2 });
    scene.assert_sound(&poll).await;
}

/// Nothing of a deleted poll's places is left for another one of its id.
pub async fn a_poll_made_again_has_all_its_places(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(up_to(1, lenient())).await;
    scene.cast(&vote(&poll, 1, 1), at(1)).await;
    let deleted = scene.store().delete_poll(poll.id).await;
    deleted.expect("the poll is deleted");
    let made = scene.store().create_poll(&poll).await;
    made.expect("its id is free again");
    let outcome = scene.cast(&vote(&poll, 2, 1), at(2)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    let back = Ballot {
        address: Some(address(1)),
        ..withdrawal(&poll, 2, 11)
    };
    scene.cast(&back, at(3)).await;
    let outcome = scene.cast(&vote(&poll, 1, 1), at(4)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 3 });
    scene.assert_sound(&poll).await;
}
