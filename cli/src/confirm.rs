//! Asks before anything that cannot be undone.

use std::io::{self, IsTerminal, Write};

use crate::exit::{Outcome, Stop};

/// How much a command is about to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The tasks that were named.
    Named,
    /// All tasks of a state.
    Sweeping,
}

/// Asks on a terminal. Without one, what is sweeping needs `--yes`.
pub(crate) fn confirm(question: &str, reach: Reach, yes: bool) -> Outcome {
    if yes {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return match reach {
            Reach::Named => Ok(()),
            Reach::Sweeping => {
                Err(Stop::usage(format!("{question} There is no terminal to ask on: add --yes.")))
            }
        };
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Stop::failed("nothing was changed")),
    }
}
