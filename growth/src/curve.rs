//! A curve: what grows, how it is measured, and how its figures are shown.

use std::fmt::Debug;
use std::path::PathBuf;

use anyhow::Result;
use async_trait::async_trait;
use indicatif::ProgressBar;
use tireless::Client;

use crate::args::Scale;
use crate::bars::Verdict;
use crate::record::{Record, Row};

/// One figure of a row.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in records.
    pub name: &'static str,
    /// Its head in tables.
    pub head: &'static str,
}

/// A line of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The figure.
    pub name: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Whether it is only there to compare with.
    pub bare: bool,
}

/// A part of a picture, with axes of its own.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// What it shows.
    pub title: &'static str,
    /// The unit of its height.
    pub unit: &'static str,
    /// Whether its height is logarithmic.
    pub log: bool,
    /// Its lines.
    pub lines: &'static [Line],
    /// A height that must not be left, with what is said of it.
    pub bar: Option<(f64, &'static str)>,
}

/// All that is said of a curve beside its figures.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Its name.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What grows.
    pub grows: Column,
    /// The figures of its table.
    pub columns: &'static [Column],
    /// Its picture.
    pub panels: &'static [Panel],
}

/// What is given to a measurement.
#[derive(Debug)]
pub struct Run {
    /// How far to go.
    pub scale: Scale,
    /// The client library.
    pub client: Client,
    /// This program, which is an idle worker when told so.
    pub program: PathBuf,
    /// One step a row.
    pub progress: ProgressBar,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Name and version of the server.
    pub server: String,
    /// One a size, in order.
    pub rows: Vec<Row>,
}

/// A curve.
#[async_trait]
pub trait Curve: Debug + Send + Sync {
    /// What it is.
    fn plan(&self) -> &'static Plan;

    /// Measures all its rows on a server of its own.
    ///
    /// # Errors
    /// What kept it from being measured to its end.
    async fn measure(&self, run: &Run) -> Result<Measured>;

    /// The bars it has to keep, judged by a record.
    fn verdicts(&self, record: &Record) -> Vec<Verdict> {
        let _ = record;
        Vec::new()
    }
}
