//! The suite's own test: a store with one fault fails the case that is there to catch it, and passes all of them
//! without.
#![allow(clippy::unwrap_used, reason = "a test")]

mod fault;
mod room;
mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use votify_core::conformance::{FreshStore, STORE_CASES, StoreFixture, check_store};

use fault::Fault;
use store::FaultyStore;

struct With(Option<Fault>);

#[async_trait::async_trait]
impl StoreFixture for With {
    async fn fresh(&self) -> FreshStore {
        FreshStore::new(Arc::new(FaultyStore::new(self.0)))
    }
}

/// The case fails on a store with the fault. That it passes without is shown by `without_fault`.
fn catches(case: &str, fault: Fault) {
    assert!(STORE_CASES.iter().any(|known| known.name == case), "{case}");
    let caught = catch_unwind(AssertUnwindSafe(|| check_store(&With(Some(fault)), case)));
    assert!(caught.is_err(), "{case} does not see that {fault:?}");
}

macro_rules! each_fault_is_caught {
    ($($test:ident: $fault:ident by $case:ident;)*) => {
        $(
            #[test]
            fn $test() {
                catches(stringify!($case), Fault::$fault);
            }
        )*

        #[test]
        fn every_fault_has_a_test() {
            assert_eq!(&[$(Fault::$fault),*], Fault::ALL);
        }
    };
}

each_fault_is_caught! {
    read_then_insert: ReadsBeforeTheLock by one_voter_at_once_counts_once;
    unlocked_close: ChecksTheSealBeforeTheLock by counted_means_in_the_final_tally;
    lost_revision: GivesRevisionsBack by positions_are_never_reused;
    count_drift: KeepsReplacedCounts by a_revote_replaces;
    forgotten_ballot_ids: ForgetsSupersededIds by a_late_retry_of_a_replaced_ballot_brings_nothing_back;
    remembered_refusals: RemembersRefusals by a_refusal_is_not_remembered;
    batch_as_a_whole: AbortsTheWholeBatch by an_unknown_poll_takes_no_other_part_with_it;
    tallies_from_before: TalliesFromBefore by the_receipts_tallies_are_of_the_same_transaction;
    seal_on_hearsay: SealsWithoutReadingTheEnd by due_reads_the_end_anew;
    epoch_not_raised: RepairsInTheSameEpoch by repair_raises_the_epoch_and_keeps_the_counts;
    batch_decided_at_once: DecidesTheBatchAtOnce by duplicates_in_a_batch_are_decided_in_order;
    conflict_shown: ShowsConflicts by opposite_batches_do_not_deadlock;
    torn_tally: ReadsTalliesInTwoSteps by readers_see_whole_states_only;
    half_a_batch: WritesPieceByPiece by a_dropped_call_happened_entirely_or_not_at_all;
    seal_that_moves: SealsAgain by sealing_again_answers_the_same;
    thawed_rules: ThawsWhenEmpty by frozen_stays_frozen;
    ballots_left_behind: LeavesBallotsBehind by a_deleted_poll_is_gone;
    order_left_open: LeavesTiesOpen by orders_are_total;
    case_folded_category: FoldsCategories by a_category_is_matched_exactly;
    place_not_freed: KeepsFreedPlaces by a_withdrawal_frees_its_place;
    unlocked_places: CountsPlacesBeforeTheLock by from_one_address_at_once_no_more_than_the_quota_count;
    stream_by_voter: StreamsByVoter by ballots_stream_completely_in_order;
}

/// Faults that no plain sequence would show need races; the others the model finds by itself.
#[test]
fn the_model_finds_faults_by_itself() {
    for fault in [
        Fault::GivesRevisionsBack,
        Fault::KeepsReplacedCounts,
        Fault::ForgetsSupersededIds,
        Fault::RemembersRefusals,
        Fault::AbortsTheWholeBatch,
        Fault::TalliesFromBefore,
        Fault::SealsWithoutReadingTheEnd,
        Fault::RepairsInTheSameEpoch,
        Fault::DecidesTheBatchAtOnce,
        Fault::SealsAgain,
        Fault::KeepsFreedPlaces,
        Fault::StreamsByVoter,
    ] {
        catches("any_sequence_does_what_the_model_says", fault);
    }
}

mod without_fault {
    use super::With;

    votify_core::store_conformance!(With(None));
}
