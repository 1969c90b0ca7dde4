//! Every broken broker is caught by the case of the clause that it breaks, and only breaks that:
//! the same case passes on the correct broker below, and the simplest case passes on both.

#[path = "../../backend-memory/tests/harness/clocked.rs"]
mod clocked;
mod contract;
#[path = "../../backend-memory/tests/harness/mod.rs"]
mod harness;
#[path = "broken/seen.rs"]
mod seen;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use harness::Memory;
use seen::Seen;
use tireless_testkit::conformance::*;
use tireless_testkit::{Over, Wrapper, broken, run};

/// Runs one case over a broken broker, which must fail it.
macro_rules! caught {
    ($($test:ident: $clause:literal $broken:ident by $theme:ident::$case:ident;)*) => {
        $(
            #[test]
            fn $test() {
                let case = $theme::$case;
                run::<Memory>(case);
                still_works::<broken::$broken>();
                let seen = Seen::of(|| run::<Over<broken::$broken, Memory>>(case));
                let claim = concat!(
                    stringify!($broken), " breaks ", $clause, " and ",
                    stringify!($theme), "::", stringify!($case)
                );
                let seen = seen.unwrap_or_else(|| panic!("{claim} did not see it"));
                assert!(seen.is_by(stringify!($theme)), "{claim} is not what saw it, but {seen}");
                println!("{claim} saw it: {seen}");
            }
        )*

        /// What each broken broker breaks, as this file claims it.
        const CLAIMS: &[(&str, &str)] = &[$((stringify!($broken), $clause)),*];
    };
}

/// Broken as it is, it pushes and claims a task: what caught it was no mere breakdown.
fn still_works<W: Wrapper>() {
    run::<Over<W, Memory>>(names::the_longest_name_works);
}

