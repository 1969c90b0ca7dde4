//! What a task costs, and how much memory it takes, with more and more tasks waiting.
//!
//! The queue is filled up to each size and its memory is read at once. Then tasks enter at one end
//! and leave at the other, a hundred a call, so that the size stays.

use anyhow::Result;
use async_trait::async_trait;

use super::BODY;
use crate::bars::{Verdict, figure};
use crate::curve::{Column, Curve, Line, Measured, Panel, Plan, Run};
use crate::gauge::Spent;
use crate::ground::Ground;
use crate::hand::Hand;
use crate::load::Load;
use crate::record::{Record, Row, row};

/// Tasks a call.
const A_CALL: u64 = 100;

/// Just past the sizes at which the hash table of tasks grows: each task then takes the most.
const WORST: [u64; 3] = [140_000, 270_000, 1_100_000];

/// Below this, what the server holds for itself is more than the tasks.
const MEASURABLE: u64 = 10_000;

/// What the default envelope and everything else may take beside a body.
const MOST_BESIDE: f64 = 150.0;

/// Tasks of the bare drain beside each row.
const BARE: u64 = 50_000;

const PLAN: Plan = Plan {
    name: "waiting",
    title: "Tasks waiting",
    grows: Column { name: "waiting", head: "tasks waiting" },
    columns: &[
        Column { name: "push_server_us", head: "push, server us" },
        Column { name: "take_server_us", head: "claim + ack, server us" },
        Column { name: "bare_server_us", head: "bare take, server us" },
        Column { name: "push_wall_us", head: "push, wall us" },
        Column { name: "take_wall_us", head: "claim + ack, wall us" },
        Column { name: "beside_bytes", head: "bytes beside the body" },
    ],
    panels: &[
        Panel {
            title: "Server's processor, calls of 100",
            unit: "us a task",
            log: false,
            lines: &[
                Line { name: "push_server_us", label: "push", bare: false },
                Line { name: "take_server_us", label: "claim + ack", bare: false },
                Line { name: "bare_server_us", label: "bare take", bare: true },
            ],
            bar: None,
        },
        Panel {
            title: "Memory of the server beside the body",
            unit: "bytes a task",
            log: false,
            lines: &[Line { name: "beside_bytes", label: "beside 100-byte bodies", bare: false }],
            bar: Some((MOST_BESIDE, "at most 150")),
        },
    ],
};

/// The curve.
#[derive(Debug)]
pub(super) struct Waiting;

#[async_trait]
impl Curve for Waiting {
    fn plan(&self) -> &'static Plan {
        &PLAN
    }

    async fn measure(&self, run: &Run) -> Result<Measured> {
        let small = [1, 10, 100, 1_000, 10_000, 100_000, 140_000, 270_000, 1_000_000, 1_100_000];
        let full = [&small[..], &[3_000_000, 10_000_000]].concat();
        let sizes = run.scale.pick(&[1, 200][..], &small, &full);
        let rounds = run.scale.pick(2, 500, 1_000);
        run.progress.set_length(sizes.len() as u64);
        let ground = Ground::open(run.client).await?;
        let load = Load::new(ground.broker.clone(), BODY);
        let mut hand = Hand::new(ground.broker.clone(), ground.queue.clone());
        // What is loaded and opened once is not to be counted as the first row's.
        load.push(&ground.queue, A_CALL).await?;
        hand.take(A_CALL, A_CALL).await?;
        let empty = ground.gauge.memory().await?;
        let (mut rows, mut waiting) = (Vec::new(), 0);
        for &size in sizes {
            run.progress.set_message(format!("{size} tasks"));
            load.fill(&ground.queue, size - waiting).await?;
            waiting = size;
            let beside = (ground.gauge.memory().await? - empty) / size as f64 - BODY as f64;
            let mut row = costs(&ground, &load, &mut hand, rounds).await?;
            row.insert(PLAN.grows.name.to_owned(), size as f64);
            if size >= MEASURABLE {
                row.insert("beside_bytes".to_owned(), (beside * 10.0).round() / 10.0);
            }
            rows.push(row);
            run.progress.inc(1);
        }
        Ok(Measured { server: ground.gauge.server().await?, rows })
    }

    fn verdicts(&self, record: &Record) -> Vec<Verdict> {
        let beside = |size: &u64| figure(record, PLAN.grows.name, *size as f64, "beside_bytes");
        let all: Option<Vec<f64>> = WORST.iter().map(beside).collect();
        let worst = all.map(|all| all.into_iter().fold(f64::MIN, f64::max));
        let bar = "memory a waiting task beside its body at most 150 bytes, the worst of 140,000, \
                   270,000 and 1,100,000";
        vec![Verdict::at_most(bar, worst, MOST_BESIDE)]
    }
}

/// What entering and leaving costs at this size.
async fn costs(ground: &Ground, load: &Load, hand: &mut Hand, rounds: u64) -> Result<Row> {
    let (mut push, mut take) = (Spent::default(), Spent::default());
    for _ in 0..rounds {
        let mark = ground.gauge.mark().await?;
        load.push(&ground.queue, A_CALL).await?;
        push.add(ground.gauge.since(mark).await?);
        let mark = ground.gauge.mark().await?;
        hand.take(A_CALL, A_CALL).await?;
        take.add(ground.gauge.since(mark).await?);
    }
    let (push, take) = (push.per(rounds * A_CALL), take.per(rounds * A_CALL));
    let bare = ground.bare(BARE, BODY).await?;
    Ok(row([
        ("push_server_us", push.server_us),
        ("push_wall_us", push.wall_us),
        ("take_server_us", take.server_us),
        ("take_wall_us", take.wall_us),
        ("bare_server_us", bare.server_us),
    ]))
}
