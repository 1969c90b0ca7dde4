//! On what all of it ran.

use std::fs;

use serde::Serialize;

/// What the tables say of the machine.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processors: usize,
    pub(crate) model: Option<String>,
    pub(crate) system: String,
    /// How busy it was with other things, in programs that wanted a processor.
    pub(crate) load: Option<String>,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let load = fs::read_to_string("/proc/loadavg").ok();
        let load = load.and_then(|load| load.split(' ').next().map(str::to_owned));
        Self { processors, model, system: std::env::consts::OS.to_owned(), load }
    }
}
