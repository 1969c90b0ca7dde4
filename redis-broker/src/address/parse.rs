//! The reading of a URL. No message repeats a part of the URL that could be a password: one that
//! was written without percent-encoding may end up anywhere.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tireless_core::{Error, Operation, Result};
use url::{Host, Url};

use super::{Address, Endpoint, Secret, Tls};

const ACCEPTED: &str = "accepted are redis://[user[:password]@]host[:port][/db], the same with \
    rediss:// for TLS, and redis+unix:///path?db=0&user=u&pass=p";
const SETTINGS: &str = "accepted are db, password-file and client; with rediss:// also ca, cert \
    and key; with redis+unix:// also user and pass";
const ENCODE: &str = "special characters in a user or password are written percent-encoded \
    ('@' as %40, '/' as %2F, '#' as %23, '?' as %3F, '%' as %25)";

pub(super) fn parse(text: &str) -> Result<Address> {
    let url = Url::parse(text).map_err(|error| {
        invalid(format!("this is no Redis URL ({error}): {ACCEPTED}; {ENCODE}"))
    })?;
    if url.fragment().is_some() {
        return Err(invalid(format!("a Redis URL has no '#' part; {ENCODE}")));
    }
    let settings = Settings::read(&url)?;
    let mut address = match url.scheme() {
        "redis" => tcp(&url, None)?,
        "rediss" => tcp(&url, Some(settings.tls()?))?,
        "redis+unix" => unix(&url)?,
        other => {
            return Err(invalid(format!("the scheme {other}:// is not known here: {ACCEPTED}")));
        }
    };
    settings.apply(&mut address)?;
    Ok(address)
}

fn tcp(url: &Url, tls: Option<Tls>) -> Result<Address> {
    let missing = || invalid(format!("the URL names no host: {ACCEPTED}"));
    let host = match url.host().ok_or_else(missing)? {
        Host::Domain(name) => decode(name)?,
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    if host.is_empty() {
        return Err(missing());
    }
    let port = url.port().unwrap_or(6379);
    if port == 0 {
        return Err(invalid("the port must be a number from 1 to 65535"));
    }
    let mut address = Address::at(Endpoint::Tcp { host, port, tls });
    if !url.username().is_empty() {
        address.user = Some(decode(url.username())?);
    }
    address.password = url.password().map(decode).transpose()?.map(Secret::new);
    let path = url.path().trim_start_matches('/');
    if !path.is_empty() {
        address.database = database(path)?;
    }
    Ok(address)
}

fn unix(url: &Url) -> Result<Address> {
    if url.host_str().is_some_and(|host| !host.is_empty()) {
        return Err(invalid(
            "the path of a socket begins with a slash: redis+unix:///run/redis.sock",
        ));
    }
    let path = decode(url.path())?;
    if path.is_empty() || path == "/" {
        return Err(invalid("the URL names no socket: redis+unix:///run/redis.sock"));
    }
    Ok(Address::at(Endpoint::Unix(PathBuf::from(path))))
}

/// The part of the URL behind the question mark.
#[derive(Default)]
struct Settings {
    ca: Option<String>,
    cert: Option<String>,
    key: Option<String>,
    db: Option<String>,
    user: Option<String>,
    pass: Option<String>,
    password_file: Option<String>,
    client: Option<String>,
}

impl Settings {
    fn read(url: &Url) -> Result<Self> {
        let mut settings = Self::default();
        let query = url.query().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = match name {
                "ca" => &mut settings.ca,
                "cert" => &mut settings.cert,
                "key" => &mut settings.key,
                "db" => &mut settings.db,
                "user" => &mut settings.user,
                "pass" => &mut settings.pass,
                "password-file" => &mut settings.password_file,
                "client" => &mut settings.client,
                // With an '@' behind it, the name may be the rest of a password.
                _ if query.contains('@') => {
                    return Err(invalid(format!("unknown setting: {SETTINGS}; {ENCODE}")));
                }
                _ => return Err(invalid(format!("unknown setting '{name}': {SETTINGS}"))),
            };
            if slot.replace(decode(value)?).is_some() {
                return Err(invalid(format!("the setting '{name}' is given twice")));
            }
        }
        settings.check(url.scheme())?;
        Ok(settings)
    }

    fn check(&self, scheme: &str) -> Result<()> {
        let tls = self.ca.is_some() || self.cert.is_some() || self.key.is_some();
        if tls && scheme != "rediss" {
            return Err(invalid("ca, cert and key belong to TLS: write rediss:// for it"));
        }
        let entry = self.user.is_some() || self.pass.is_some();
        if entry && scheme != "redis+unix" {
            return Err(invalid(
                "user and pass belong to redis+unix://: with a host write user:password@host",
            ));
        }
        Ok(())
    }

    fn tls(&self) -> Result<Tls> {
        let client = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((PathBuf::from(cert), PathBuf::from(key))),
            (None, None) => None,
            _ => return Err(invalid("a client certificate needs both, cert=PATH and key=PATH")),
        };
        Ok(Tls { ca: self.ca.as_ref().map(PathBuf::from), client })
    }

    fn apply(self, address: &mut Address) -> Result<()> {
        if let Some(db) = &self.db {
            let number = database(db)?;
            if address.database != 0 && address.database != number {
                return Err(invalid("the URL names two databases, in its path and as db="));
            }
            address.database = number;
        }
        address.user = address.user.take().or(self.user);
        address.password = address.password.take().or(self.pass.map(Secret::new));
        if let Some(path) = &self.password_file {
            if address.password.is_some() {
                return Err(invalid("the URL names two passwords: one itself, one in a file"));
            }
            address.password = Some(read_password(path)?);
        }
        if address.user.is_some() && address.password.is_none() {
            return Err(invalid(format!("the URL names a user without a password: {ACCEPTED}")));
        }
        Ok(())
    }
}

fn read_password(path: &str) -> Result<Secret> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        invalid(format!("cannot read the password file {path}: {error}")).with_source(error)
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(invalid(format!("the password file {path} is empty")));
    }
    Ok(Secret::new(line))
}

fn database(text: &str) -> Result<u32> {
    // Redis counts its databases in an i32.
    match text.parse::<u32>() {
        Ok(number) if number <= i32::MAX as u32 && !text.starts_with('+') => Ok(number),
        _ => Err(invalid("the database must be a number, as in redis://host:6379/2 or ?db=2")),
    }
}

fn decode(text: &str) -> Result<String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(invalid("a percent-encoded part of the URL is not UTF-8")),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::invalid(Operation::Connect, message)
}
