//! The table of scripts: one a verb, each with its keys and the pieces it shares with others.

use std::sync::OnceLock;

use crate::script::Script;

macro_rules! piece {
    ($name:literal) => {
        include_str!(concat!("../lua/lib/", $name, ".lua"))
    };
}

macro_rules! script {
    ($constant:ident, $name:literal, [$($key:literal),*], [$($piece:literal),*]) => {
        pub(crate) static $constant: Script = Script {
            name: $name,
            keys: &[$($key),*],
            pieces: &[$(piece!($piece)),*],
            body: include_str!(concat!("../lua/", $name, ".lua")),
            native: OnceLock::new(),
            adopted: OnceLock::new(),
        };
    };
}

script!(
    PUSH,
    "push",
    ["queue", "ready", "tasks", "history", "scheduled", "names", "bell", "pushes", "ghosts"],
    ["now", "layout", "chunks", "bell", "history", "calls"]
);
script!(
    CLAIM,
    "claim",
    [
        "queue",
        "ready",
        "tasks",
        "history",
        "running",
        "leases",
        "scheduled",
        "failed",
        "suspects",
        "bell",
        "inbox",
        "ghosts"
    ],
    [
        "now",
        "layout",
        "chunks",
        "unlock",
        "bell",
        "history",
        "enter",
        "due",
        "forget",
        "adopt",
        "requeue_due",
        "ids",
        "held",
        "rename"
    ]
);
script!(
    SETTLE,
    "settle",
    [
        "queue",
        "tasks",
        "history",
        "failures",
        "running",
        "ready",
        "scheduled",
        "failed",
        "dead",
        "done",
        "kept",
        "suspects",
        "names",
        "bell",
        "settles"
    ],
    [
        "now", "layout", "chunks", "unlock", "bell", "history", "enter", "due", "failures",
        "forget", "cap", "ids", "held", "calls", "adopt"
    ]
);
script!(
    ACK,
    "ack",
    ["queue", "tasks", "history", "failures", "names", "running", "settles"],
    ["layout", "chunks", "unlock", "forget", "ids", "calls", "adopt"]
);
script!(
    RENEW,
    "renew",
    ["queue", "ready", "running", "leases", "suspects", "history", "bell"],
    ["now", "layout", "chunks", "unlock", "bell", "history", "enter", "ids", "held"]
);
script!(
    TICK,
    "tick",
    [
        "queue",
        "ready",
        "tasks",
        "history",
        "failures",
        "names",
        "scheduled",
        "failed",
        "suspects",
        "leases",
        "done",
        "kept",
        "bell"
    ],
    [
        "now",
        "layout",
        "chunks",
        "unlock",
        "bell",
        "history",
        "enter",
        "due",
        "forget",
        "adopt",
        "requeue_due",
        "sweep"
    ]
);
script!(
    RECLAIM,
    "reclaim",
    [
        "queue", "ready", "tasks", "history", "failures", "names", "suspects", "leases", "running",
        "dead", "bell"
    ],
    [
        "now", "layout", "chunks", "unlock", "bell", "history", "enter", "failures", "forget",
        "cap", "ids", "held", "adopt"
    ]
);
script!(
    REQUEUE,
    "requeue",
    ["queue", "ready", "tasks", "history", "failed", "dead", "bell"],
    ["now", "layout", "chunks", "unlock", "bell", "history", "forget", "adopt"]
);
script!(
    REMOVE,
    "remove",
    [
        "queue",
        "ready",
        "tasks",
        "history",
        "failures",
        "names",
        "scheduled",
        "failed",
        "dead",
        "done",
        "kept",
        "suspects",
        "leases",
        "ghosts"
    ],
    ["now", "layout", "chunks", "unlock", "forget", "adopt"]
);
script!(
    PURGE,
    "purge",
    [
        "queue",
        "ready",
        "tasks",
        "history",
        "failures",
        "names",
        "scheduled",
        "failed",
        "dead",
        "done",
        "kept",
        "suspects",
        "ghosts"
    ],
    ["now", "layout", "chunks", "unlock", "forget", "adopt"]
);
script!(PAUSE, "pause", ["queue"], ["layout", "unlock"]);
script!(RESUME, "resume", ["queue", "bell"], ["layout", "unlock", "bell"]);
script!(
    DISCARD,
    "discard",
    [
        "queue",
        "ready",
        "tasks",
        "history",
        "failures",
        "names",
        "scheduled",
        "failed",
        "dead",
        "done",
        "kept",
        "suspects",
        "leases",
        "inbox",
        "bell",
        "ghosts",
        "search",
        "lost"
    ],
    ["now", "layout"]
);
script!(
    COUNTS,
    "counts",
    [
        "queue",
        "ready",
        "tasks",
        "scheduled",
        "failed",
        "dead",
        "done",
        "suspects",
        "leases",
        "inbox",
        "ghosts"
    ],
    ["now", "layout"]
);
script!(
    LIST,
    "list",
    ["queue", "ready", "tasks", "history", "scheduled", "failed", "dead", "done", "suspects"],
    ["layout"]
);
script!(
    SHOW,
    "show",
    ["queue", "tasks", "history", "failures", "scheduled", "failed", "dead", "done", "leases"],
    ["layout"]
);
script!(FIND, "find", ["queue", "tasks", "names"], ["layout"]);
script!(
    RECONCILE,
    "reconcile",
    [
        "queue",
        "ready",
        "tasks",
        "history",
        "failures",
        "names",
        "scheduled",
        "failed",
        "dead",
        "done",
        "kept",
        "suspects",
        "ghosts",
        "leases",
        "bell",
        "search",
        "lost"
    ],
    [
        "now", "layout", "chunks", "unlock", "bell", "history", "enter", "forget", "adopt", "ids",
        "held", "rename", "places", "search", "collect", "seek", "restore"
    ]
);
script!(BEAT, "beat", ["queues", "workers", "worker-info"], ["now"]);
script!(QUEUES, "queues", ["queues"], []);
script!(ROLL, "roll", ["workers", "worker-info"], ["now"]);
script!(RIGHTS, "rights", ["queue"], []);

/// Every script that reads or writes keys, for tools and tests.
pub(crate) static ALL: [&Script; 21] = [
    &PUSH, &CLAIM, &SETTLE, &ACK, &RENEW, &TICK, &RECLAIM, &REQUEUE, &REMOVE, &PURGE, &PAUSE,
    &RESUME, &DISCARD, &RECONCILE, &COUNTS, &LIST, &SHOW, &FIND, &BEAT, &QUEUES, &ROLL,
];
