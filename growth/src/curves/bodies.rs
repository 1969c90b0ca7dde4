//! What a task costs with larger and larger bodies, through a whole pool.

use anyhow::Result;
use async_trait::async_trait;

use crate::curve::{Column, Curve, Line, Measured, Panel, Plan, Run};
use crate::drain::drain;
use crate::ground::Ground;
use crate::load::Load;
use crate::record::row;

/// Sizes of bodies; the last is the largest that a producer takes unless told otherwise.
const SIZES: [u64; 6] = [10, 100, 1_000, 10_000, 100_000, 1_048_576];

const PLAN: Plan = Plan {
    name: "bodies",
    title: "Size of the body",
    grows: Column { name: "body_bytes", head: "bytes a body" },
    columns: &[
        Column { name: "push_server_us", head: "push, server us" },
        Column { name: "drain_server_us", head: "drain, server us" },
        Column { name: "bare_server_us", head: "bare drain, server us" },
        Column { name: "push_wall_us", head: "push, wall us" },
        Column { name: "drain_wall_us", head: "drain, wall us" },
        Column { name: "bare_wall_us", head: "bare drain, wall us" },
        Column { name: "drain_wall_ns_a_byte", head: "drain, wall ns a byte" },
    ],
    panels: &[
        Panel {
            title: "Time that passes, a task",
            unit: "us a task",
            log: true,
            lines: &[
                Line { name: "push_wall_us", label: "push", bare: false },
                Line { name: "drain_wall_us", label: "drain", bare: false },
                Line { name: "bare_wall_us", label: "bare drain", bare: true },
            ],
            bar: None,
        },
        Panel {
            title: "Server's processor, a task",
            unit: "us a task",
            log: true,
            lines: &[
                Line { name: "push_server_us", label: "push", bare: false },
                Line { name: "drain_server_us", label: "drain", bare: false },
                Line { name: "bare_server_us", label: "bare drain", bare: true },
            ],
            bar: None,
        },
    ],
};

/// The curve.
#[derive(Debug)]
pub(super) struct Bodies;

#[async_trait]
impl Curve for Bodies {
    fn plan(&self) -> &'static Plan {
        &PLAN
    }

    async fn measure(&self, run: &Run) -> Result<Measured> {
        let sizes = run.scale.pick(&SIZES[..2], &SIZES, &SIZES);
        // So many tasks of small bodies, and of large ones so many bytes.
        let most_tasks = run.scale.pick(200, 50_000, 200_000);
        let most_bytes: u64 = run.scale.pick(1 << 20, 200 << 20, 1 << 30);
        run.progress.set_length(sizes.len() as u64);
        let ground = Ground::open(run.client).await?;
        let queues = [ground.queue.clone()];
        let mut rows = Vec::new();
        for &size in sizes {
            run.progress.set_message(format!("{size} bytes"));
            let tasks = most_tasks.min(most_bytes / size);
            let load = Load::new(ground.broker.clone(), size as usize);
            let mark = ground.gauge.mark().await?;
            load.fill_by(&ground.queue, tasks, load.fits(100)).await?;
            let push = ground.gauge.since(mark).await?.per(tasks);
            let drained = drain(ground.broker.clone(), &ground.gauge, &queues, tasks).await?;
            let bare = ground.bare(tasks, size as usize).await?;
            rows.push(row([
                (PLAN.grows.name, size as f64),
                ("push_server_us", push.server_us),
                ("push_wall_us", push.wall_us),
                ("drain_server_us", drained.server_us),
                ("drain_wall_us", drained.wall_us),
                ("bare_server_us", bare.server_us),
                ("bare_wall_us", bare.wall_us),
                ("drain_wall_ns_a_byte", drained.wall_us * 1e3 / size as f64),
            ]));
            run.progress.inc(1);
        }
        Ok(Measured { server: ground.gauge.server().await?, rows })
    }
}