caught! {
    pop_without_record: "B1" PopWithoutRecord by claim::a_claimed_task_is_recorded_under_its_worker;
    pop_without_record_loses: "B4.1" PopWithoutRecord by reclaim::the_dead_are_reclaimed;
    ack_leaves_the_task: "B1" AckLeavesTheTask by conservation::an_acked_task_is_nowhere;
    half_push: "B2" HalfPush by conservation::a_pushed_batch_appears_at_once;
    one_by_one_settle: "B2" OneByOneSettle by conservation::a_settled_batch_moves_at_once;
    move_in_two_steps: "B2" MoveInTwoSteps by conservation::a_move_is_never_seen_half_done;
    replaces_living_tasks: "B3.1" ReplacesLivingTasks by push::an_id_that_lives_exists;
    ignores_own_ids: "B3.2" IgnoresOwnIds by push::an_own_id_points_to_a_living_task;
    forgets_pushes: "B3.3" ForgetsPushes by push::a_push_sent_again_after_the_end_does_nothing;
    doubles_repeated_pushes: "B3.3" DoublesRepeatedPushes
        by push::a_push_sent_again_gets_the_first_answer;
    takes_stale_calls: "B3.4" TakesStaleCalls by push::a_call_that_was_given_up_is_stale;
    stops_at_the_first_duplicate: "B3.5" StopsAtTheFirstDuplicate
        by push::a_batch_answers_for_each_task;
    never_sure_of_the_effect: "B3.6" NeverSureOfTheEffect
        by push::a_refusal_says_that_nothing_happened;
    finds_ready_tasks_only: "B3.7" FindsReadyTasksOnly
        by find::an_own_id_finds_its_task_in_every_place;
    finds_what_is_done: "B3.7" FindsByLeftoverNames
        by find::an_own_id_finds_nothing_once_its_task_is_done;
    finds_what_was_removed: "B3.7" FindsByLeftoverNames
        by find::an_own_id_finds_nothing_once_its_task_is_removed;
    finds_what_was_dropped: "B3.7" FindsByLeftoverNames
        by find::an_own_id_finds_nothing_once_its_task_is_dropped;
    finds_what_it_found_first: "B3.7" FindsWhatItFoundFirst
        by find::an_own_id_that_is_used_again_finds_the_new_task;
    finds_in_all_queues: "B3.7" FindsInAllQueues by find::own_ids_are_found_in_their_queue;
    folds_own_ids: "B3.7" FoldsOwnIds by find::own_ids_are_found_byte_by_byte;
    finds_by_taking: "B3.7" FindsByTaking by find::finding_changes_nothing;
    takes_more_when_repeated: "B4.2" TakesMoreWhenRepeated
        by claim::a_claim_sent_again_gives_the_same_tasks;
    gives_nothing_when_repeated: "B4.2" GivesNothingWhenRepeated
        by claim::a_claim_sent_again_gives_the_same_tasks;
    serves_late_copies: "B4.3" ServesLateCopies by claim::a_late_copy_of_an_old_claim_takes_nothing;
    late_copies_move_the_lease: "B4.3" LateCopiesMoveTheLease
        by claim::a_late_copy_leaves_the_lease_as_it_is;
    forgets_who_left: "B4.3" ForgetsWhoLeft by claim::a_late_copy_after_leaving_takes_nothing;
    no_renewal: "B4.4" NoRenewal by renew::who_beats_keeps_its_tasks;
    strands_lost_replies: "B4.4" StrandsLostReplies by renew::a_lost_reply_strands_nothing;
    ignores_the_mark: "B4.4" IgnoresTheMark by renew::a_claim_above_the_mark_stays;
    never_lets_go: "B4.5" NeverLetsGo by renew::leaving_gives_everything_back;
    leaves_numbers_unspent: "B4.5" LeavesNumbersUnspent
        by renew::a_claim_that_comes_after_its_worker_left_takes_nothing;
    acks_by_id_alone: "B5.1" AcksByIdAlone by settle::a_stale_holder_is_refused;
    confuses_workers: "B5.1" ConfusesWorkers by settle::a_stranger_is_refused;
    one_refusal_stops_the_batch: "B5.1" OneRefusalStopsTheBatch
        by settle::the_rest_of_the_batch_is_applied;
    ack_leaves_the_id_in_the_claim: "B5.2" AckLeavesTheIdInTheClaim
        by settle::settled_tasks_do_not_come_back;
    hears_two_outcomes: "B5.2" HearsTwoOutcomes
        by settle::the_second_outcome_in_a_batch_is_refused;
    settles_afresh: "B5.3" SettlesAfresh by settle::a_settle_sent_again_gets_the_first_answer;
    takes_stale_settles: "B5.3" TakesStaleSettles by settle::a_settle_that_was_given_up_is_stale;
    numbers_pushes_with_settles: "B5.3" NumbersPushesWithSettles
        by settle::pushes_and_settles_are_numbered_apart;
    names_no_lost_claims: "B5.4" NamesNoLostClaims by renew::lost_claims_are_named;
    splits_claims: "B5.4" SplitsClaims by reclaim::who_comes_back_hears_of_all_that_is_lost;
    client_clock: "B6" ClientClock by time::nothing_runs_early;
    believes_any_lease: "B6" BelievesAnyLease by time::a_renewals_lease_is_cut;
    never_cuts_a_lease: "B6" NeverCutsALease by clocked::a_claims_lease_is_cut_to_the_longest;
    takes_any_batch: "B7" TakesAnyBatch by bounds::a_push_is_bounded_in_tasks;
    takes_part_of_what_it_refuses: "B7" TakesPartOfWhatItRefuses
        by bounds::a_push_is_bounded_in_tasks;
    claims_any_bytes: "B7" ClaimsAnyBytes by bounds::a_claim_is_bounded_in_bytes;
    takes_any_settle: "B7" TakesAnySettle by bounds::a_settle_is_bounded;
    ticks_to_the_end: "B7" TicksToTheEnd by bounds::a_tick_is_bounded;
    lists_everything_at_once: "B7" ListsEverythingAtOnce by bounds::listings_are_paged;
    last_in_first_out: "B8" LastInFirstOut by order::first_in_is_first_out;
    comes_back_in_front: "B8" ComesBackInFront
        by order::a_failed_task_enters_where_its_outcome_said;
    reclaims_to_the_back: "B8" ReclaimsToTheBack by order::reclaimed_tasks_enter_in_front;
    gives_back_to_the_back: "B8" GivesBackToTheBack by order::given_back_tasks_enter_in_front;
    requeues_by_hand_to_the_front: "B8" RequeuesByHandToTheFront
        by order::tasks_requeued_by_hand_enter_at_the_back;
    promotes_to_the_front: "B8" PromotesToTheFront
        by order::promoted_tasks_enter_at_the_back_by_due_time;
    promotes_the_last_due_first: "B8" PromotesTheLastDueFirst
        by order::promoted_tasks_enter_at_the_back_by_due_time;
    reencodes_bodies: "B9" ReencodesBodies by bodies::bytes_come_out_as_they_went_in;
    forgets_returns: "B9" ForgetsReturns by bodies::unknown_types_are_counted;
    notes_before_it_acts: "B10" NotesBeforeItActs by cancel::a_dropped_settle_is_applied_once;
    notes_pushes_before_it_acts: "B10" NotesPushesBeforeItActs
        by cancel::a_dropped_push_happened_once_or_never;
    notes_claims_before_it_acts: "B10" NotesClaimsBeforeItActs
        by cancel::a_dropped_claim_can_be_sent_again;
    blames_the_innocent: "B11.1" BlamesTheInnocent by poison::a_crash_in_company_is_noted;
    shares_suspects: "B11.2" SharesSuspects by poison::a_shared_claim_takes_no_suspect;
    everybodys_turn: "B11.2" EverybodysTurn by poison::the_turn_passes_on_when_its_worker_leaves;
    the_turn_outlives_leaving: "B11.2" TurnNeverPassesOn
        by poison::the_turn_passes_on_when_its_worker_leaves;
    the_turn_outlives_death: "B11.2" TurnNeverPassesOn
        by poison::the_turn_passes_on_when_its_worker_dies;
    the_turn_outlives_its_time: "B11.2" TurnNeverPassesOn
        by poison::the_turn_passes_on_after_a_while;
    the_turn_comes_once: "B11.2" TurnNeverComesBack by poison::the_turn_passes_on_after_a_while;
    the_turn_outlives_its_use: "B11.2" TurnNeverPassesOn
        by poison::the_turn_passes_on_when_it_is_used;
    one_suspect_a_queue: "B11.3" OneSuspectAQueue
        by poison::a_lone_claim_takes_one_over_all_queues;
    tells_lone_claims_of_turns: "B11.3" LoneClaimsTurn
        by poison::a_lone_claim_is_told_of_no_turn;
    waits_for_the_turn: "B11.3" WaitsForTheTurn by poison::a_lone_claim_waits_for_nobody;
    never_buries_poison: "B11.4" NeverBuriesPoison by poison::lone_crashes_bury_at_the_limit;
    pardons_suspects: "B11.5" PardonsSuspects by poison::a_suspect_stays_a_suspect;
    never_forgets_crashes: "B11.5" NeverForgets by poison::requeued_by_hand_forgets_crashes;
    keeps_finished_tasks: "B12" KeepsFinishedTasks by memory_bounds::a_finished_task_leaves_nothing;
    drops_in_silence: "B12" DropsInSilence by memory_bounds::the_dead_are_capped;
    keeps_for_ever: "B12" KeepsForEver
        by memory_bounds::a_kept_task_goes_when_its_time_is_over;
    trims_what_waits: "B12" TrimsWhatWaits by memory_bounds::waiting_tasks_are_never_trimmed;
    folds_names: "B13" FoldsNames by names::legal_names_are_queues_of_their_own;
    silent_push: "B14" SilentPush by bell::a_push_rings;
    silent_earlier_push: "B14" SilentPush by bell::a_push_that_is_due_earlier_rings;
    silent_promotion: "B14" SilentTick by bell::promoting_rings;
    silent_requeueing: "B14" SilentTick by bell::requeueing_rings;
    silent_reclaim: "B14" SilentTick by bell::reclaiming_rings;
    silent_suspect: "B14" SilentTick by bell::a_suspect_rings;
    silent_release: "B14" SilentSettle by bell::releasing_rings;
    silent_later_release: "B14" SilentSettle by bell::releasing_for_later_rings;
    silent_failure: "B14" SilentSettle by bell::failing_rings;
    silent_snooze: "B14" SilentSettle by bell::snoozing_rings;
    silent_renewal: "B14" SilentRenewal by bell::giving_back_rings;
    silent_leaving: "B14" SilentRenewal by bell::leaving_rings;
    silent_requeue: "B14" SilentRequeue by bell::requeueing_by_hand_rings;
    silent_resume: "B14" SilentResume by bell::resuming_rings;
    silent_claim: "B14" SilentClaim by bell::a_claim_that_left_more_rings_again;
    silent_promoting_claim: "B14" SilentClaim
        by bell::a_claim_that_promoted_more_than_it_took_rings;
    claims_under_another_number: "B14" ClaimsUnderAnotherNumber by carried::a_carried_claim_takes_what_rang;
    keeps_what_it_claimed: "B14" KeepsWhatItClaimed by carried::a_carried_claim_takes_what_is_there;
    mixes_up_its_queues: "B15" MixesUpItsQueues by carried::a_carried_claim_of_several_queues_takes_of_each;
    claims_again_for_itself: "B4.5" ClaimsAgainForItself by carried::a_carried_claim_is_spent_by_leaving;
    carries_any_claim: "B14" CarriesAnyClaim by carried::a_carried_claim_is_of_the_queues_waited_for;
    rings_for_nothing: "B14" RingsForNothing by bell::a_claim_that_took_nothing_is_silent;
    one_ring_wakes_all: "B14" OneRingWakesAll by bell::one_ring_wakes_one_waiter;
    keeps_a_ring_twice: "B14" KeepsARingTwice by bell::a_ring_is_kept_once;
    one_error_hides_all: "B15" OneErrorHidesAll
        by several_queues::an_error_on_one_queue_hides_no_other;
    one_refused_claim_hides_all: "B15" OneRefusedClaimHidesAll
        by several_queues::a_refused_queue_hides_no_other_in_a_claim;
    answers_in_any_order: "B15" AnswersInAnyOrder
        by several_queues::a_claim_answers_for_each_queue_in_order;
    never_tells_when_to_look: "B15" NeverTellsWhenToLook
        by several_queues::a_claim_tells_when_to_look_again;
    reclaims_unasked: "B16" ReclaimsUnasked by reclaim::nothing_is_reclaimed_without_permission;
    ignores_the_permissions_end: "B16" IgnoresThePermissionsEnd
        by reclaim::nothing_is_reclaimed_after_the_permissions_end;
    reclaims_who_has_renewed: "B16" ReclaimsWhoHasRenewed by reclaim::who_renews_first_is_spared;
    mends_what_is_healthy: "B17" MendsWhatIsHealthy
        by reconcile::a_healthy_queue_has_nothing_to_mend;
    mends_where_nobody_asked: "B17" MendsWhatIsHealthy
        by reconcile::a_search_disturbs_nobody;
    forgets_the_rest_of_the_dead: "B16" ForgetsTheRestOfTheDead
        by reclaim::a_whole_fleet_that_died_is_told_of;
    always_steady: "B16" AlwaysSteady by reclaim::a_pause_and_another_beat_start_a_new_row;
    never_steady: "B16" NeverSteady by reclaim::the_store_keeps_the_row_of_all_ticks;
    never_reclaims: "B16" NeverReclaims by reclaim::the_dead_are_reclaimed;
    ignores_pauses: "Administration" IgnoresPauses by admin::a_paused_queue_gives_nothing;
    discards_tasks: "Administration" DiscardsTasks by admin::only_an_empty_queue_is_discarded;
    discards_raw_bodies: "Administration" DiscardsRawBodies
        by admin::a_queue_with_a_raw_body_is_not_discarded;
    discards_served_queues: "Administration" DiscardsServedQueues
        by admin::only_an_empty_queue_is_discarded;
    removes_running_tasks: "Administration" RemovesRunningTasks
        by admin::removing_takes_all_but_running_tasks;
    never_forgets_attempts: "Administration" NeverForgets
        by admin::requeueing_by_hand_starts_afresh;
}

