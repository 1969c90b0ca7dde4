//! The part of a URL behind the question mark.

use std::path::PathBuf;

use tireless_core::Result;
use url::Url;

use super::parse::{ACCEPTED, ENCODE, Kind, database, decode, invalid};
use super::{Address, Node, Secret, Sentinels, Tls, Topology};

const SETTINGS: &str = "accepted are db, password-file and client; with TLS also ca, cert and key; \
    with redis+unix:// also user and pass; with sentinels and clusters also node; with sentinels \
    also sentinel-user, sentinel-pass and sentinel-password-file";

const SENTINEL_PORT: u16 = 26_379;
const SERVER_PORT: u16 = 6_379;

/// The part of the URL behind the question mark.
#[derive(Default)]
pub(super) struct Settings {
    ca: Option<String>,
    cert: Option<String>,
    key: Option<String>,
    db: Option<String>,
    user: Option<String>,
    pass: Option<String>,
    password_file: Option<String>,
    client: Option<String>,
    nodes: Vec<String>,
    sentinel_user: Option<String>,
    sentinel_pass: Option<String>,
    sentinel_password_file: Option<String>,
}

impl Settings {
    /// Reads the settings of a URL, and refuses those that do not fit its scheme.
    pub(super) fn read(url: &Url, secure: bool, kind: Kind) -> Result<Self> {
        let mut settings = Self::default();
        let query = url.query().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name == "node" {
                settings.nodes.push(decode(value)?);
                continue;
            }
            let slot = match name {
                "ca" => &mut settings.ca,
                "cert" => &mut settings.cert,
                "key" => &mut settings.key,
                "db" => &mut settings.db,
                "user" => &mut settings.user,
                "pass" => &mut settings.pass,
                "password-file" => &mut settings.password_file,
                "client" => &mut settings.client,
                "sentinel-user" => &mut settings.sentinel_user,
                "sentinel-pass" => &mut settings.sentinel_pass,
                "sentinel-password-file" => &mut settings.sentinel_password_file,
                // With an '@' behind it, or a password before it, the name may be the rest of one.
                _ if query.contains('@') || query.contains("pass=") => {
                    return Err(invalid(format!("unknown setting: {SETTINGS}; {ENCODE}")));
                }
                _ => return Err(invalid(format!("unknown setting '{name}': {SETTINGS}"))),
            };
            if slot.replace(decode(value)?).is_some() {
                return Err(invalid(format!("the setting '{name}' is given twice")));
            }
        }
        settings.check(secure, kind)?;
        Ok(settings)
    }

    fn check(&self, secure: bool, kind: Kind) -> Result<()> {
        let tls = self.ca.is_some() || self.cert.is_some() || self.key.is_some();
        if tls && !secure {
            return Err(invalid("ca, cert and key belong to TLS: write rediss:// for it"));
        }
        let entry = self.user.is_some() || self.pass.is_some();
        if entry && kind != Kind::Unix {
            return Err(invalid(
                "user and pass belong to redis+unix://: with a host write user:password@host",
            ));
        }
        let sentinel = [&self.sentinel_user, &self.sentinel_pass, &self.sentinel_password_file];
        if sentinel.iter().any(|setting| setting.is_some()) && kind != Kind::Sentinel {
            return Err(invalid("what is for sentinels belongs to redis-sentinel://"));
        }
        if !self.nodes.is_empty() && !matches!(kind, Kind::Sentinel | Kind::Cluster) {
            return Err(invalid("node belongs to redis-sentinel:// and redis-cluster://"));
        }
        Ok(())
    }

    /// What TLS needs.
    pub(super) fn tls(&self) -> Result<Tls> {
        let client = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((PathBuf::from(cert), PathBuf::from(key))),
            (None, None) => None,
            _ => return Err(invalid("a client certificate needs both, cert=PATH and key=PATH")),
        };
        Ok(Tls { ca: self.ca.as_ref().map(PathBuf::from), client })
    }

    /// Makes the address of a sentinel the address of the master that it watches.
    pub(super) fn sentinel(&self, mut address: Address, url: &Url) -> Result<Address> {
        let master = decode(url.path().trim_start_matches('/'))?;
        if master.is_empty() || master.contains('/') {
            return Err(invalid(format!("the path of the URL is the master's name: {ACCEPTED}")));
        }
        let mut password = self.sentinel_pass.clone().map(Secret::new);
        if let Some(path) = &self.sentinel_password_file {
            if password.is_some() {
                return Err(invalid("the URL names two passwords of the sentinels"));
            }
            password = Some(read_password(path)?);
        }
        let nodes =
            self.nodes.iter().map(|text| node(text, SENTINEL_PORT)).collect::<Result<_>>()?;
        let user = self.sentinel_user.clone();
        address.topology = Topology::Sentinel(Sentinels { master, nodes, user, password });
        Ok(address)
    }

    /// Makes the address of a server the address of its Cluster.
    pub(super) fn cluster(&self, mut address: Address, url: &Url) -> Result<Address> {
        let databases = [url.path().trim_start_matches('/'), self.db.as_deref().unwrap_or("")];
        if databases.iter().any(|database| !matches!(*database, "" | "0")) {
            return Err(invalid("a Cluster has only database 0; leave it out of the URL"));
        }
        let nodes = self.nodes.iter().map(|text| node(text, SERVER_PORT)).collect::<Result<_>>()?;
        address.topology = Topology::Cluster { nodes };
        Ok(address)
    }

    /// Adds what fits every kind of address.
    pub(super) fn apply(self, address: &mut Address) -> Result<()> {
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

/// `HOST` or `HOST:PORT`; an IPv6 address stands in brackets.
fn node(text: &str, default_port: u16) -> Result<Node> {
    let wrong = || invalid("a node is written HOST or HOST:PORT, as in node=redis-2:6379");
    // A scheme that the crate does not know, so that no port is taken for the usual one.
    let url = Url::parse(&format!("node://{text}")).map_err(|_| wrong())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_bare = url.username().is_empty() && matches!(url.path(), "" | "/");
    let port = url.port().unwrap_or(default_port);
    if host.is_empty() || !is_bare || url.query().is_some() || port == 0 {
        return Err(wrong());
    }
    Ok((host, port))
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
