//! What `INFO` tells, field by field.

/// The text of `INFO`, or of some sections of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Info(String);

impl Info {
    pub(crate) fn new(text: &[u8]) -> Self {
        Self(String::from_utf8_lossy(text).into_owned())
    }

    /// A field's text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.trim())
    }

    /// A field that counts something.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// A field of seconds, in microseconds.
    pub(crate) fn micros(&self, name: &str) -> Option<u64> {
        let seconds: f64 = self.text(name)?.parse().ok()?;
        Some((seconds * 1e6) as u64)
    }

    /// Name and version of the server.
    pub(crate) fn server(&self) -> String {
        match (self.text("valkey_version"), self.text("redis_version")) {
            (Some(version), _) => format!("valkey {version}"),
            (None, Some(version)) => format!("redis {version}"),
            (None, None) => "unknown".into(),
        }
    }
}
