//! Where the tests' server comes from.

use std::fmt;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::borrowed;
use crate::docker::{self, Container};
use crate::install::{Installer, REDIS};
use crate::server::{SERVER_VARIABLE, TestServer, URL_VARIABLE, find_binary};

/// The variable that names the image to take a server from.
pub(crate) const IMAGE_VARIABLE: &str = "TIRELESS_TEST_IMAGE";

/// What can be seen from here.
#[derive(Debug, Clone, Copy)]
struct Sight {
    url: bool,
    binary: bool,
    docker: bool,
    may_install: bool,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Given,
    Private,
    Docker,
    Install,
    Nothing,
}

/// The order of preference.
fn choose(sight: Sight) -> Choice {
    match sight {
        Sight { url: true, .. } => Choice::Given,
        Sight { binary: true, .. } => Choice::Private,
        Sight { docker: true, .. } => Choice::Docker,
        Sight { may_install: true, .. } => Choice::Install,
        _ => Choice::Nothing,
    }
}

/// The server for the tests; one that was started here ends with it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) url: String,
    /// A binary, for the tests that start servers of their own.
    pub(crate) binary: Option<PathBuf>,
    pub(crate) told: String,
    _private: Option<TestServer>,
    _container: Option<Container>,
}

impl Found {
    /// The environment in which tests run.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![(URL_VARIABLE, self.url.clone())];
        if let Some(binary) = &self.binary {
            all.push((SERVER_VARIABLE, binary.display().to_string()));
        }
        all
    }

    /// A private server of this binary.
    pub(crate) fn private(binary: PathBuf) -> Result<Self> {
        let server = TestServer::builder().binary(&binary).start()?;
        let told = format!("{}, private, port {}", binary.display(), server.port());
        let url = server.url();
        Ok(Self { url, binary: Some(binary), told, _private: Some(server), _container: None })
    }

    /// Whether it is a private one of this binary.
    pub(crate) fn is_of(&self, binary: &Path) -> bool {
        let same = |own: &PathBuf| match (own.canonicalize(), binary.canonicalize()) {
            (Ok(own), Ok(binary)) => own == binary,
            _ => false,
        };
        self._private.is_some() && self.binary.as_ref().is_some_and(same)
    }

    fn given(url: String) -> Result<Self> {
        check_reachable(&url)?;
        let told = format!("the one of {URL_VARIABLE}");
        Ok(Self { url, binary: find_binary().ok(), told, _private: None, _container: None })
    }

    /// A private server with the image's binary; where that cannot run, a container.
    fn docker(image: &str) -> Result<Self> {
        if let Ok(binary) = borrowed::binary(image) {
            let found = Self::private(binary)?;
            return Ok(Self { told: format!("{}, out of {image}", found.told), ..found });
        }
        let container = Container::start(image)?;
        let (url, told) = (container.url().to_owned(), format!("{image} in Docker"));
        Ok(Self { url, binary: None, told, _private: None, _container: Some(container) })
    }
}

/// Finds, starts or installs a server.
pub(crate) fn find(installer: Installer) -> Result<Found> {
    let given = std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty());
    let binary = find_binary().ok();
    let image = std::env::var(IMAGE_VARIABLE).unwrap_or_else(|_| "redis:7".to_owned());
    let asks_docker = given.is_none() && binary.is_none() && docker::answers();
    let sight = Sight {
        url: given.is_some(),
        binary: binary.is_some(),
        docker: asks_docker && docker::obtain(&image),
        may_install: installer.may(),
    };
    match (choose(sight), given, binary) {
        (Choice::Given, Some(url), _) => Found::given(url),
        (Choice::Private, _, Some(binary)) => Found::private(binary),
        (Choice::Docker, ..) => Found::docker(&image),
        (Choice::Install, ..) => {
            installer.install(REDIS)?;
            Found::private(find_binary()?)
        }
        _ => Err(NoServer::advising(installer).into()),
    }
}

/// No server and no way to one; the command to type.
#[derive(Debug)]
pub(crate) struct NoServer(String);

impl NoServer {
    /// With what a person types here.
    pub(crate) fn advising(installer: Installer) -> Self {
        Self(installer.advice(REDIS))
    }
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no Redis server to test with, so nothing was tested. Type: {}", self.0)
    }
}

impl std::error::Error for NoServer {}

/// An unreachable server is told at once and not by a hundred failing tests. Only plain host and
/// port are looked at, and never shown: a URL may hold a password.
fn check_reachable(url: &str) -> Result<()> {
    let Some(address) = host_and_port(url) else { return Ok(()) };
    let unreachable = || format!("the server of {URL_VARIABLE} ({address}) cannot be reached");
    let mut addresses = address.to_socket_addrs().with_context(unreachable)?.peekable();
    if addresses.peek().is_none() {
        bail!(unreachable());
    }
    let limit = Duration::from_secs(5);
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    last.map_or(Ok(()), |error| Err(error).with_context(unreachable))
}

/// `HOST:PORT` of a `redis://` or `rediss://` URL.
fn host_and_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "redis" | "rediss") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port { host.to_owned() } else { format!("{host}:6379") })
}

#[cfg(test)]
#[path = "find_server_tests.rs"]
mod tests;
