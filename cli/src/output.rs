//! What a command prints: tables and lines for people, one JSON object for programs.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, SystemTime};

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tireless::StoreTime;

use crate::exit::{Outcome, Stop};

/// Where results go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Whether programs read it.
    pub(crate) json: bool,
}

impl Output {
    /// Prints one JSON object; nothing when people read.
    pub(crate) fn json(self, value: &impl Serialize) -> Outcome {
        if !self.json {
            return Ok(());
        }
        let text = serde_json::to_string(value).map_err(|error| Stop::Failed(error.into()))?;
        print(&text)
    }

    /// Prints a line for people; nothing when programs read.
    pub(crate) fn line(self, text: impl AsRef<str>) -> Outcome {
        if self.json { Ok(()) } else { print(text.as_ref()) }
    }

    /// Prints a table for people; nothing when programs read.
    pub(crate) fn table(self, table: &Table) -> Outcome {
        self.line(table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n"))
    }
}

/// Prints a line to standard output.
fn print(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Says something to people that is no result.
pub(crate) fn note(text: impl AsRef<str>) {
    let text = crate::redact::redact(text.as_ref());
    crate::stderr::write(&format!("{text}\n"));
}

/// A table with these columns; colours only on a terminal.
pub(crate) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !colours(&io::stdout()) {
        table.force_no_tty();
    }
    table.set_header(columns.iter().map(|name| Cell::new(name).fg(Color::Cyan)));
    table
}

/// A number, in a colour if it is not zero.
pub(crate) fn number(value: u64, colour: Option<Color>) -> Cell {
    let cell = Cell::new(value).set_alignment(comfy_table::CellAlignment::Right);
    match colour {
        Some(colour) if value > 0 => cell.fg(colour),
        _ => cell,
    }
}

/// A number of things, one of which is called this.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// Whether colours are to be written there.
pub(crate) fn colours(stream: &impl IsTerminal) -> bool {
    moves(stream) && !is_colourless(std::env::var_os("NO_COLOR").as_deref())
}

/// By no-color.org: any value but an empty one.
fn is_colourless(wish: Option<&OsStr>) -> bool {
    wish.is_some_and(|wish| !wish.is_empty())
}

/// Whether it is a terminal that does more than show text in its order.
fn moves(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && !is_dumb(std::env::var_os("TERM").as_deref())
}

fn is_dumb(kind: Option<&OsStr>) -> bool {
    kind.is_some_and(|kind| kind == "dumb")
}

/// A progress bar on standard error; invisible unless that is a terminal, and no dumb one.
pub(crate) fn progress(total: Option<u64>, what: &'static str) -> ProgressBar {
    let target = if moves(&io::stderr()) {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::with_draw_target(Some(total), target),
            "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
        ),
        None => {
            (ProgressBar::with_draw_target(None, target), "{spinner} {msg} {human_pos} {per_sec}")
        }
    };
    // The template is fixed; were it wrong, the default style would do.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message(what)
}

/// A moment as people read it: RFC 3339, in UTC.
pub(crate) fn moment(time: StoreTime) -> String {
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_millis(time.millis().min(FARTHEST)))
        .map_or_else(String::new, |time| humantime::format_rfc3339_millis(time).to_string())
}

/// The end of the year 9999, beyond which RFC 3339 has no moments.
const FARTHEST: u64 = 253_402_300_799_999;

/// A duration as people read it, in its two largest units.
pub(crate) fn span(duration: Duration) -> String {
    let rounded = match duration.as_secs() {
        0 => Duration::from_millis(duration.as_millis() as u64),
        1..3_600 => Duration::from_secs(duration.as_secs()),
        seconds => Duration::from_secs(seconds / 60 * 60),
    };
    humantime::format_duration(rounded).to_string()
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
