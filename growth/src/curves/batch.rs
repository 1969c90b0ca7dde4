//! What a claim and an ack cost the server with more and more tasks in one call.
//!
//! Once with one caller, whose calls find the server idle, and once with some side by side, as when
//! several workers are busy: the server then reads and answers several calls at a time.

use anyhow::Result;
use async_trait::async_trait;
use futures_util::future::try_join_all;

use super::BODY;
use crate::bars::{Verdict, figure};
use crate::curve::{Column, Curve, Line, Measured, Panel, Plan, Run};
use crate::gauge::Spent;
use crate::ground::Ground;
use crate::hand::Hand;
use crate::load::Load;
use crate::record::{Record, row};

/// Callers side by side.
const CALLERS: u64 = 8;

const PLAN: Plan = Plan {
    name: "batch",
    title: "Tasks a call",
    grows: Column { name: "a_call", head: "tasks a call" },
    columns: &[
        Column { name: "busy_server_us", head: "8 callers, server us" },
        Column { name: "alone_server_us", head: "1 caller, server us" },
        Column { name: "bare_server_us", head: "bare take, 100 a call, server us" },
        Column { name: "busy_wall_us", head: "8 callers, wall us" },
        Column { name: "alone_wall_us", head: "1 caller, wall us" },
    ],
    panels: &[Panel {
        title: "Server's processor, claim and ack together",
        unit: "us a task",
        log: true,
        lines: &[
            Line { name: "busy_server_us", label: "8 callers", bare: false },
            Line { name: "alone_server_us", label: "1 caller", bare: false },
            Line { name: "bare_server_us", label: "bare take, 100 a call", bare: true },
        ],
        bar: None,
    }],
};

/// The curve.
#[derive(Debug)]
pub(super) struct Batch;

#[async_trait]
impl Curve for Batch {
    fn plan(&self) -> &'static Plan {
        &PLAN
    }

    async fn measure(&self, run: &Run) -> Result<Measured> {
        let sizes = [1, 10, 100, 1_000];
        let calls = run.scale.pick(2, 3_000, 10_000);
        let most = run.scale.pick(200, 100_000, 500_000);
        run.progress.set_length(sizes.len() as u64);
        let ground = Ground::open(run.client).await?;
        let load = Load::new(ground.broker.clone(), BODY);
        let bare = ground.bare(most, BODY).await?;
        let mut rows = Vec::new();
        for a_call in sizes {
            run.progress.set_message(format!("{a_call} a call"));
            let a_round = CALLERS * a_call;
            let tasks = ((calls * a_call).min(most) / a_round).max(1) * a_round;
            let alone = take(&ground, &load, 1, tasks, a_call).await?;
            let busy = take(&ground, &load, CALLERS, tasks, a_call).await?;
            rows.push(row([
                (PLAN.grows.name, a_call as f64),
                ("alone_server_us", alone.server_us),
                ("alone_wall_us", alone.wall_us),
                ("busy_server_us", busy.server_us),
                ("busy_wall_us", busy.wall_us),
                ("bare_server_us", bare.server_us),
            ]));
            run.progress.inc(1);
        }
        Ok(Measured { server: ground.gauge.server().await?, rows })
    }

    fn verdicts(&self, record: &Record) -> Vec<Verdict> {
        let busy = |a_call| figure(record, PLAN.grows.name, a_call, "busy_server_us");
        let bar = "server's processor a task, claim and ack together, at most";
        vec![
            Verdict::at_most(&format!("{bar} 2 us at 100 tasks a call"), busy(100.0), 2.0),
            Verdict::at_most(&format!("{bar} 5 us at 10 tasks a call"), busy(10.0), 5.0),
        ]
    }
}

/// What taking tasks costs by so many callers at once.
async fn take(
    ground: &Ground,
    load: &Load,
    callers: u64,
    tasks: u64,
    a_call: u64,
) -> Result<Spent> {
    let hand = |_| Hand::new(ground.broker.clone(), ground.queue.clone());
    let mut hands: Vec<Hand> = (0..callers).map(hand).collect();
    load.fill(&ground.queue, tasks + callers * a_call).await?;
    // The first claim of a worker is not like the others.
    try_join_all(hands.iter_mut().map(|hand| hand.take(a_call, a_call))).await?;
    let mark = ground.gauge.mark().await?;
    try_join_all(hands.iter_mut().map(|hand| hand.take(tasks / callers, a_call))).await?;
    Ok(ground.gauge.since(mark).await?.per(tasks))
}
