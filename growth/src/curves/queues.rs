//! What a task costs, and what idling costs, with more and more queues in one pool.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_trait::async_trait;
use tireless::QueueName;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout};

use super::BODY;
use crate::curve::{Column, Curve, Line, Measured, Panel, Plan, Run};
use crate::drain::{drain, idle_pool};
use crate::ground::Ground;
use crate::info::sent;
use crate::load::Load;
use crate::record::{Row, row};

/// Single pushes, and how long all rest after each.
const PUSHES: usize = 60;
const REST: Duration = Duration::from_millis(250);

/// How long the start of a task is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

const PLAN: Plan = Plan {
    name: "queues",
    title: "Queues in one worker process",
    grows: Column { name: "queues", head: "queues" },
    columns: &[
        Column { name: "drain_server_us", head: "drain, server us" },
        Column { name: "drain_wall_us", head: "drain, wall us" },
        Column { name: "bare_server_us", head: "bare drain, server us" },
        Column { name: "bare_wall_us", head: "bare drain, wall us" },
        Column { name: "drain_calls", head: "drain, calls a task" },
        Column { name: "idle_calls_per_s", head: "calls/s while idle" },
        Column { name: "idle_calls_a_queue", head: "the same, a queue" },
        Column { name: "idle_server_percent", head: "% of the server's processor while idle" },
        Column { name: "connections", head: "connections while idle" },
        Column { name: "calls_a_push", head: "calls a single push" },
        Column { name: "start_p50_ms", head: "push to start, median ms" },
    ],
    panels: &[
        Panel {
            title: "Drain of the same tasks over all queues",
            unit: "us a task",
            log: true,
            lines: &[
                Line { name: "drain_server_us", label: "server's processor", bare: false },
                Line { name: "drain_wall_us", label: "time that passes", bare: false },
                Line { name: "bare_server_us", label: "bare drain, processor", bare: true },
                Line { name: "bare_wall_us", label: "bare drain, time", bare: true },
            ],
            bar: None,
        },
        Panel {
            title: "While idle, and after a single push",
            unit: "calls/s, calls, connections",
            log: true,
            lines: &[
                Line { name: "idle_calls_per_s", label: "calls/s while idle", bare: false },
                Line { name: "connections", label: "connections", bare: false },
                Line { name: "calls_a_push", label: "calls a single push", bare: false },
            ],
            bar: None,
        },
        Panel {
            title: "From a single push to the start of its handler",
            unit: "ms",
            log: false,
            lines: &[Line { name: "start_p50_ms", label: "median of 60", bare: false }],
            bar: None,
        },
    ],
};

/// The curve.
#[derive(Debug)]
pub(super) struct Queues;

#[async_trait]
impl Curve for Queues {
    fn plan(&self) -> &'static Plan {
        &PLAN
    }

    async fn measure(&self, run: &Run) -> Result<Measured> {
        let all = [1_u64, 3, 10, 100, 1_000];
        let sizes = run.scale.pick(&all[..2], &all, &all);
        let tasks = run.scale.pick(200, 300_000, 500_000);
        run.progress.set_length(sizes.len() as u64);
        let ground = Ground::open(run.client).await?;
        let load = Load::new(ground.broker.clone(), BODY);
        let mut rows = Vec::new();
        for &size in sizes {
            run.progress.set_message(format!("{size} queues"));
            let queues: Vec<QueueName> =
                (0..size).map(|at| format!("q{size}-{at}").parse()).collect::<Result<_, _>>()?;
            for queue in &queues {
                load.fill(queue, tasks / size).await?;
            }
            let tasks = tasks / size * size;
            let before = ground.gauge.calls().await?;
            let drained = drain(ground.broker.clone(), &ground.gauge, &queues, tasks).await?;
            let (calls, _) = sent(&before, &ground.gauge.calls().await?);
            let bare = ground.bare(tasks, BODY).await?;
            let mut one = row([
                (PLAN.grows.name, size as f64),
                ("drain_server_us", drained.server_us),
                ("drain_wall_us", drained.wall_us),
                ("bare_server_us", bare.server_us),
                ("bare_wall_us", bare.wall_us),
                ("drain_calls", calls as f64 / tasks as f64),
            ]);
            // Queues of their own: those that were drained keep a ring each, which is heard first.
            let untouched: Vec<QueueName> =
                (0..size).map(|at| format!("i{size}-{at}").parse()).collect::<Result<_, _>>()?;
            one.extend(idle(&ground, run, &untouched).await?);
            rows.push(one);
            run.progress.inc(1);
        }
        Ok(Measured { server: ground.gauge.server().await?, rows })
    }
}

/// What a pool does that has nothing to do, once it has settled down.
async fn idle(ground: &Ground, run: &Run, queues: &[QueueName]) -> Result<Row> {
    let settles = Duration::from_secs(run.scale.pick(1, 8, 12));
    let window = Duration::from_secs(run.scale.pick(1, 15, 60));
    let broker = ground.connect_by(&ground.server.url()).await?;
    let others = ground.gauge.connections().await? - 1.0;
    let (pool, mut starts) = idle_pool(broker, queues);
    let pool = pool.start().await?;
    sleep(settles).await;
    let (before, mark) = (ground.gauge.calls().await?, ground.gauge.mark().await?);
    sleep(window).await;
    let spent = ground.gauge.since(mark).await?;
    let (calls, _) = sent(&before, &ground.gauge.calls().await?);
    let connections = ground.gauge.connections().await? - others;
    let per_s = calls as f64 * 1e6 / spent.wall_us;
    let (calls_a_push, start_p50_ms) = pushes(ground, queues, &mut starts).await?;
    pool.shutdown().await;
    Ok(row([
        ("calls_a_push", calls_a_push),
        ("start_p50_ms", start_p50_ms),
        ("idle_calls_per_s", per_s),
        ("idle_calls_a_queue", per_s / queues.len() as f64),
        ("idle_server_percent", 100.0 * spent.server_us / spent.wall_us),
        ("connections", connections),
    ]))
}

/// How many calls come with a single push to one of the queues, its own among them, and how long it
/// takes until its handler starts: the medians, since what is sent while idle comes in gusts.
async fn pushes(
    ground: &Ground,
    queues: &[QueueName],
    starts: &mut UnboundedReceiver<Instant>,
) -> Result<(f64, f64)> {
    let load = Load::new(ground.broker.clone(), BODY);
    let (mut calls, mut times) = (Vec::with_capacity(PUSHES), Vec::with_capacity(PUSHES));
    for at in 0..PUSHES {
        let (before, pushed) = (ground.gauge.calls().await?, Instant::now());
        load.push(&queues[at * 7 % queues.len()], 1).await?;
        let started = timeout(PATIENCE, starts.recv()).await;
        let started = started.context("no task started within 10 s")?;
        let started = started.context("the pool has ended")?;
        times.push(started.duration_since(pushed).as_secs_f64() * 1e3);
        sleep(REST).await;
        calls.push(sent(&before, &ground.gauge.calls().await?).0 as f64);
    }
    calls.sort_by(f64::total_cmp);
    times.sort_by(f64::total_cmp);
    Ok((calls[PUSHES / 2], times[PUSHES / 2]))
}
