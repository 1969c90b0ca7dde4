//! What idle worker processes cost, how soon one of them starts a task, and how fast all of them
//! drain, with more and more of them on one queue.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use tireless::Producer;
use tokio::time::{sleep, timeout};

use super::BODY;
use crate::bars::{Verdict, figure};
use crate::curve::{Column, Curve, Line, Measured, Panel, Plan, Run};
use crate::gauge::Spent;
use crate::ground::Ground;
use crate::idle_worker::{IdleWorker, TOLD, clock_ns};
use crate::info::sent;
use crate::load::Load;
use crate::record::{Record, Row, row};

/// Pushes whose start is waited for.
const PUSHES: usize = 20;

/// How long all rest before each of them.
const REST: Duration = Duration::from_millis(100);

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked whether all is drained.
const LOOK: Duration = Duration::from_millis(5);

const PLAN: Plan = Plan {
    name: "workers",
    title: "Idle worker processes on one queue",
    grows: Column { name: "workers", head: "worker processes" },
    columns: &[
        Column { name: "calls_per_s", head: "calls/s while idle, in all" },
        Column { name: "calls_a_worker", head: "the same, a worker" },
        Column { name: "blocking_per_s", head: "of them blocking" },
        Column { name: "connections", head: "connections" },
        Column { name: "start_p50_ms", head: "push to start, median ms" },
        Column { name: "start_max_ms", head: "longest of 20, ms" },
        Column { name: "drain_server_us", head: "drain, server us" },
        Column { name: "drain_wall_us", head: "drain, wall us" },
        Column { name: "bare_server_us", head: "bare drain, server us" },
        Column { name: "drain_calls", head: "drain, calls a task" },
    ],
    panels: &[
        Panel {
            title: "While idle, in all",
            unit: "calls a second",
            log: false,
            lines: &[
                Line { name: "calls_per_s", label: "calls a second", bare: false },
                Line { name: "blocking_per_s", label: "of them blocking", bare: false },
            ],
            bar: Some((100.0, "under 100 with 100 workers")),
        },
        Panel {
            title: "From a push to the start of its handler",
            unit: "ms",
            log: false,
            lines: &[
                Line { name: "start_p50_ms", label: "median of 20", bare: false },
                Line { name: "start_max_ms", label: "longest of 20", bare: false },
            ],
            bar: Some((10.0, "within 10")),
        },
        Panel {
            title: "Drain by all of them",
            unit: "us a task",
            log: false,
            lines: &[
                Line { name: "drain_server_us", label: "server's processor", bare: false },
                Line { name: "drain_wall_us", label: "time that passes", bare: false },
                Line { name: "bare_server_us", label: "bare drain, processor", bare: true },
            ],
            bar: None,
        },
    ],
};

/// The curve.
#[derive(Debug)]
pub(super) struct Workers;

#[async_trait]
impl Curve for Workers {
    fn plan(&self) -> &'static Plan {
        &PLAN
    }

    async fn measure(&self, run: &Run) -> Result<Measured> {
        let all = [1_usize, 2, 5, 10, 20, 50, 100, 200];
        let sizes = run.scale.pick(&all[..2], &all, &all);
        // Less of a drain is hardly more than its beginning, in which claims are small.
        let a_worker = run.scale.pick(100, 2_500, 10_000);
        run.progress.set_length(sizes.len() as u64);
        let ground = Ground::open(run.client).await?;
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        let tell = socket.local_addr()?.to_string();
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        let (mut workers, mut rows) = (Vec::new(), Vec::new());
        let others = ground.gauge.connections().await?;
        for &size in sizes {
            run.progress.set_message(format!("{size} workers"));
            let url = ground.server.url();
            while workers.len() < size {
                let queue = ground.queue.as_str();
                workers.push(IdleWorker::start(&run.program, &url, run.client, queue, &tell)?);
            }
            all_live(&ground, size).await?;
            let mut one = idle(&ground, run, size, others).await?;
            one.extend(starts(&ground, &socket).await?);
            let tasks = run.scale.pick(200, 50_000, 200_000).max(size as u64 * a_worker);
            one.extend(drained(&ground, tasks).await?);
            one.insert(PLAN.grows.name.to_owned(), size as f64);
            rows.push(one);
            run.progress.inc(1);
        }
        Ok(Measured { server: ground.gauge.server().await?, rows })
    }

    fn verdicts(&self, record: &Record) -> Vec<Verdict> {
        let at = |name| figure(record, PLAN.grows.name, 100.0, name);
        let calls = "100 idle worker processes send under 100 calls a second in total";
        let start = "with them the longest of 20 pushes starts within 10 ms";
        vec![
            Verdict::at_most(calls, at("calls_per_s"), 100.0),
            Verdict::at_most(start, at("start_max_ms"), 10.0),
        ]
    }
}

