//! What only the whole can promise. A missing server fails a test; nothing here is skipped but what
//! needs Docker or redis-py, which `cargo xtask test --all` runs.

/// The program of the worker processes.
const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// Makes two tests of each function: one with each client library.
macro_rules! over_both {
    ($($test:ident),+ $(,)?) => { $($crate::over_both!(@ $test);)+ };
    (ignore $why:literal: $($test:ident),+ $(,)?) => {
        $($crate::over_both!(@ $test #[ignore = $why]);)+
    };
    (@ $test:ident $(#[$ignore:meta])?) => {
        mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$ignore])?
            async fn over_redis_rs() {
                super::$test::<tireless_tests::RedisRs>().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$ignore])?
            async fn over_fred() {
                super::$test::<tireless_tests::Fred>().await;
            }
        }
    };
}
use over_both;

mod acl; // the users of docs/acl
mod blocked; // handlers that block every thread
mod cluster; // queues in several slots, slots that move, masters that die
mod conformance; // every clause of the contract, over both client libraries
mod containers; // the official images
mod crash; // worker processes that die or stand still
mod denied_claims; // claims that lack a right halfway
mod discarded; // queues that are taken away
mod dropped; // futures of pools and producers, dropped half way
mod durability; // pushes that wait for replicas, or for the disk
mod eviction; // a server that throws keys away
mod guarded; // set-ups that speak TLS only, to users only
mod half_open; // connections that lead nowhere, servers that stand still
mod hostile; // malformed entries of every kind, written straight into Redis
mod in_memory; // pools that die and end over the broker in memory
mod interop; // pushed with one library, run with the other
mod leases; // no lease reaches too far, where that decides
mod out_of_memory; // what still works at maxmemory
mod outage; // Redis dies, or stands still, under load
mod own_ids; // names that lead to tasks, and names that lead nowhere
mod plain_list; // programs that only know lists and sets
mod property; // one model against both libraries
mod reconcile; // what somebody damaged is found and mended
mod refused; // servers that take no connection
mod removed; // what a removal looks at
mod replies; // replies are dropped, cut, delayed and repeated
mod scripts_lost; // SCRIPT FLUSH under way
mod sentinels; // a master that dies, or hands over
mod slow_link; // claims whose answers are too large for the link
mod timing; // when things happen, with generous room
mod upgrade; // queues that earlier versions left behind
mod usual_path; // claims and acks that end early in their scripts
mod wrong_types; // each script and each of its keys holding another type
