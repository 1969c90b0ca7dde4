//! Replies of every kind of command are dropped, cut, delayed and repeated under load, see
//! [`tireless_tests::replies`]. `TIRELESS_REPLIES` sets how many of each kind (26 unless set: each
//! strike meets each kind of command).

use tireless_tests::broken::{Broken, PushesAnew, SettlesAnew};
use tireless_tests::replies::{KINDS, Scale, run, table};
use tireless_tests::{Library, RedisRs, scaled};

/// How many replies of each kind are struck.
fn each() -> u64 {
    scaled("TIRELESS_REPLIES", 26)
}

async fn lost_replies_harm_nobody<L: Library>() {
    let report = run::<L>(&Scale::of(each())).await;
    println!("{}\n{}: {:?}", table(&report.struck), L::NAME, report.findings);
    println!("{} commands, {} connections, {:?}", report.commands, report.connections, report.took);
    assert_eq!(report.faults(), Vec::<String>::new());
    for kind in KINDS {
        assert!(report.struck_of(kind) >= each(), "{kind}: {}", report.struck_of(kind));
    }
}

crate::over_both!(lost_replies_harm_nobody);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_are_pushed_anew_are_found() {
    let report = run::<Broken<RedisRs, PushesAnew>>(&Scale::of(6)).await;
    let faults = report.faults();
    assert!(faults.iter().any(|fault| fault.contains("tasks pushed beyond")), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_that_are_settled_anew_are_found() {
    let report = run::<Broken<RedisRs, SettlesAnew>>(&Scale::of(6)).await;
    let faults = report.faults();
    assert!(faults.iter().any(|fault| fault.contains("outcomes refused")), "{faults:?}");
}
