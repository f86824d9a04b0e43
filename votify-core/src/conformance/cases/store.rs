/// Generates one named `#[test]` per law of [`Store`](crate::Store).
///
/// The argument is an expression for a
/// [`StoreFixture`](crate::conformance::StoreFixture), evaluated in every
/// test. Each test opens a backend of its own. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__store_cases! { __conformance_tests(check_store, $fixture) }
    };
}

/// The list of cases. A case listed here is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            polls {
                new_poll_starts_empty
                polls_are_read_as_created
                all_rules_are_read_as_created
                duplicate_poll_id_is_an_error
                poll_results_follow_argument_order
                one_call_reads_many_ids
            }
            texts {
                largest_polls_are_read_as_written
            }
            casting {
                empty_batch_returns_an_empty_receipt
                outcomes_follow_batch_order
                counted_ballot_is_visible_in_all_reads
                second_ballot_requires_revote
                revote_replaces_the_ballot
                withdrawal_removes_the_vote
                withdrawal_requires_revote_and_a_vote
                multiple_choice_counts_each_option
                invalid_choices_are_refused
                voters_of_another_policy_are_refused
                ballots_count_between_opening_and_closing
            }
            batches {
                duplicates_in_a_batch_are_evaluated_in_order
                vote_withdrawn_in_its_batch_is_recorded
                unknown_poll_fails_no_other_part
                receipt_tallies_match_the_transaction
                batch_of_five_thousand_ballots_is_counted
                many_revotes_of_a_voter_fit_one_batch
            }
            replays {
                replay_returns_the_first_revision
                reused_ballot_id_with_another_choice_is_refused
                ballot_ids_are_scoped_to_voter_and_poll
                late_retry_of_a_replaced_ballot_is_replayed
                late_retry_of_a_withdrawn_ballot_is_replayed
                replays_succeed_after_closing
                refusal_changes_nothing
                refusal_is_not_recorded
            }
            quotas {
                quota_limits_ballots_per_address
                quota_holds_within_a_batch
                revote_keeps_its_quota_slot
                withdrawal_releases_its_quota_slot
                quota_slot_is_reused_within_a_batch
                exhausted_address_still_replays
                address_of_another_quota_is_refused
                without_quota_addresses_are_ignored
                concurrent_ballots_respect_the_quota
                quota_usage_survives_reopening
                recreated_poll_has_its_whole_quota
            }
            queued {
                queued_ballots_are_decided_at_their_acceptance
                redelivered_refusals_are_not_decided_again
                refused_batches_move_the_log_position
                log_positions_belong_to_their_poll
                redelivery_is_recognized_under_all_rules
                concurrent_deliveries_of_a_log_agree
                log_position_survives_reopening
            }
            positions {
                every_effective_change_adds_one_revision
                positions_are_never_reused
                repair_raises_the_epoch_and_keeps_the_counts
                auditing_or_repairing_an_unknown_poll_is_an_error
            }
            concurrency {
                concurrent_ballots_of_a_voter_count_once
                concurrent_copies_of_a_ballot_are_replayed
                concurrent_voters_are_all_counted
                concurrent_revotes_leave_the_last_ballot_active
                counted_ballots_are_in_the_final_tally
                batches_in_opposite_order_do_not_deadlock
                concurrent_first_ballot_and_edit_are_serialized
            }
            multi_instance {
                batch_sees_writes_of_another_instance
                concurrent_batches_over_polls_count_each_voter_once
            }
            closing {
                owner_closes_immediately
                deadline_seal_waits_for_the_closing_time
                deadline_seal_reads_the_current_closing_time
                poll_without_closing_time_is_never_due
                repeated_seal_returns_the_same_tally
                sealed_poll_never_changes
                unsealed_poll_refuses_ballots_after_closing
                sealing_an_unknown_poll_is_an_error
            }
            changes {
                all_fields_change_before_the_first_ballot
                fields_change_independently
                choices_are_read_back_after_options_moved
                texts_and_closing_time_change_after_the_first_ballot
                empty_change_adds_no_revision
            }
            freezing {
                first_ballot_freezes_the_rules
                rules_stay_frozen_without_ballots
                opening_freezes_the_rules_with_a_queue
                closed_poll_refuses_changes
                invalid_changes_are_refused
                changing_an_unknown_poll_is_an_error
            }
            deleting {
                deleted_poll_is_unknown
                deleting_an_unknown_poll_is_an_error
                concurrent_deletion_leaves_no_ballots
            }
            unused_polls {
                unused_poll_is_deleted
                used_poll_is_kept
                concurrent_ballots_are_counted_or_find_no_poll
                session_polls_are_counted
            }
            reading {
                ballot_stream_is_complete_and_ordered
                unknown_poll_has_no_ballots
                ballots_of_follows_argument_order
                accepted_ballots_are_recognized
                ballot_stream_has_each_voter_once
                abandoned_stream_blocks_no_one
                readers_see_consistent_states
            }
            orders {
                orders_are_total
                pages_cover_each_poll_once
                trending_follows_votes
                trending_orders_by_rank
                voters_count_once_toward_trending
            }
            filters {
                status_and_seal_filters_apply_at_the_given_time
                categories_match_exactly
                search_words_match_titles
                filters_are_combined
            }
            opening {
                opening_is_sticky
                polls_without_opening_time_are_never_scheduled
            }
            sealing {
                seals_follow_argument_order
                concurrent_seals_agree
            }
            host_fields {
                host_fields_are_read_as_written
                owners_and_references_match_exactly
                owners_survive_changes
                host_filters_are_combined
            }
            lists {
                unlisted_polls_are_in_no_public_list
                words_are_compared_in_every_script
                cursor_pages_neither_repeat_nor_skip
            }
            join_codes {
                join_code_leads_to_its_poll
                join_code_belongs_to_one_poll
                deletion_frees_the_join_code
                concurrent_creations_share_no_join_code
            }
            claims {
                claims_are_read_as_recorded
                claims_are_bounded
                server_time_is_the_current_time
            }
            sequences {
                random_operations_match_the_model
                batch_equals_single_ballots
            }
            durability {
                dropped_call_is_atomic
                acknowledged_writes_survive_reopening
            }
        }
    };
}
