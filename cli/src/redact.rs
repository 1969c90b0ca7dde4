//! Keeps passwords out of everything that is printed.
//!
//! The libraries below print none. This is the second wall: errors, logs at any level and the
//! usage texts of wrong command lines pass through here.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

const HIDDEN: &str = "***";

static SECRETS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Makes a password known, so that it is hidden wherever it turns up.
pub(crate) fn hide(secret: &str) {
    // A very short one would blot out half of what is printed.
    if secret.len() >= 4 {
        let mut secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.push(secret.to_owned());
        let escaped = format!("{secret:?}");
        secrets.push(escaped.trim_matches('"').to_owned());
    }
}

/// The text without known passwords and without those that stand in URLs: for what may repeat
/// anything that was typed.
pub(crate) fn redact_all(text: &str) -> String {
    without_url_passwords(&redact(text))
}

/// The text without known passwords.
pub(crate) fn redact(text: &str) -> String {
    let mut text = text.to_owned();
    for secret in SECRETS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), HIDDEN);
        }
    }
    text
}

/// Where in the text the next password of a URL stands: between the first `:` and the last `@` of
/// what follows `://`, or behind `pass=`.
fn next_password(text: &str) -> Option<(usize, usize)> {
    let in_authority = text.match_indices("://").find_map(|(at, found)| {
        let start = at + found.len();
        let authority = word(&text[start..]);
        let user_info = &authority[..authority.rfind('@')?];
        let colon = user_info.find(':')?;
        Some((start + colon + 1, start + user_info.len()))
    });
    let in_query = text.match_indices(['?', '&']).find_map(|(at, _)| {
        let rest = text[at + 1..].strip_prefix("sentinel-").unwrap_or(&text[at + 1..]);
        let rest = rest.strip_prefix("pass=")?;
        let start = text.len() - rest.len();
        let value = word(rest);
        Some((start, start + value.find('&').unwrap_or(value.len())))
    });
    match (in_authority, in_query) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The text up to a space or a quote.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || c == '\'' || c == '"');
    &text[..end.unwrap_or(text.len())]
}

fn without_url_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = next_password(rest) {
        out.push_str(&rest[..start]);
        out.push_str(HIDDEN);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Standard error, with passwords hidden: where logs go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedactedStderr;

impl Write for RedactedStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = redact_all(&String::from_utf8_lossy(bytes));
        crate::stderr::write(&text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for RedactedStderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
