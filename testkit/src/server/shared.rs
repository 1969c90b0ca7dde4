//! One server for all tests of a process.

use std::io;
use std::sync::OnceLock;

use super::TestServer;

/// The variable that names a server to use as it is.
pub const URL_VARIABLE: &str = "TIRELESS_TEST_URL";

/// The URL of a server that the tests of this process share: `TIRELESS_TEST_URL` from the
/// environment, else a private server that is started once and ends with the process. It is never
/// flushed: each test takes a namespace of its own.
///
/// # Errors
///
/// As [`TestServer::start`], the same for each caller.
pub fn shared_url() -> io::Result<String> {
    // Never dropped: the server's guard ends it together with the process.
    static SERVER: OnceLock<Result<TestServer, String>> = OnceLock::new();
    if let Ok(url) = std::env::var(URL_VARIABLE)
        && !url.is_empty()
    {
        return Ok(url);
    }
    let server = SERVER.get_or_init(|| TestServer::start().map_err(|error| error.to_string()));
    server.as_ref().map(TestServer::url).map_err(|error| io::Error::other(error.clone()))
}
