//! The reading of a URL. No message repeats a part of the URL that could be a password: one that
//! was written without percent-encoding may end up anywhere.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tireless_core::{Error, Operation, Result};
use url::{Host, Url};

use super::settings::Settings;
use super::{Address, Endpoint, Secret, Tls};

pub(super) const ACCEPTED: &str = "accepted are redis://[user[:password]@]host[:port][/db], \
    redis-sentinel://host[:port]/MASTER and redis-cluster://host[:port], the same with rediss:// and \
    so on for TLS, and redis+unix:///path?db=0&user=u&pass=p";
pub(super) const ENCODE: &str = "special characters in a user or password are written percent-encoded \
    ('@' as %40, '/' as %2F, '#' as %23, '?' as %3F, '&' as %26, '%' as %25)";

pub(super) fn parse(text: &str) -> Result<Address> {
    let url = Url::parse(text).map_err(|error| {
        invalid(format!("this is no Redis URL ({error}): {ACCEPTED}; {ENCODE}"))
    })?;
    if url.fragment().is_some() {
        return Err(invalid(format!("a Redis URL has no '#' part; {ENCODE}")));
    }
    let (secure, kind) = scheme(url.scheme())?;
    let settings = Settings::read(&url, secure, kind)?;
    let tls = if secure { Some(settings.tls()?) } else { None };
    let mut address = match kind {
        Kind::Tcp => {
            let mut address = tcp(&url, tls, 6379)?;
            address.database = path_database(&url)?;
            address
        }
        Kind::Unix => unix(&url)?,
        Kind::Sentinel => settings.sentinel(tcp(&url, tls, 26379)?, &url)?,
        Kind::Cluster => settings.cluster(tcp(&url, tls, 6379)?, &url)?,
    };
    settings.apply(&mut address)?;
    Ok(address)
}

/// What a scheme leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tcp,
    Unix,
    Sentinel,
    Cluster,
}

/// Whether a scheme asks for TLS, and what it leads to.
fn scheme(scheme: &str) -> Result<(bool, Kind)> {
    Ok(match scheme {
        "redis" => (false, Kind::Tcp),
        "rediss" => (true, Kind::Tcp),
        "redis+unix" => (false, Kind::Unix),
        "redis-sentinel" => (false, Kind::Sentinel),
        "rediss-sentinel" => (true, Kind::Sentinel),
        "redis-cluster" => (false, Kind::Cluster),
        "rediss-cluster" => (true, Kind::Cluster),
        other => {
            return Err(invalid(format!("the scheme {other}:// is not known here: {ACCEPTED}")));
        }
    })
}

fn tcp(url: &Url, tls: Option<Tls>, default_port: u16) -> Result<Address> {
    let missing = || invalid(format!("the URL names no host: {ACCEPTED}"));
    let host = match url.host().ok_or_else(missing)? {
        Host::Domain(name) => decode(name)?,
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    if host.is_empty() {
        return Err(missing());
    }
    let port = url.port().unwrap_or(default_port);
    if port == 0 {
        return Err(invalid("the port must be a number from 1 to 65535"));
    }
    let mut address = Address::at(Endpoint::Tcp { host, port, tls });
    if !url.username().is_empty() {
        address.user = Some(decode(url.username())?);
    }
    address.password = url.password().map(decode).transpose()?.map(Secret::new);
    Ok(address)
}

fn path_database(url: &Url) -> Result<u32> {
    let path = url.path().trim_start_matches('/');
    if path.is_empty() { Ok(0) } else { database(path) }
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

pub(super) fn database(text: &str) -> Result<u32> {
    // Redis counts its databases in an i32.
    match text.parse::<u32>() {
        Ok(number) if number <= i32::MAX as u32 && !text.starts_with('+') => Ok(number),
        _ => Err(invalid("the database must be a number, as in redis://host:6379/2 or ?db=2")),
    }
}

pub(super) fn decode(text: &str) -> Result<String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(invalid("a percent-encoded part of the URL is not UTF-8")),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::invalid(Operation::Connect, message)
}
