//! Why no connection came about, and the words in which users read it.

use std::io;

use tireless_core::{Error, ErrorKind, Operation};

use crate::address::{Address, Endpoint, Secret, Topology};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a library could not make a connection.
#[derive(Debug)]
pub enum ConnectError {
    /// Nobody listens there, no such host, no way to it, or the connection broke at once.
    Unreachable(Source),
    /// The other side speaks no TLS, or one of the two does not trust the other.
    Tls(Source),
    /// The server answered with an error; the text as it came, code first.
    Refused(String),
    /// A file of the address cannot be used; nothing was sent.
    Unusable(String),
    /// Not within the time.
    TimedOut(std::time::Duration),
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error.into())
    }
}

/// Of the failures of two servers the one that says more: one that is down is no news if another one
/// refused the password.
pub(crate) fn more_telling<E, W: Ord>(one: E, other: E, weight: impl Fn(&E) -> W) -> E {
    if weight(&one) > weight(&other) { one } else { other }
}

impl ConnectError {
    /// How much it says beside the failures of other servers: most if somebody was there and gave a
    /// reason. Another try can help where nobody was, so what cannot be used is no reason to give up then.
    pub(crate) fn weight(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Tls(_) => 2,
            Self::Unreachable(_) | Self::TimedOut(_) => 1,
            Self::Unusable(_) => 0,
        }
    }

    /// Makes the error that users see.
    pub fn explain(self, address: &Address) -> Error {
        let place = address.place();
        let new = |kind, message| Error::new(kind, Operation::Connect, message);
        match self {
            Self::Unreachable(source) => {
                let advice = unreachable_advice(address, &source.to_string());
                let message = format!("cannot reach redis at {place}: {source}; {advice}");
                new(ErrorKind::Unavailable, message).with_source(source)
            }
            Self::Tls(source) => {
                let advice = tls_advice(&source.to_string());
                let message = format!("no TLS connection to redis at {place}: {source}; {advice}");
                new(ErrorKind::Unavailable, message).with_source(source)
            }
            Self::Refused(text) => {
                let text = without_passwords(address, text);
                let (kind, advice) = refusal(address, &text);
                new(kind, format!("redis at {place} refused: {text}; {advice}"))
            }
            Self::Unusable(text) => new(ErrorKind::InvalidInput, text),
            Self::TimedOut(after) => {
                let tls = match address.tls() {
                    Some(_) => "does that port speak TLS (else write redis://)?",
                    None => "does that port want TLS (then write rediss://)?",
                };
                let message = format!(
                    "cannot reach redis at {place}: no answer within {after:?}; is the server \
                     frozen, the host wrong, a firewall in the way? {tls}"
                );
                new(ErrorKind::Unavailable, message)
            }
        }
    }
}

/// A server that does not know AUTH repeats what it was given.
fn without_passwords(address: &Address, text: String) -> String {
    let of_sentinels = match &address.topology {
        Topology::Sentinel(sentinels) => sentinels.password.as_ref(),
        _ => None,
    };
    let secrets = [address.password.as_ref(), of_sentinels];
    let mut secrets = secrets.into_iter().flatten().map(Secret::reveal).peekable();
    let text = if secrets.peek().is_some() { without_arguments(text) } else { text };
    secrets
        .filter(|secret| !secret.is_empty())
        .fold(text, |text, secret| text.replace(secret, "***"))
}

/// What a server says of a command that it does not know, without what it was given: it cuts that, and
/// writes odd bytes in signs of its own, so that a password among it is not found as a whole.
pub(crate) fn without_arguments(mut text: String) -> String {
    if let Some(at) = text.find("with args beginning with") {
        let end = text[..at].trim_end_matches([' ', ',']).len();
        text.truncate(end);
    }
    text
}

fn unreachable_advice(address: &Address, text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    if matches!(address.endpoint, Endpoint::Unix(_)) {
        if text.contains("permission") {
            return "may this user open the socket?";
        }
        return "is the server running, with this path as its unixsocket?";
    }
    if text.contains("lookup") || text.contains("name or service") || text.contains("resolve") {
        "is the host name right?"
    } else if text.contains("refused") {
        "is the server running?"
    } else if address.tls().is_none() {
        "is that a redis port, and one without TLS (else write rediss://)?"
    } else {
        "is that a redis port, and does it want a client certificate (?cert=PATH&key=PATH)?"
    }
}

fn tls_advice(text: &str) -> &'static str {
    let text = text.to_ascii_lowercase().replace([' ', '_'], "");
    if text.contains("unknownissuer") {
        "name the authority that signed its certificate with ?ca=PATH"
    } else if text.contains("notvalidforname") {
        "the certificate names another host; use that name in the URL"
    } else if text.contains("certificaterequired") {
        "the server wants a client certificate: ?cert=PATH&key=PATH"
    } else {
        "does that port speak TLS (else write redis://), and is its certificate valid?"
    }
}

fn refusal(address: &Address, text: &str) -> (ErrorKind, &'static str) {
    let starts = |codes: &[&str]| codes.iter().any(|code| text.starts_with(code));
    if starts(&["WRONGPASS"]) || text.contains("invalid password") {
        (ErrorKind::Denied, "check the user and the password")
    } else if starts(&["NOAUTH"]) {
        // No example of a URL: logs hide whatever looks like its password.
        let advice = "it wants a password: ?password-file=PATH in the URL, or TIRELESS_PASSWORD_FILE \
                      for the command";
        (ErrorKind::Denied, advice)
    } else if text.contains("AUTH") && address.password.is_some() {
        (ErrorKind::Denied, "it has no password set for this user; give none")
    } else if starts(&["NOPERM"]) {
        (ErrorKind::Denied, "this user lacks a right that every connection needs")
    } else if starts(&["DENIED"]) {
        (ErrorKind::Denied, "give it a password, or connect from its own machine")
    } else if text.contains("DB index") || text.contains("SELECT is not allowed") {
        (ErrorKind::InvalidInput, "it has no such database; see its setting `databases`")
    } else {
        (ErrorKind::Unavailable, "it does not serve now; try again later")
    }
}

#[cfg(test)]
#[path = "connect_error_tests.rs"]
mod tests;
