//! Stores with one fault each, and the same store without a fault.

mod casting;
mod claims;
mod fault;
mod faulty_poll;
mod join_codes;
mod listing;
mod sealing;
mod store;
mod store_trait;
mod unused_polls;

use std::sync::Arc;

use async_trait::async_trait;
use votify_core::Store;
use votify_core::conformance::{Fixture, STORE_CASES, StoreFixture, check_store};

use crate::assert_detected;
use fault::Fault;
use store::FaultyStore;

struct WithFault(Option<Fault>);

#[async_trait]
impl StoreFixture for WithFault {
    async fn fresh(&self) -> Fixture<dyn Store> {
        Fixture::new(Arc::new(FaultyStore::new(self.0)))
    }
}

/// Asserts that the case fails with the fault. `without_fault` shows that it passes without.
fn assert_case_detects(case: &str, fault: Fault) {
    assert!(
        STORE_CASES.iter().any(|known| known.name == case),
        "there is no case named {case}"
    );
    assert_detected(case, fault, || check_store(&WithFault(Some(fault)), case));
}

macro_rules! fault_tests {
    ($($test:ident: $fault:ident by $case:ident;)*) => {
        $(
            #[test]
            fn $test() {
                assert_case_detects(stringify!($case), Fault::$fault);
            }
        )*

        #[test]
        fn every_fault_has_a_test() {
            assert_eq!(&[$(Fault::$fault),*], Fault::ALL);
        }
    };
}

