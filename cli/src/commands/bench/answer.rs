//! What a measurement came to: medians of its rounds, ratios to bare commands, and how both are shown.

use comfy_table::{Cell, CellAlignment};
use serde::Serialize;

use super::Args;
use crate::exit::Outcome;
use crate::output::{Output, table};

/// The figures of one round, or the medians of several; `limit` is what bare commands came to.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Figures {
    pub(super) push_one_per_s: Option<f64>,
    pub(super) limit_push_one_per_s: Option<f64>,
    pub(super) push_64_per_s: Option<f64>,
    pub(super) limit_push_64_per_s: Option<f64>,
    pub(super) push_batch_per_s: Option<f64>,
    pub(super) limit_push_batch_per_s: Option<f64>,
    pub(super) drain_per_s: Option<f64>,
    pub(super) limit_drain_per_s: Option<f64>,
    pub(super) steady_per_s: Option<f64>,
    pub(super) steady_p50_us: Option<f64>,
    pub(super) steady_p99_us: Option<f64>,
    pub(super) pickup_p50_us: Option<f64>,
    pub(super) limit_pickup_p50_us: Option<f64>,
    pub(super) pickup_p99_us: Option<f64>,
    pub(super) limit_pickup_p99_us: Option<f64>,
    pub(super) worker_cpu_us_per_task: Option<f64>,
    pub(super) server_cpu_us_per_task: Option<f64>,
    pub(super) limit_server_cpu_us_per_task: Option<f64>,
    pub(super) commands_per_task: Option<f64>,
    pub(super) memory_bytes_per_task: Option<f64>,
}

impl Figures {
    fn each(&mut self) -> [&mut Option<f64>; 20] {
        [
            &mut self.push_one_per_s,
            &mut self.limit_push_one_per_s,
            &mut self.push_64_per_s,
            &mut self.limit_push_64_per_s,
            &mut self.push_batch_per_s,
            &mut self.limit_push_batch_per_s,
            &mut self.drain_per_s,
            &mut self.limit_drain_per_s,
            &mut self.steady_per_s,
            &mut self.steady_p50_us,
            &mut self.steady_p99_us,
            &mut self.pickup_p50_us,
            &mut self.limit_pickup_p50_us,
            &mut self.pickup_p99_us,
            &mut self.limit_pickup_p99_us,
            &mut self.worker_cpu_us_per_task,
            &mut self.server_cpu_us_per_task,
            &mut self.limit_server_cpu_us_per_task,
            &mut self.commands_per_task,
            &mut self.memory_bytes_per_task,
        ]
    }

    /// The median of each figure.
    fn medians(mut rounds: Vec<Self>) -> Self {
        let mut medians = Self::default();
        for (at, median) in medians.each().into_iter().enumerate() {
            let values = rounds.iter_mut().filter_map(|round| *round.each()[at]);
            *median = middle(values.collect());
        }
        medians
    }
}

/// The median; of an even number of values the mean of the two in the middle.
fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(rounded(f64::midpoint(values[last / 2], values[last.div_ceil(2)])))
}

/// Three places after the point are more than any measurement here is worth.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// What is measured beside its limit: each as a part of it, or as so many times its least.
#[derive(Debug, Serialize)]
struct Ratios {
    ratio_push_one: Option<f64>,
    ratio_push_64: Option<f64>,
    ratio_push_batch: Option<f64>,
    ratio_drain: Option<f64>,
    ratio_pickup_p50: Option<f64>,
    ratio_pickup_p99: Option<f64>,
    ratio_server_cpu: Option<f64>,
}

impl Ratios {
    fn of(figures: &Figures) -> Self {
        let of = |value: Option<f64>, bare: Option<f64>| {
            value.zip(bare.filter(|bare| *bare > 0.0)).map(|(value, bare)| rounded(value / bare))
        };
        Self {
            ratio_push_one: of(figures.push_one_per_s, figures.limit_push_one_per_s),
            ratio_push_64: of(figures.push_64_per_s, figures.limit_push_64_per_s),
            ratio_push_batch: of(figures.push_batch_per_s, figures.limit_push_batch_per_s),
            ratio_drain: of(figures.drain_per_s, figures.limit_drain_per_s),
            ratio_pickup_p50: of(figures.pickup_p50_us, figures.limit_pickup_p50_us),
            ratio_pickup_p99: of(figures.pickup_p99_us, figures.limit_pickup_p99_us),
            ratio_server_cpu: of(
                figures.server_cpu_us_per_task,
                figures.limit_server_cpu_us_per_task,
            ),
        }
    }
}

