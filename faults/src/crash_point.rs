//! Crash points: the named places at which a process can be told to kill itself.
//!
//! A store can tell deaths apart only by where the process stood in its calls. So points stand at the
//! broker's boundary and around the handler, and every call of a process passes them. Worker and
//! harness use the one list [`Point::all`]: no point can be forgotten, and one that is never reached
//! is found.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, Result};

/// An enumeration whose names stand beside its variants, once.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$about])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

named! {
    /// What the process is about. Calls that do different things in the store have different verbs
    /// even where the trait has one method for them.
    Verb {
        /// A producer's push.
        Push = "push",
        /// A claim, of either mode.
        Claim = "claim",
        /// A settle of runs that have ended.
        Settle = "settle",
        /// A settle that gives tasks back.
        Release = "release",
        /// A renewal of the lease.
        Renew = "renew",
        /// A renewal with a lease of zero: the last call of a shutdown.
        Leave = "leave",
        /// A wait for the bell.
        Wait = "wait",
        /// A tick without a permission.
        Tick = "tick",
        /// A tick that may take tasks back from the dead.
        Reclaim = "reclaim",
        /// The handler of a task: no call.
        Handler = "handler",
    }
}

named! {
    /// How far it is.
    Stage {
        /// The call is about to be sent.
        Before = "before",
        /// The request is on its way; the store may carry it out or not.
        Sent = "sent",
        /// The process's broker has the answer, and nothing above it has seen it.
        Answered = "answered",
        /// The handler has begun.
        Begun = "begun",
        /// The handler has ended, and its outcome is not written.
        Done = "done",
    }
}

/// How many points there are.
pub const COUNT: usize = (Verb::ALL.len() - 1) * CALL.len() + HANDLER.len();

const CALL: &[Stage] = &[Stage::Before, Stage::Sent, Stage::Answered];
const HANDLER: &[Stage] = &[Stage::Begun, Stage::Done];

/// A place at which a process may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// What it is about.
    pub verb: Verb,
    /// How far it is.
    pub stage: Stage,
}

impl Point {
    /// Every point that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Verb::ALL.iter().flat_map(|verb| {
            let stages = if *verb == Verb::Handler { HANDLER } else { CALL };
            stages.iter().map(|stage| Self { verb: *verb, stage: *stage })
        })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.verb.name(), self.stage.name())
    }
}

impl FromStr for Point {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let mut all = Self::all();
        let found = all.find(|point| point.to_string() == name);
        found.with_context(|| format!("no crash point is called {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_read_by_its_name() {
        for point in Point::all() {
            assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
        }
        assert_eq!(Point::all().count(), COUNT);
        assert_eq!("claim.sent".parse::<Point>().unwrap().stage, Stage::Sent);
        for wrong in ["claim", "claim.begun", "handler.sent", "ack.sent", ""] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}
