//! The property test finds what is broken by itself, without being told where to look.

#[path = "../../backend-memory/tests/harness/mod.rs"]
mod harness;

use std::panic::catch_unwind;

use harness::Memory;
use tireless_testkit::property::run_property;
use tireless_testkit::{FaultyBroker, Over, broken};

macro_rules! found {
    ($($test:ident $broken:ident;)*) => {
        $(
            #[test]
            fn $test() {
                let outcome =
                    catch_unwind(|| run_property::<Over<broken::$broken, Memory>>(64, 100));
                assert!(outcome.is_err(), concat!(stringify!($broken), " was not found"));
            }
        )*
    };
}

found! {
    finds_a_pop_without_record PopWithoutRecord;
    finds_an_ack_that_leaves_the_task AckLeavesTheTask;
    finds_a_note_before_the_act NotesBeforeItActs;
    finds_forgotten_pushes ForgetsPushes;
    finds_doubled_pushes DoublesRepeatedPushes;
    finds_ignored_own_ids IgnoresOwnIds;
    finds_stale_calls TakesStaleCalls;
    finds_claims_that_take_more_when_repeated TakesMoreWhenRepeated;
    finds_claims_that_give_nothing_when_repeated GivesNothingWhenRepeated;
    finds_late_copies_that_are_served ServesLateCopies;
    finds_missing_renewal NoRenewal;
    finds_stranded_replies StrandsLostReplies;
    finds_workers_that_never_let_go NeverLetsGo;
    finds_unnamed_losses NamesNoLostClaims;
    finds_acks_by_id AcksByIdAlone;
    finds_ids_left_in_claims AckLeavesTheIdInTheClaim;
    finds_settles_made_afresh SettlesAfresh;
    finds_one_refusal_that_stops_a_batch OneRefusalStopsTheBatch;
    finds_the_clients_clock ClientClock;
    finds_the_wrong_end ComesBackInFront;
    finds_the_wrong_order LastInFirstOut;
    finds_shared_suspects SharesSuspects;
    finds_pardoned_suspects PardonsSuspects;
    finds_forgotten_returns ForgetsReturns;
    finds_finished_tasks_that_stay KeepsFinishedTasks;
    finds_reclaims_without_permission ReclaimsUnasked;
    finds_missing_reclaims NeverReclaims;
}

#[test]
fn finds_nothing_in_a_faulty_broker_without_faults() {
    run_property::<Over<FaultyBroker, Memory>>(64, 100);
}