/// Waits until so many workers have told of themselves.
async fn all_live(ground: &Ground, workers: usize) -> Result<()> {
    let begin = Instant::now();
    loop {
        let live = ground.broker.workers().await?.len();
        if live >= workers {
            return Ok(());
        }
        ensure!(begin.elapsed() < PATIENCE, "only {live} of {workers} workers live after 60 s");
        sleep(REST).await;
    }
}

/// What all of them send while there is nothing to do, once they have settled down.
async fn idle(ground: &Ground, run: &Run, workers: usize, others: f64) -> Result<Row> {
    sleep(Duration::from_secs(run.scale.pick(1, 12, 15))).await;
    let (before, begin) = (ground.gauge.calls().await?, Instant::now());
    sleep(Duration::from_secs(run.scale.pick(1, 20, 60))).await;
    let after = ground.gauge.calls().await?;
    let seconds = begin.elapsed().as_secs_f64();
    let (calls, blocking) = sent(&before, &after);
    let per_s = calls as f64 / seconds;
    Ok(row([
        ("calls_per_s", per_s),
        ("calls_a_worker", per_s / workers as f64),
        ("blocking_per_s", blocking as f64 / seconds),
        ("connections", ground.gauge.connections().await? - others),
    ]))
}

/// How soon a push to idle workers starts.
async fn starts(ground: &Ground, socket: &tokio::net::UdpSocket) -> Result<Row> {
    let producer = Producer::new(ground.broker.clone());
    let mut times = Vec::with_capacity(PUSHES);
    for _ in 0..PUSHES {
        sleep(REST).await;
        let pushed = clock_ns();
        producer.push_raw(&ground.queue, TOLD).await?;
        let mut started = [0; 8];
        let told = timeout(PATIENCE, socket.recv(&mut started)).await;
        told.context("no worker started a task within 60 s")??;
        let took = u64::from_be_bytes(started).saturating_sub(pushed);
        times.push(took as f64 / 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(row([("start_p50_ms", times[PUSHES / 2]), ("start_max_ms", times[PUSHES - 1])]))
}

/// What a drain by all of them costs: from the end of a pause to the last ack.
async fn drained(ground: &Ground, tasks: u64) -> Result<Row> {
    ground.broker.pause(&ground.queue).await?;
    Load::new(ground.broker.clone(), BODY).fill(&ground.queue, tasks).await?;
    let goal = ground.broker.counts(&ground.queue).await?.done + tasks;
    let (before, mark) = (ground.gauge.calls().await?, ground.gauge.mark().await?);
    ground.broker.resume(&ground.queue).await?;
    let begin = Instant::now();
    while ground.broker.counts(&ground.queue).await?.done < goal {
        ensure!(begin.elapsed() < PATIENCE, "not drained within 60 s");
        sleep(LOOK).await;
    }
    let drained: Spent = ground.gauge.since(mark).await?.per(tasks);
    let (calls, _) = sent(&before, &ground.gauge.calls().await?);
    let bare = ground.bare(tasks, BODY).await?;
    Ok(row([
        ("drain_calls", calls as f64 / tasks as f64),
        ("drain_server_us", drained.server_us),
        ("drain_wall_us", drained.wall_us),
        ("bare_server_us", bare.server_us),
    ]))
}
