//! The one list of cases, and the macro that makes tests of them.

/// Makes one test a case of the conformance suite, for the broker that a [`Harness`] gives.
///
/// The tests stand in modules by theme, so that `cargo test push::` runs one theme.
///
/// ```ignore
/// tireless_testkit::conformance_suite!(MyHarness);
/// ```
///
/// [`Harness`]: crate::Harness
#[macro_export]
macro_rules! conformance_suite {
    ($harness:ty) => {
        $crate::for_each_case!(__tests_of_cases, $harness);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests_of_cases {
    ([$harness:ty] $($theme:ident { $($case:ident)* })*) => {
        $(
            mod $theme {
                #[allow(unused_imports)]
                use super::*;
                $(
                    #[test]
                    fn $case() {
                        $crate::run::<$harness>($crate::conformance::$theme::$case);
                    }
                )*
            }
        )*
    };
}

/// Calls another macro of this crate with the list of cases: `[argument] theme { case case .. } ..`.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_case {
    ($then:ident, $argument:ty) => {
        $crate::$then! {
            [$argument]
            conservation {
                a_task_is_in_one_place_all_its_life
                an_acked_task_is_nowhere
                what_is_taken_and_what_is_left_add_up
                a_pushed_batch_appears_at_once
                a_settled_batch_moves_at_once
                a_move_is_never_seen_half_done
            }
            push {
                what_is_pushed_is_ready
                an_empty_push_does_nothing
                an_id_that_lives_exists
                an_own_id_points_to_a_living_task
                an_own_id_points_to_a_scheduled_task
                an_own_id_is_free_after_done
                an_own_id_is_free_after_done_and_kept
                an_own_id_is_free_after_removal
                own_ids_are_bytes_of_one_queue
                a_push_sent_again_gets_the_first_answer
                a_push_sent_again_after_the_end_does_nothing
                an_open_call_outlives_later_ones
                a_call_that_was_given_up_is_stale
                a_repeat_raises_the_mark
                marks_belong_to_a_caller_in_a_queue
                a_batch_answers_for_each_task
                the_first_of_equals_in_a_batch_wins
                a_refusal_says_that_nothing_happened
                a_push_sent_again_after_a_requeue_does_nothing
                a_push_sent_again_after_a_discard_does_nothing
                a_removed_id_pushed_again_is_one_task
                a_push_that_says_it_was_answered_is_refused
            }
            claim {
                a_claimed_task_is_recorded_under_its_worker
                a_claim_registers_its_worker
                a_claim_sent_again_gives_the_same_tasks
                a_claim_sent_again_elsewhere_gives_the_same_tasks
                a_claim_sent_again_leaves_out_settled_tasks
                an_empty_claim_sent_again_takes_nothing
                a_late_copy_of_an_old_claim_takes_nothing
                a_late_copy_of_a_settled_claim_takes_nothing
                a_late_copy_after_leaving_takes_nothing
                a_late_copy_after_death_takes_nothing
                a_late_copy_after_a_discard_takes_nothing
                a_late_copy_leaves_the_lease_as_it_is
                claim_numbers_belong_to_a_worker
                a_claim_of_none_only_looks
                a_claim_tells_whether_there_is_more
            }
            renew {
                an_unnamed_claim_goes_back
                a_claim_above_the_mark_stays
                named_claims_stay
                a_renewal_touches_its_own_claims_only
                what_went_back_is_lost_to_its_holder
                a_lost_reply_strands_nothing
                leaving_gives_everything_back
                leaving_gives_back_what_is_above_the_mark
                leaving_ends_the_registration
                a_claim_named_twice_hides_no_other
                a_claim_that_comes_after_its_worker_left_takes_nothing
                lost_claims_are_named
                claims_taken_over_are_named_as_lost
                who_beats_keeps_its_tasks
            }
            settle {
                a_wrong_claim_number_is_refused
                a_stranger_is_refused
                a_stale_holder_is_refused
                an_earlier_run_of_the_same_worker_is_refused
                the_rest_of_the_batch_is_applied
                an_outcome_takes_its_id_out_of_the_claim
                settled_tasks_do_not_come_back
                the_second_outcome_in_a_batch_is_refused
                an_ack_after_a_fail_deletes_nothing
                an_emptied_claim_is_gone
                a_settle_sent_again_gets_the_first_answer
                a_settle_sent_again_later_touches_no_new_run
                a_settle_sent_again_after_a_lease_gets_the_first_answer
                a_settle_sent_again_after_a_discard_gets_the_first_answer
                a_settle_that_was_given_up_is_stale
                pushes_and_settles_are_numbered_apart
                an_empty_settle_does_nothing
                a_settle_that_says_it_was_answered_is_refused
                a_late_outcome_counts_until_the_take_over
            }
            outcomes {
                failing_charges_an_attempt
                a_failed_task_waits_its_time
                failing_without_delay_is_due_at_once
                releasing_charges_nothing
                snoozing_charges_nothing
                burying_charges_an_attempt
                a_burial_names_its_reason
                the_last_failures_are_kept
                earlier_failures_are_cut
                a_mixed_batch_is_settled
                a_batch_may_span_claims
            }
            time {
                a_delayed_task_waits_its_time
                nothing_runs_early
                the_longest_delay_is_not_over_soon
                delays_count_from_execution
                an_absolute_time_is_the_stores
                answers_carry_the_stores_time
                a_renewals_lease_is_cut
            }
            bounds {
                a_push_is_bounded_in_tasks
                a_push_is_bounded_in_bytes
                a_settle_is_bounded
                a_full_settle_is_applied
                a_claim_is_bounded_in_tasks
                a_claim_is_bounded_in_bytes
                a_huge_task_is_claimed
                a_renewal_is_bounded
                a_tick_is_bounded
                a_ticks_limit_is_bounded
                a_tick_of_none_moves_one
                a_tick_says_that_there_is_more_if_there_is
                numbers_stay_below_two_to_the_53
                administration_is_bounded
                listings_are_paged
                a_listings_page_is_bounded_in_bytes
                a_huge_task_is_listed
                a_claim_without_a_number_is_refused
                a_claim_over_no_queue_is_empty
            }
            order {
                first_in_is_first_out
                promoted_tasks_enter_at_the_back_by_due_time
                a_failed_task_enters_where_its_outcome_said
                the_last_outcome_decides_the_end
                a_released_task_enters_where_its_outcome_said
                a_task_released_for_later_enters_where_its_outcome_said
                tasks_that_come_to_the_front_keep_their_order
                a_snoozed_task_enters_at_the_back
                reclaimed_tasks_enter_in_front
                given_back_tasks_enter_in_front
                tasks_requeued_by_hand_enter_at_the_back
                a_mixed_batch_keeps_its_order
            }
            bodies {
                bytes_come_out_as_they_went_in
                bytes_survive_every_move
                a_claim_is_filled_up_past_removed_tasks
                a_claim_past_removed_tasks_is_bounded_in_bytes
                own_ids_come_back_as_given
                unknown_types_are_counted
                unfinished_tasks_are_not_counted
            }
            cancel {
                a_dropped_push_happened_once_or_never
                a_dropped_claim_can_be_sent_again
                a_dropped_claim_strands_nothing
                a_dropped_lone_claim_strands_nothing
                a_dropped_settle_is_applied_once
                a_dropped_renewal_loses_nothing
                a_dropped_wait_loses_nothing
                a_dropped_tick_moves_each_task_once
                dropped_administration_can_be_repeated
                a_dropped_question_answers_no_other
            }
            poison {
                a_crash_in_company_is_noted
                the_second_crash_makes_a_suspect
                a_suspect_given_back_stays_apart
                a_shared_claim_takes_no_suspect
                the_turn_passes_on_when_its_worker_leaves
                the_turn_passes_on_when_its_worker_dies
                the_turn_passes_on_after_a_while
                the_turn_passes_on_when_it_is_used
                the_turn_ends_when_its_worker_finds_no_suspect
                the_turn_outlives_a_suspect_that_another_took
                a_lone_claim_is_told_of_no_turn
                without_suspects_it_is_nobodys_turn
                a_lone_claim_waits_for_nobody
                a_lone_claim_takes_suspects_only
                a_lone_claim_takes_one_over_all_queues
                lone_crashes_bury_at_the_limit
                the_permission_sets_the_limit
                crashes_in_company_bury_nobody
                requeued_by_hand_forgets_crashes
                done_forgets_crashes
                a_suspect_stays_a_suspect
            }
            memory_bounds {
                a_finished_task_leaves_nothing
                a_kept_task_goes_when_its_time_is_over
                a_kept_task_has_no_history
                the_dead_are_capped
                the_kept_are_capped
                waiting_tasks_are_never_trimmed
                a_waiting_tasks_record_stays
            }
            names {
                illegal_names_are_refused
                legal_names_are_queues_of_their_own
                the_longest_name_works
            }
            bell {
                an_idle_queue_is_silent
                a_push_rings
                a_push_wakes_a_waiter
                a_push_that_is_due_earlier_rings
                a_ring_is_kept_once
                one_ring_wakes_one_waiter
                each_queue_has_its_own_bell
                promoting_rings
                requeueing_rings
                requeueing_by_hand_rings
                reclaiming_rings
                a_suspect_rings
                releasing_rings
                releasing_for_later_rings
                failing_rings
                snoozing_rings
                giving_back_rings
                leaving_rings
                resuming_rings
                a_claim_that_left_more_rings_again
                a_claim_that_took_nothing_is_silent
                a_claim_that_promoted_more_than_it_took_rings
                what_makes_nothing_ready_is_silent
                a_plain_push_wakes
                a_wait_for_no_queue_is_refused
            }
            carried {
                a_carried_claim_takes_what_rang
                a_carried_claim_takes_what_is_there
                a_carried_claim_may_find_nothing
                a_dropped_wait_loses_nothing_that_it_claimed
                a_carried_claim_is_spent_by_leaving
                a_renewal_gives_back_what_a_carried_claim_took
                a_carried_claim_takes_in_a_plain_push
                carried_claims_of_several_workers_share
                a_carried_claim_is_of_the_queues_waited_for
                a_carried_claim_of_several_queues_takes_of_each
                one_of_several_queues_ends_a_wait_with_a_claim
            }
            several_queues {
                a_claim_answers_for_each_queue_in_order
                a_claim_over_several_queues_can_be_sent_again
                an_error_on_one_queue_hides_no_other
                a_refused_queue_hides_no_other_in_a_claim
                a_tick_answers_for_each_queue_in_order
                a_claim_that_names_a_queue_twice_is_refused_there
                a_tick_that_names_a_queue_twice_is_refused_there
                a_claim_promotes_and_requeues_first
                a_claim_moves_a_hundred_at_most
                a_claim_tells_when_to_look_again
            }
            reclaim {
                nothing_is_reclaimed_without_permission
                nothing_is_reclaimed_after_the_permissions_end
                the_living_are_not_reclaimed
                the_dead_are_reclaimed
                who_renews_first_is_spared
                a_claim_extends_the_lease
                reclaiming_goes_in_steps
                a_claim_is_reclaimed_whole
                who_comes_back_hears_of_all_that_is_lost
                several_dead_workers_share_the_bound
                a_whole_fleet_that_died_is_told_of
                the_store_keeps_the_row_of_all_ticks
                a_pause_and_another_beat_start_a_new_row
            }
            admin {
                requeueing_ids_moves_failed_and_dead
                requeued_ids_enter_as_they_are_named
                requeueing_the_oldest_goes_in_steps
                requeueing_by_hand_starts_afresh
                requeueing_other_states_is_refused
                removing_takes_all_but_running_tasks
                a_suspect_can_be_removed
                removing_keeps_the_others_in_order
                a_claim_passes_over_removed_tasks
                purging_empties_one_state
                purging_running_tasks_is_refused
                a_paused_queue_gives_nothing
                a_pause_hides_no_claim
                a_paused_queue_still_promotes
                pausing_can_be_repeated
                only_an_empty_queue_is_discarded
                a_discarded_queue_is_silent
                a_queue_with_a_raw_body_is_not_discarded
            }
            reconcile {
                a_healthy_queue_has_nothing_to_mend
                a_search_disturbs_nobody
                a_search_may_be_dropped_at_any_await
                nothing_is_searched_that_was_not_begun
                permitted_ticks_mend_nothing_that_is_healthy
            }
            inspect {
                an_unknown_queue_holds_nothing
                counts_tell_of_every_place
                counts_tell_of_the_inbox
                listings_have_an_order
                a_task_is_shown_whole
                workers_tell_about_themselves
                dead_workers_are_not_listed
                queues_in_use_are_listed
                the_oldest_ready_task_has_an_age
                a_suspect_has_an_age
                the_store_says_what_it_is
            }
            find {
                an_own_id_finds_its_task_in_every_place
                an_own_id_finds_a_suspect
                an_own_id_finds_nothing_once_its_task_is_done
                an_own_id_finds_nothing_once_its_task_is_removed
                an_own_id_finds_nothing_once_its_task_is_dropped
                an_own_id_that_is_used_again_finds_the_new_task
                an_own_id_that_existed_finds_the_first_task
                own_ids_are_found_byte_by_byte
                own_ids_are_found_in_their_queue
                finding_changes_nothing
            }
            inbox {
                a_raw_body_becomes_a_task
                the_inbox_comes_after_the_ready_list
                the_inbox_is_left_alone_unless_asked_for
                a_claim_on_the_inbox_can_be_sent_again
                a_raw_task_is_not_lost
                the_inbox_is_bounded_in_bytes
                the_inbox_overtakes_nothing_that_does_not_fit
                the_inbox_of_a_paused_queue_wakes_nobody
            }
            races {
                nothing_is_lost_or_doubled
                one_of_many_outcomes_counts
                racing_for_a_task_leaves_it_in_one_place
            }
        }
    };
}