fault_tests! {
    unlocked_history_read_is_detected:
        UnlockedHistoryRead by concurrent_ballots_of_a_voter_count_once;
    unlocked_seal_check_is_detected: UnlockedSealCheck by counted_ballots_are_in_the_final_tally;
    reused_revision_is_detected: ReusedRevision by positions_are_never_reused;
    counted_replaced_ballot_is_detected: ReplacedBallotCounted by revote_replaces_the_ballot;
    missing_superseded_ids_are_detected:
        NoSupersededIds by late_retry_of_a_replaced_ballot_is_replayed;
    recorded_refusals_are_detected: RecordedRefusals by refusal_is_not_recorded;
    aborted_batch_is_detected: UnknownPollAbortsBatch by unknown_poll_fails_no_other_part;
    stale_receipt_tallies_are_detected:
        StaleReceiptTallies by receipt_tallies_match_the_transaction;
    unchecked_deadline_is_detected:
        UncheckedDeadline by deadline_seal_reads_the_current_closing_time;
    repair_without_new_epoch_is_detected:
        RepairKeepsEpoch by repair_raises_the_epoch_and_keeps_the_counts;
    independent_ballots_are_detected:
        IndependentBallots by duplicates_in_a_batch_are_evaluated_in_order;
    exposed_conflict_is_detected: ExposedConflict by batches_in_opposite_order_do_not_deadlock;
    torn_tally_is_detected: TornTally by readers_see_consistent_states;
    partial_batch_is_detected: PartialBatch by dropped_call_is_atomic;
    repeated_seal_is_detected: RepeatedSeal by repeated_seal_returns_the_same_tally;
    thawed_rules_are_detected: RulesThawWhenEmpty by rules_stay_frozen_without_ballots;
    orphaned_ballots_are_detected: OrphanedBallots by deleted_poll_is_unknown;
    unordered_ties_are_detected: UnorderedTies by orders_are_total;
    forgotten_voters_are_detected:
        ForgottenVoters by voters_count_once_toward_trending;
    case_insensitive_categories_are_detected: CaseInsensitiveCategories by categories_match_exactly;
    unreleased_slots_are_detected: UnreleasedSlots by withdrawal_releases_its_quota_slot;
    unlocked_usage_read_is_detected: UnlockedUsageRead by concurrent_ballots_respect_the_quota;
    voter_ordered_stream_is_detected: VoterOrderedStream by ballot_stream_is_complete_and_ordered;
    rescheduled_polls_are_detected:
        ClockReschedulesPolls by opening_is_sticky;
    listed_unlisted_polls_are_detected:
        UnlistedPollsListed by unlisted_polls_are_in_no_public_list;
    scores_of_unlisted_polls_are_detected:
        UnlistedPollsScore by unlisted_polls_are_in_no_public_list;
    trimmed_references_are_detected:
        TrimmedExternalRefs by owners_and_references_match_exactly;
    reformatted_metadata_is_detected:
        ReformattedMetadata by host_fields_are_read_as_written;
    ignored_owners_are_detected:
        OnlyFirstOwner by owners_and_references_match_exactly;
    search_inside_words_is_detected:
        SearchInsideWords by words_are_compared_in_every_script;
    stale_words_are_detected:
        StaleWords by search_words_match_titles;
    wrong_counts_are_detected:
        CountIgnoresWords by search_words_match_titles;
    skipped_ties_are_detected:
        CursorSkipsTies by cursor_pages_neither_repeat_nor_skip;
    repeated_ties_are_detected:
        CursorRepeatsTies by cursor_pages_neither_repeat_nor_skip;
    restarted_pages_are_detected:
        CursorNeedsItsPoll by cursor_pages_neither_repeat_nor_skip;
    cursor_of_the_last_page_is_detected:
        NextAfterFullPage by cursor_pages_neither_repeat_nor_skip;
    unordered_seals_are_detected:
        UnorderedSeals by seals_follow_argument_order;
    aborted_seals_are_detected:
        SealStopsAtError by seals_follow_argument_order;
    unlocked_join_codes_are_detected:
        UnlockedJoinCodes by concurrent_creations_share_no_join_code;
    join_codes_kept_forever_are_detected:
        JoinCodeKeptForever by join_code_leads_to_its_poll;
    join_codes_of_deleted_polls_are_detected:
        DeletionKeepsJoinCode by deletion_frees_the_join_code;
    unlocked_seals_are_detected:
        UnlockedSeal by concurrent_seals_agree;
    forgotten_owner_kinds_are_detected:
        ChangeForgetsOwnerKind by owners_survive_changes;
    searches_that_ignore_visibility_are_detected:
        SearchIgnoresVisibility by host_filters_are_combined;
    unbounded_claims_are_detected:
        UnboundedClaims by claims_are_bounded;
    wrong_server_time_is_detected:
        WrongServerTime by server_time_is_the_current_time;
    unlocked_checks_for_ballots_are_detected:
        UnlockedUnusedCheck by concurrent_ballots_are_counted_or_find_no_poll;
    deleted_used_polls_are_detected:
        UnusedWhenEmpty by used_poll_is_kept;
    join_codes_of_unused_polls_are_detected:
        UnusedKeepsJoinCode by unused_poll_is_deleted;
    counted_account_polls_are_detected:
        CountsAccountPolls by session_polls_are_counted;
    truncated_words_are_detected:
        TruncatedWords by largest_polls_are_read_as_written;
    forgotten_log_positions_are_detected:
        ForgottenLogPosition by redelivered_refusals_are_not_decided_again;
    unwritten_refusals_are_detected:
        LogPositionOfVotesOnly by refused_batches_move_the_log_position;
    reset_log_positions_are_detected:
        ChangeResetsLogPosition by log_positions_belong_to_their_poll;
    unlocked_log_positions_are_detected:
        UnlockedLogPosition by concurrent_deliveries_of_a_log_agree;
    clocks_of_stores_are_detected:
        DecidesAtItsClock by queued_ballots_are_decided_at_their_acceptance;
    forgotten_replaced_ballots_are_detected:
        ReplacedBallotsForgotten by accepted_ballots_are_recognized;
}

/// The model detects every fault that does not need concurrent calls.
#[test]
fn random_operations_detect_sequential_faults() {
    for fault in [
        Fault::ReusedRevision,
        Fault::ReplacedBallotCounted,
        Fault::NoSupersededIds,
        Fault::RecordedRefusals,
        Fault::UnknownPollAbortsBatch,
        Fault::StaleReceiptTallies,
        Fault::UncheckedDeadline,
        Fault::RepairKeepsEpoch,
        Fault::IndependentBallots,
        Fault::RepeatedSeal,
        Fault::UnreleasedSlots,
        Fault::VoterOrderedStream,
        Fault::ForgottenLogPosition,
        Fault::LogPositionOfVotesOnly,
        Fault::DecidesAtItsClock,
    ] {
        assert_case_detects("random_operations_match_the_model", fault);
    }
}

mod without_fault {
    use super::WithFault;

    votify_core::store_conformance!(WithFault(None));
}
