//! `tireless workers`: who lives, since when, what they hold.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use tireless::{Backend, WorkerView};

use crate::exit::Outcome;
use crate::output::{Output, moment, number, span, table};

#[derive(Serialize)]
struct Answer<'a> {
    workers: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    host: &'a str,
    pid: u32,
    concurrency: usize,
    held: usize,
    started_ms: u64,
    lease_until_ms: u64,
    queues: &'a [String],
}

impl<'a> From<&'a WorkerView> for Line<'a> {
    fn from(worker: &'a WorkerView) -> Self {
        let info = &worker.info;
        Self {
            id: worker.id.to_string(),
            host: &info.host,
            pid: info.pid,
            concurrency: info.concurrency,
            held: info.held,
            started_ms: info.started_ms,
            lease_until_ms: worker.lease_until.millis(),
            queues: &info.queues,
        }
    }
}

/// Lists the workers that live.
pub(crate) async fn run(broker: &dyn Backend, out: Output) -> Outcome {
    let mut workers = broker.workers().await?;
    workers.sort_by_key(|worker| (worker.info.started_ms, worker.id));
    out.json(&Answer { workers: workers.iter().map(Line::from).collect() })?;
    if workers.is_empty() {
        return out.line("no worker lives");
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut shown =
        table(&["WORKER", "HOST", "PID", "SLOTS", "HELD", "STARTED", "LEASE UNTIL", "QUEUES"]);
    for worker in &workers {
        let info = &worker.info;
        let age = now.saturating_sub(Duration::from_millis(info.started_ms));
        shown.add_row(vec![
            worker.id.to_string().into(),
            info.host.as_str().into(),
            number(u64::from(info.pid), None),
            number(info.concurrency as u64, None),
            number(info.held as u64, None),
            format!("{} ago", span(age)).into(),
            moment(worker.lease_until).into(),
            info.queues.join(" ").into(),
        ]);
    }
    out.table(&shown)
}
