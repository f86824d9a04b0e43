/// Makes one named `#[test]` per law of [`Store`](crate::Store), each on a fresh store of the fixture.
///
/// The argument is an expression for a [`StoreFixture`](crate::conformance::StoreFixture), evaluated in every test. See
/// [`conformance`](crate::conformance).
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__store_cases! { __conformance_tests(check_store, $fixture) }
    };
}

/// The list of cases: add one here, and it is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            polls {
                a_new_poll_begins_at_the_start
                a_poll_comes_back_as_it_was_made
                every_rule_comes_back
                a_poll_is_made_once
                answers_come_in_the_order_asked
                many_ids_are_answered_at_once
            }
            casting {
                an_empty_batch_gives_an_empty_receipt
                outcomes_come_in_the_order_of_the_batch
                a_counted_ballot_is_seen_everywhere
                a_second_ballot_needs_revote
                a_revote_replaces
                a_withdrawal_takes_the_vote_back
                a_withdrawal_needs_revote_and_a_vote
                several_options_count_each
                ballots_that_do_not_fit_are_refused
                voters_of_another_policy_are_refused
                ballots_count_from_the_opening_until_the_end
            }
            batches {
                duplicates_in_a_batch_are_decided_in_order
                a_vote_taken_back_in_its_own_batch_is_remembered
                an_unknown_poll_takes_no_other_part_with_it
                the_receipts_tallies_are_of_the_same_transaction
                five_thousand_ballots_in_one_batch
                a_voter_of_many_minds_in_one_batch
            }
            replays {
                a_replay_answers_the_first_revision
                an_id_says_one_thing_only
                an_id_belongs_to_one_voter_in_one_poll
                a_late_retry_of_a_replaced_ballot_brings_nothing_back
                a_late_retry_of_a_withdrawn_ballot_brings_nothing_back
                replays_are_answered_after_closing
                a_refusal_leaves_no_trace
                a_refusal_is_not_remembered
            }
            quotas {
                from_one_address_no_more_than_the_quota_count
                a_quota_holds_within_a_batch
                a_revote_keeps_its_place
                a_withdrawal_frees_its_place
                a_place_is_taken_anew_in_its_own_batch
                a_full_address_still_replays
                an_address_by_other_rules_is_sent_back
                without_a_quota_addresses_do_not_matter
                from_one_address_at_once_no_more_than_the_quota_count
                places_last
                a_poll_made_again_has_all_its_places
            }
            positions {
                every_effective_change_takes_one_revision
                positions_are_never_reused
                repair_raises_the_epoch_and_keeps_the_counts
                an_unknown_poll_cannot_be_audited_or_repaired
            }
            races {
                one_voter_at_once_counts_once
                one_ballot_at_once_is_replayed
                many_voters_at_once_all_count
                revotes_at_once_leave_the_last_one_standing
                counted_means_in_the_final_tally
                opposite_batches_do_not_deadlock
                the_first_ballot_freezes_at_once
            }
            handles {
                a_batch_goes_by_what_another_handle_did
                batches_over_many_polls_at_once_count_everybody_once
            }
            closing {
                the_owner_closes_at_once
                due_waits_for_the_end
                due_reads_the_end_anew
                a_poll_without_end_is_never_due
                sealing_again_answers_the_same
                a_sealed_poll_never_changes
                past_its_end_a_poll_takes_nothing_even_unsealed
                an_unknown_poll_cannot_be_sealed
            }
            changes {
                everything_changes_before_the_first_ballot
                each_thing_changes_alone
                texts_and_the_end_change_after_the_first_ballot
                an_empty_change_takes_no_position
            }
            freezing {
                the_first_ballot_freezes
                frozen_stays_frozen
                nothing_changes_past_the_end
                an_invalid_change_is_refused
                an_unknown_poll_cannot_be_changed
            }
            deleting {
                a_deleted_poll_is_gone
                an_unknown_poll_cannot_be_deleted
                a_deletion_among_ballots_leaves_nothing
            }
            reading {
                ballots_stream_completely_in_order
                an_unknown_poll_has_no_ballots
                ballots_of_come_in_the_order_asked
                a_stream_has_no_voter_twice
                an_abandoned_stream_harms_nobody
                readers_see_whole_states_only
            }
            orders {
                orders_are_total
                pages_cover_everything_once
                trending_follows_the_ballots
                trending_goes_by_rank
            }
            filters {
                status_and_seal_filter_at_the_time_of_asking
                a_category_is_matched_exactly
                words_are_found_in_titles
                filters_are_combined
            }
            sequences {
                any_sequence_does_what_the_model_says
                any_batch_equals_its_ballots_one_at_a_time
            }
            lasting {
                a_dropped_call_happened_entirely_or_not_at_all
                what_was_acknowledged_is_there_after_reopening
            }
        }
    };
}
