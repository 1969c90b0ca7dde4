//! How fast a pool drains a server that is further and further away.
//!
//! The server is reached through a proxy that delays and does nothing else; a row without delay
//! shows what the proxy itself costs, and the measured round trip what it comes to. All distances are
//! gone through some times in turn, and the median of each counts.

use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;

use super::BODY;
use crate::bars::{Verdict, figure};
use crate::curve::{Column, Curve, Line, Measured, Panel, Plan, Run};
use crate::drain::drain;
use crate::gauge::Gauge;
use crate::ground::{Ground, bare};
use crate::load::Load;
use crate::proxy::Proxy;
use crate::record::{Record, row};

/// What has to be left of the speed at a round trip of 1 ms, in percent.
const LEFT: f64 = 70.0;

/// Commands sent one after the other to find a round trip.
const PINGS: usize = 101;

const PLAN: Plan = Plan {
    name: "round-trip",
    title: "Distance of the server",
    grows: Column { name: "round_trip_ms", head: "ms of round trip added" },
    columns: &[
        Column { name: "measured_ms", head: "round trip measured, ms" },
        Column { name: "drain_per_s", head: "drained, tasks/s" },
        Column { name: "kept_percent", head: "% of the speed without a proxy" },
        Column { name: "kept_of_proxy_percent", head: "% of the speed at 0 ms" },
        Column { name: "bare_kept_percent", head: "bare drain, % without a proxy" },
    ],
    panels: &[Panel {
        title: "Speed of a drain, of that without a proxy",
        unit: "%",
        log: false,
        lines: &[
            Line { name: "kept_percent", label: "pool of 100 slots", bare: false },
            Line { name: "kept_of_proxy_percent", label: "the same, of that at 0 ms", bare: false },
            Line { name: "bare_kept_percent", label: "bare drain, two loops", bare: true },
        ],
        bar: Some((LEFT, "70 at 1 ms")),
    }],
};

/// The curve.
#[derive(Debug)]
pub(super) struct RoundTrip;

/// Tasks a second, through the pool and bare.
#[derive(Clone, Copy, Debug)]
struct Speed {
    pool: f64,
    bare: f64,
}

impl Speed {
    fn median(of: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = of.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied().unwrap_or(0.0)
        };
        Self { pool: middle(|speed| speed.pool), bare: middle(|speed| speed.bare) }
    }
}

#[async_trait]
impl Curve for RoundTrip {
    fn plan(&self) -> &'static Plan {
        &PLAN
    }

    async fn measure(&self, run: &Run) -> Result<Measured> {
        let all = [0_u64, 250, 500, 1_000, 2_000, 5_000];
        let round_trips_us = run.scale.pick(&all[..2], &all, &all);
        let tasks = run.scale.pick(500, 100_000, 300_000);
        let times = run.scale.pick(1, 3, 5);
        run.progress.set_length(times);
        let ground = Ground::open(run.client).await?;
        let start = |us: &u64| Proxy::start(ground.server.port(), Duration::from_micros(*us));
        let proxies: Vec<Proxy> = round_trips_us.iter().map(start).collect::<Result<_>>()?;
        let ways: Vec<String> =
            std::iter::once(ground.server.url()).chain(proxies.iter().map(Proxy::url)).collect();
        // The first drain of a server and a process is slower than the others.
        speed(&ground, &ways[0], tasks / 10).await?;
        let mut speeds = vec![Vec::new(); ways.len()];
        for _ in 0..times {
            for (way, speeds) in ways.iter().zip(&mut speeds) {
                run.progress.set_message(way.clone());
                speeds.push(speed(&ground, way, tasks).await?);
            }
            run.progress.inc(1);
        }
        let medians: Vec<Speed> = speeds.iter().map(|speeds| Speed::median(speeds)).collect();
        let (loopback, through) = (medians[0], &medians[1..]);
        let mut rows = Vec::new();
        for ((us, url), speed) in round_trips_us.iter().zip(&ways[1..]).zip(through) {
            let measured = round_trip(&Gauge::open(url).await?).await?;
            rows.push(row([
                (PLAN.grows.name, *us as f64 / 1e3),
                ("measured_ms", measured.as_secs_f64() * 1e3),
                ("drain_per_s", speed.pool.round()),
                ("kept_percent", 100.0 * speed.pool / loopback.pool),
                ("kept_of_proxy_percent", 100.0 * speed.pool / through[0].pool),
                ("bare_per_s", speed.bare.round()),
                ("bare_kept_percent", 100.0 * speed.bare / loopback.bare),
            ]));
        }
        Ok(Measured { server: ground.gauge.server().await?, rows })
    }

    fn verdicts(&self, record: &Record) -> Vec<Verdict> {
        let kept = figure(record, PLAN.grows.name, 1.0, "kept_percent");
        let bar = "with a round trip of 1 ms a drain keeps at least 70 % of its speed on loopback";
        vec![Verdict::at_least(bar, kept, LEFT)]
    }
}

/// How fast a pool, and bare commands, drain over this way. The queue is filled on the short one.
async fn speed(ground: &Ground, url: &str, tasks: u64) -> Result<Speed> {
    Load::new(ground.broker.clone(), BODY).fill(&ground.queue, tasks).await?;
    let broker = ground.connect_by(url).await?;
    let queues = [ground.queue.clone()];
    let drained = drain(broker.clone(), &ground.gauge, &queues, tasks).await?;
    let bare = bare(broker.as_ref(), tasks, BODY).await?;
    Ok(Speed { pool: 1e6 / drained.wall_us, bare: 1e6 / bare.wall_us })
}

/// The median of some.
async fn round_trip(gauge: &Gauge) -> Result<Duration> {
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let begin = Instant::now();
        gauge.ping().await?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times[PINGS / 2])
}
