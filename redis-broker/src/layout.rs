//! The layout in words that tools and tests can read: every script and the keys it declares.

use crate::script::Script;
use crate::scripts;

/// A script's name and the names of the keys that it declares, in order. `running`, `pushes` and
/// `settles` are one key a caller; the others are one a queue (or one a namespace).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptKeys {
    /// The verb, which is also the name of the Lua file.
    pub script: &'static str,
    /// The keys.
    pub keys: &'static [&'static str],
}

/// Every script.
pub fn scripts() -> Vec<ScriptKeys> {
    let of = |script: &Script| ScriptKeys { script: script.name, keys: script.keys };
    scripts::ALL.iter().map(|script| of(script)).collect()
}