/// The part of the contract that has no numbers.
const ADMINISTRATION: &str = "Administration";

#[test]
fn every_clause_has_a_broken_broker() {
    let mut clauses = contract::clauses();
    clauses.insert(ADMINISTRATION.to_owned());
    let broken: BTreeSet<String> = CLAIMS.iter().map(|(_, claim)| (*claim).to_owned()).collect();
    let whole: Vec<_> = clauses.difference(&broken).collect();
    assert!(whole.is_empty(), "no broken broker breaks {whole:?}");
    let unknown: Vec<_> = broken.difference(&clauses).collect();
    assert!(unknown.is_empty(), "the contract has no clauses {unknown:?}, or they are numbered");
}

#[test]
fn every_broken_broker_is_tried() {
    let tried: BTreeSet<String> = CLAIMS.iter().map(|(broken, _)| (*broken).to_owned()).collect();
    assert_eq!(written().symmetric_difference(&tried).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// What only breaks down, outside of the cases, is no proof that a case sees anything.
#[test]
fn a_breakdown_is_not_what_a_case_saw() {
    assert!(Seen::of(|| {}).is_none());
    let breakdown = Seen::of(|| panic!("a broken broker, or the end of a case's time"));
    assert!(breakdown.is_some_and(|breakdown| !breakdown.is_by("settle")));
    let (late, theme) = (Seen::of(|| panic!("wait did not end: no bell rang")), "broken");
    assert!(late.is_some_and(|late| !late.is_by(theme)), "though it is in a file of that name");
}

/// The broken brokers that there are: the first word of each `broken!` that is no comment.
fn written() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/broken");
    for file in fs::read_dir(folder).expect("the broken brokers") {
        let text = contract::read(file.expect("a file of them").path());
        for declared in text.split("\nbroken! {\n").skip(1) {
            let line = declared.lines().find(|line| !line.trim_start().starts_with("///"));
            let name = line.and_then(|line| line.trim().strip_suffix(" {"));
            names.insert(name.expect("a name").to_owned());
        }
    }
    names
}
