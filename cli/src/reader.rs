//! Whether somebody still reads what programs write. Without a reader they die of SIGPIPE, which
//! says nothing about their tasks.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::process::Stdio;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::watch;

/// Where the standard output of commands goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildOutput {
    /// To the standard output of this process.
    Stdout,
    /// To its standard error: standard output is for programs.
    Stderr,
}

/// Who reads the standard output of commands.
#[derive(Debug)]
pub(crate) struct Reader {
    output: ChildOutput,
    /// A terminal that is closed is no reason to stop programs that write nothing (`disown`).
    is_terminal: bool,
    missed: watch::Sender<bool>,
}

impl Reader {
    /// The reader of this output.
    pub(crate) fn of(output: ChildOutput) -> Self {
        let is_terminal = match output {
            ChildOutput::Stdout => io::stdout().is_terminal(),
            ChildOutput::Stderr => io::stderr().is_terminal(),
        };
        Self { output, is_terminal, missed: watch::Sender::new(false) }
    }

    /// What a command is given to write to.
    pub(crate) fn stdio(&self) -> Stdio {
        match self.output {
            ChildOutput::Stdout => Stdio::inherit(),
            ChildOutput::Stderr => Stdio::from(io::stderr()),
        }
    }

    /// Whether no command is to be started any more.
    pub(crate) fn is_missed_by_the_next(&self) -> bool {
        !self.is_terminal && self.is_missed()
    }

    /// Whether a command may have failed for want of a reader.
    pub(crate) fn is_missed(&self) -> bool {
        let missed = match self.output {
            ChildOutput::Stdout => has_no_reader(&io::stdout()),
            ChildOutput::Stderr => has_no_reader(&io::stderr()),
        };
        if missed {
            self.missed.send_replace(true);
        }
        missed
    }

    /// Ends once a command has missed it; answers what to say then.
    pub(crate) async fn missed(&self) -> String {
        // The sender lives as long as this.
        let _ = self.missed.subscribe().wait_for(|missed| *missed).await;
        let stream = match self.output {
            ChildOutput::Stdout => "standard output",
            ChildOutput::Stderr => "standard error",
        };
        format!(
            "nobody reads {stream}, which the commands write to; what ran is given back uncharged"
        )
    }
}

fn has_no_reader(stream: &impl AsFd) -> bool {
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut stream = [PollFd::new(stream, PollFlags::empty())];
    poll(&mut stream, Some(&at_once)).is_ok()
        && stream[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
