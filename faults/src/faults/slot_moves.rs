//! The slot of a busy queue moves from one master of a Cluster to the next, again and again.

use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use tireless::Durability;
use tireless_testkit::set_up::TestCluster;
use tireless_tests::{Library, Traffic};

use crate::fault::{Fault, Report, Run};
use crate::library::{OverAny, over_asked};

const SECONDS: u64 = 300;

/// Tasks that wait in the queue, and that each move takes along.
const WAITING: u64 = 200_000;

/// Keys that one step of a move takes.
const KEYS: usize = 4;

const PATIENCE: Duration = Duration::from_secs(60);

const DRAINED: Duration = Duration::from_secs(40);

/// The fault.
#[derive(Debug)]
pub(super) struct SlotMoves;

#[async_trait]
impl Fault for SlotMoves {
    fn name(&self) -> &'static str {
        "slot-moves"
    }

    fn bar(&self) -> &'static str {
        "5 minutes of moving the slot of a busy queue with 200,000 tasks put by between the masters \
         of a Cluster: none lost, none repeated"
    }

    fn full(&self) -> (u64, &'static str) {
        (SECONDS, "seconds")
    }

    fn small(&self) -> f64 {
        0.02
    }

    fn catches(&self) -> &'static [&'static str] {
        &["AckLeavesTheIdInTheClaim"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        over_asked(self, run)
    }
}

#[async_trait(?Send)]
impl OverAny for SlotMoves {
    async fn over<L: Library>(&self, run: &Run) -> Result<Report> {
        let (seconds, waiting) = (run.times(SECONDS, 3), run.times(WAITING, 1_000));
        // A step of a move holds two servers for longer than others would wait for them here.
        let patient = ["--cluster-node-timeout", "15000"];
        let cluster = TestCluster::start_with(0, |server| server.with_args(patient))?;
        let queues = ["hot", "other"];
        let mut traffic = Traffic::start::<L>(&cluster.url(), &queues, Durability::Stored).await;
        traffic.put_by("hot", waiting).await;
        run.progress.set_length(seconds);
        let (mut moves, mut slowest) = (0, Duration::ZERO);
        let begin = Instant::now();
        while begin.elapsed().as_secs() < seconds {
            let key = traffic.tag("hot");
            let master = cluster.master_of(&key)?;
            cluster.move_slot(&key, (master + 1) % 3, KEYS)?;
            slowest = slowest.max(traffic.goes_on(PATIENCE).await);
            moves += 1;
            run.progress.set_position(begin.elapsed().as_secs().min(seconds));
        }
        let sum = traffic.end_within(DRAINED).await;
        let mut report = Report { n: seconds, ..Report::default() };
        report.count("moves", moves);
        report.count("accepted", sum.accepted as u64);
        report.count("lost", sum.lost.len() as u64);
        report.count("in excess", sum.excess as u64);
        report.count("reclaimed", sum.reclaimed);
        report.seconds("runs go on after", slowest);
        let lost = &sum.lost;
        report.demand(sum.drained, || "the queues were not drained in time".to_owned());
        report.demand(lost.is_empty(), || format!("{} accepted and lost", lost.len()));
        report.demand(sum.excess == 0, || format!("{} runs in excess", sum.excess));
        report
            .demand(sum.reclaimed == 0, || format!("{} reclaimed from the living", sum.reclaimed));
        Ok(report)
    }
}
