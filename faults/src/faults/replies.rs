//! Replies of every kind of command are dropped, cut, delayed and repeated under load.

use anyhow::Result;
use async_trait::async_trait;
use tireless_tests::Library;
use tireless_tests::replies::{KINDS, Scale, run as strike};

use crate::fault::{Fault, Report, Run};
use crate::library::{OverAny, over_asked};

const EACH: u64 = 20_000;

/// The fault.
#[derive(Debug)]
pub(super) struct Replies;

#[async_trait]
impl Fault for Replies {
    fn name(&self) -> &'static str {
        "replies"
    }

    fn bar(&self) -> &'static str {
        "20,000 dropped, cut, delayed or repeated replies of each of 12 kinds of command: none lost, \
         none pushed twice, none repeated, no reply taken for another's"
    }

    fn full(&self) -> (u64, &'static str) {
        (EACH, "replies of each kind")
    }

    fn small(&self) -> f64 {
        0.0005
    }

    fn catches(&self) -> &'static [&'static str] {
        &["PushesAnew", "SettlesAnew"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        over_asked(self, run)
    }
}

#[async_trait(?Send)]
impl OverAny for Replies {
    async fn over<L: Library>(&self, run: &Run) -> Result<Report> {
        let each = run.times(EACH, 6);
        run.progress.set_length(1);
        let came = strike::<L>(&Scale::of(each)).await;
        let mut report = Report { n: each, breaches: came.faults(), ..Report::default() };
        for kind in KINDS {
            let struck = came.struck_of(kind);
            report.count(&format!("struck: {kind}"), struck);
            report.demand(struck >= each, || format!("{kind} was struck {struck} times"));
        }
        report.count("commands", came.commands);
        report.count("accepted", came.findings.accepted);
        report.count("lost", came.findings.lost);
        report.count("in excess", came.findings.excess);
        Ok(report)
    }
}
