//! The layout in words that tools and tests can read: every script and the keys it declares.

use bytes::Bytes;

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

/// A script as it is sent, in one of its two forms: for queues of our own keys, and for those that
/// adopt plain ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptText {
    /// The verb.
    pub script: &'static str,
    /// Its SHA-1 in hexadecimal, by which it is called.
    pub sha: String,
    /// The Lua text.
    pub source: Bytes,
}

/// Every script in every form: for tools that read traffic.
pub fn script_texts() -> Vec<ScriptText> {
    let of = |(script, adopted): (&'static Script, bool)| {
        let compiled = script.compiled(adopted);
        let sha = String::from_utf8_lossy(&compiled.sha).into_owned();
        ScriptText { script: script.name, sha, source: compiled.source.clone() }
    };
    let forms = scripts::ALL.iter().flat_map(|script| [(*script, false), (*script, true)]);
    forms.map(of).collect()
}
