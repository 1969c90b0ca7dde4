//! The baseline of instructions a task, and what a count comes to beside it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process::{command, output, root};

/// Instructions a task, by the name of the hot path.
pub(crate) type Counts = BTreeMap<String, u64>;

/// How many percent more are let through.
const TOLERANCE: u64 = 10;

/// The same where another compiler built the program: it inlines elsewhere.
const OTHER_COMPILER: u64 = 25;

/// What the instructions are those of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiler {
    pub(crate) rustc: String,
    pub(crate) target: String,
}

/// What is checked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Baseline {
    pub(crate) compiler: Compiler,
    pub(crate) instructions: Counts,
}

/// How one hot path stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Within,
    Above,
    /// So far below that the baseline should follow.
    Below,
    /// In the baseline alone, or in the program alone.
    Unpaired,
}

/// A count beside the baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    rows: Vec<(String, Option<u64>, Option<u64>, Standing)>,
    tolerance: u64,
    /// The compiler of the baseline, where it is another.
    other: Option<String>,
}

impl Compiler {
    /// The one that builds here.
    pub(crate) fn here() -> Result<Self> {
        Self::parse(&output(command("rustc").arg("-vV"))?)
    }

    fn parse(version: &str) -> Result<Self> {
        let rustc = version.lines().next().unwrap_or_default().to_owned();
        let target = version.lines().find_map(|line| line.strip_prefix("host: "));
        Ok(Self { rustc, target: target.context("rustc names no host")?.to_owned() })
    }
}

impl Baseline {
    /// Where it stands.
    pub(crate) const PATH: &str = "benches/instructions.json";

    /// Reads it.
    pub(crate) fn read() -> Result<Self> {
        let written = || format!("{}; cargo xtask callgrind --write writes it", Self::PATH);
        let text = fs::read_to_string(root().join(Self::PATH)).with_context(written)?;
        Self::parse(&text).with_context(written)
    }

    fn parse(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text)?;
        let text = |name: &str| {
            let text = json[name].as_str().with_context(|| format!("it names no {name}"))?;
            Ok::<_, anyhow::Error>(text.to_owned())
        };
        let compiler = Compiler { rustc: text("rustc")?, target: text("target")? };
        let named = json["instructions"].as_object().context("it names no instructions")?;
        let count = |(name, count): (&String, &Value)| {
            let count = count.as_u64().with_context(|| format!("{name} has no count"))?;
            Ok((name.clone(), count))
        };
        let instructions = named.iter().map(count).collect::<Result<_>>()?;
        Ok(Self { compiler, instructions })
    }

    /// Writes it.
    pub(crate) fn write(&self) -> Result<()> {
        let Compiler { rustc, target } = &self.compiler;
        let json = json!({ "rustc": rustc, "target": target, "instructions": self.instructions });
        let text = format!("{json:#}\n");
        fs::write(root().join(Self::PATH), text).context(Self::PATH)
    }

    /// Refuses to be compared with what another kind of processor does.
    pub(crate) fn check_target(&self, here: &Compiler) -> Result<()> {
        let theirs = &self.compiler.target;
        ensure!(
            *theirs == here.target,
            "the baseline is of {theirs}, this is {}; to compare two versions here, let \
             cargo xtask callgrind --write write a baseline of the first one, and do not commit it",
            here.target
        );
        Ok(())
    }

    /// Holds a count against it.
    pub(crate) fn compare(&self, here: &Compiler, counts: &Counts) -> Comparison {
        let same = self.compiler.rustc == here.rustc;
        let tolerance = if same { TOLERANCE } else { OTHER_COMPILER };
        let mut names: Vec<&String> = self.instructions.keys().chain(counts.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let row = |name: &String| {
            let (base, now) = (self.instructions.get(name), counts.get(name));
            let standing = match (base, now) {
                (Some(base), Some(now)) => standing(*base, *now, tolerance),
                _ => Standing::Unpaired,
            };
            (name.clone(), base.copied(), now.copied(), standing)
        };
        let rows = names.into_iter().map(row).collect();
        let other = (!same).then(|| self.compiler.rustc.clone());
        Comparison { rows, tolerance, other }
    }
}

fn standing(base: u64, now: u64, tolerance: u64) -> Standing {
    if now * 100 > base * (100 + tolerance) {
        Standing::Above
    } else if now * 100 < base * (100 - tolerance) {
        Standing::Below
    } else {
        Standing::Within
    }
}

impl Comparison {
    /// Whether nothing takes more than it may, and all was counted.
    pub(crate) fn passes(&self) -> bool {
        let bad = |standing| matches!(standing, Standing::Above | Standing::Unpaired);
        !self.rows.is_empty() && !self.rows.iter().any(|row| bad(row.3))
    }
}

/// The table, and what to do.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = "cargo xtask callgrind --write";
        writeln!(f, "  {:<26} {:>10} {:>10}", "instructions a task", "baseline", "now")?;
        for (name, base, now, standing) in &self.rows {
            let cell = |count: &Option<u64>| count.map_or_else(|| "-".into(), |n| n.to_string());
            let told = match standing {
                Standing::Within => "",
                Standing::Above => "  TOO MANY",
                Standing::Below => "  fewer",
                Standing::Unpaired => "  NOT IN BOTH",
            };
            let change = match (base, now) {
                (Some(base @ 1..), Some(now)) => {
                    format!("{:>+7.1} %", (*now as f64 / *base as f64 - 1.0) * 100.0)
                }
                _ => String::new(),
            };
            writeln!(f, "  {name:<26} {:>10} {:>10} {change}{told}", cell(base), cell(now))?;
        }
        let any = |wanted| self.rows.iter().any(|row| row.3 == wanted);
        if let Some(rustc) = &self.other {
            let tolerance = self.tolerance;
            writeln!(f, "the baseline is of {rustc}: up to {tolerance} % more are let through")?;
        }
        if any(Standing::Above) {
            writeln!(f, "take the instructions out again, or say why not and {write}")?;
        }
        if any(Standing::Below) {
            writeln!(f, "more than {} % fewer: keep that, {write}", self.tolerance)?;
        }
        if any(Standing::Unpaired) {
            writeln!(f, "the program and the baseline name other hot paths: {write}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "instructions_tests.rs"]
mod tests;
