//! What the servers say of themselves while tasks stand still, so that a failure tells whose it is.

use std::fmt::Write as _;

use tireless_testkit::server::TestServer;

use crate::ground::data_dir;

/// The answers that tell a server's part.
const TELLING: [&str; 4] = ["role:", "master_link_status:", "connected_slaves:", "cluster_state:"];

/// How many lines of a server's log are shown.
const LAST: usize = 6;

/// The part of each server and the end of its log.
pub(super) fn views(servers: &[TestServer]) -> String {
    let mut text = String::new();
    for (place, server) in servers.iter().enumerate() {
        let told = part(server).unwrap_or_else(|error| format!("no answer: {error}"));
        let _ = writeln!(text, "server {place} at port {}: {told}", server.port());
        last_of_log(server).iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    text
}

fn part(server: &TestServer) -> std::io::Result<String> {
    let replication = server.ask(&["INFO", "replication"])?;
    // Behind sentinels there is no such command.
    let cluster = server.ask(&["CLUSTER", "INFO"]).unwrap_or_default();
    let lines = replication.lines().chain(cluster.lines());
    let told = lines.filter(|line| TELLING.iter().any(|name| line.starts_with(name)));
    Ok(told.map(str::trim).collect::<Vec<_>>().join(", "))
}

fn last_of_log(server: &TestServer) -> Vec<String> {
    let log = data_dir(server).and_then(|dir| Ok(std::fs::read(dir.join("log"))?));
    let log = log.unwrap_or_default();
    let lines: Vec<_> = String::from_utf8_lossy(&log).lines().map(str::to_owned).collect();
    lines[lines.len().saturating_sub(LAST)..].to_vec()
}
