//! A script: its declared keys, the pieces it is made of, and its hash.

use std::sync::OnceLock;

use bytes::Bytes;

/// A Lua script. The head that names its keys is made from `keys`, so that the names in the script
/// and the keys that are sent cannot drift apart.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// The keys it declares, by name, in order. `running`, `pushes` and `settles` are those of
    /// the caller.
    pub(crate) keys: &'static [&'static str],
    /// Shared pieces that it needs, in order.
    pub(crate) pieces: &'static [&'static str],
    pub(crate) body: &'static str,
    pub(crate) compiled: OnceLock<Compiled>,
}

/// A script as it is sent.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) source: Bytes,
    pub(crate) sha: Bytes,
}

impl Script {
    pub(crate) fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| {
            let source = self.source();
            let sha = sha1_smol::Sha1::from(source.as_bytes()).digest().to_string();
            Compiled { source: source.into(), sha: sha.into() }
        })
    }

    fn source(&self) -> String {
        let mut source = String::from("local call = redis.call\nlocal K = {");
        for (index, key) in self.keys.iter().enumerate() {
            source.push_str(&format!("['{key}']=KEYS[{}],", index + 1));
        }
        source.push_str(&format!("}}\nlocal RUNNING_FROM = {}\n", self.keys.len() + 1));
        for piece in self.pieces {
            source.push_str(piece);
        }
        source.push_str(self.body);
        source
    }
}