/// All that `bench` tells.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    tasks: u64,
    body_bytes: u32,
    batch: u16,
    producers: u16,
    concurrency: u16,
    rounds: usize,
    #[serde(flatten)]
    figures: Figures,
    #[serde(flatten)]
    ratios: Ratios,
}

impl Answer {
    pub(super) fn of(args: &Args, rounds: Vec<Figures>) -> Self {
        let count = rounds.len();
        let figures = Figures::medians(rounds);
        Self {
            tasks: args.tasks,
            body_bytes: args.body_bytes,
            batch: args.batch,
            producers: args.producers,
            concurrency: args.concurrency,
            rounds: count,
            ratios: Ratios::of(&figures),
            figures,
        }
    }

    pub(super) fn print(&self, out: Output) -> Outcome {
        let mut shown = table(&["MEASURED", "", "", "BARE", "RATIO"]);
        for Line { name, value, unit, bare, ratio } in self.lines() {
            let Some(value) = value else { continue };
            let cells = [number(Some(value)), Cell::new(unit), number(bare), number(ratio)];
            shown.add_row([Cell::new(name)].into_iter().chain(cells));
        }
        out.line(match self.rounds {
            1 => format!("{} tasks of {} bytes", self.tasks, self.body_bytes),
            rounds => format!(
                "{} tasks of {} bytes, medians of {rounds} rounds",
                self.tasks, self.body_bytes
            ),
        })?;
        out.table(&shown)
    }

    fn lines(&self) -> Vec<Line> {
        let Self { figures, ratios, .. } = self;
        let line = |name: &str, value, unit| Line::new(name, value, unit);
        let many = format!("push, {} callers", self.producers);
        let batches = format!("push, batches of {}", self.batch);
        vec![
            line("push, one by one", figures.push_one_per_s, "tasks/s")
                .beside(figures.limit_push_one_per_s, ratios.ratio_push_one),
            line(&many, figures.push_64_per_s, "tasks/s")
                .beside(figures.limit_push_64_per_s, ratios.ratio_push_64),
            line(&batches, figures.push_batch_per_s, "tasks/s")
                .beside(figures.limit_push_batch_per_s, ratios.ratio_push_batch),
            line("drain", figures.drain_per_s, "tasks/s")
                .beside(figures.limit_drain_per_s, ratios.ratio_drain),
            line("steady, at half of both", figures.steady_per_s, "tasks/s"),
            line("steady, median", figures.steady_p50_us, "us"),
            line("steady, 99th of 100", figures.steady_p99_us, "us"),
            line("pick-up, median", figures.pickup_p50_us, "us")
                .beside(figures.limit_pickup_p50_us, ratios.ratio_pickup_p50),
            line("pick-up, 99th of 100", figures.pickup_p99_us, "us")
                .beside(figures.limit_pickup_p99_us, ratios.ratio_pickup_p99),
            line("worker's processor", figures.worker_cpu_us_per_task, "us/task"),
            line("server's processor", figures.server_cpu_us_per_task, "us/task")
                .beside(figures.limit_server_cpu_us_per_task, ratios.ratio_server_cpu),
            line("commands", figures.commands_per_task, "/task"),
            line("memory, waiting", figures.memory_bytes_per_task, "bytes/task"),
        ]
    }
}

/// A line of the table.
struct Line {
    name: String,
    value: Option<f64>,
    unit: &'static str,
    bare: Option<f64>,
    ratio: Option<f64>,
}

impl Line {
    fn new(name: &str, value: Option<f64>, unit: &'static str) -> Self {
        Self { name: name.to_owned(), value, unit, bare: None, ratio: None }
    }

    fn beside(self, bare: Option<f64>, ratio: Option<f64>) -> Self {
        Self { bare, ratio, ..self }
    }
}

fn number(value: Option<f64>) -> Cell {
    let text = match value {
        Some(value) if value < 100.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.0}"),
        None => String::new(),
    };
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_each_figure_and_leave_out_what_is_not_told() {
        let round = |push, drain| Figures {
            push_one_per_s: push,
            drain_per_s: drain,
            limit_drain_per_s: Some(10.0),
            ..Figures::default()
        };
        let rounds =
            vec![round(Some(3.0), Some(7.0)), round(Some(1.0), None), round(Some(2.0), Some(8.0))];
        let figures = Figures::medians(rounds);
        assert_eq!((figures.push_one_per_s, figures.drain_per_s), (Some(2.0), Some(7.5)));
        assert_eq!(figures.push_64_per_s, None);
        let ratios = Ratios::of(&figures);
        assert_eq!((ratios.ratio_drain, ratios.ratio_push_one), (Some(0.75), None));
    }
}
