//! `tireless doctor`: what the server's settings mean for tasks, and whether this user may do its
//! work.

use clap::builder::PossibleValuesParser;
use serde::Serialize;
use tireless::Backend;
use tireless::broker::UserRole;

use crate::diagnosis::{Finding, Loss, Verdict, findings, losses};
use crate::exit::{Outcome, Stop};
use crate::output::Output;

const AFTER_HELP: &str = "\
Changes nothing. What this user may not ask for is reported as that, never as ok.
Exit code 1 if there is a problem, 0 if there are warnings at most.";

/// What is looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A role that this user is to have, and a problem if it lacks a right for it; may be given
    /// several times [default: any one role]
    #[arg(long, value_name = "ROLE", value_parser = PossibleValuesParser::new(
        UserRole::ALL.map(UserRole::as_str)
    ))]
    role: Vec<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    ok: bool,
    findings: &'a [Finding],
    losses: &'a [Loss],
}

/// Looks, and says what it found.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let servers = broker.checkup().await?;
    let asked = |role: &UserRole| args.role.iter().any(|name| name == role.as_str());
    let roles: Vec<UserRole> = UserRole::ALL.into_iter().filter(asked).collect();
    let (findings, losses) = (findings(&servers, &roles), losses(&servers));
    let ok = findings.iter().all(|finding| finding.verdict != Verdict::Problem);
    out.json(&Answer { ok, findings: &findings, losses: &losses })?;
    for Finding { what, verdict, found, advice, servers } in &findings {
        out.line(format!("{:<8} {what:<12} {found}{}", word(*verdict), on(servers)))?;
        if !advice.is_empty() {
            out.line(format!("{:<21} -> {advice}", ""))?;
        }
    }
    out.line("what would be lost if")?;
    for Loss { when, lost, servers } in &losses {
        out.line(format!("         {when}: {lost}{}", on(servers)))?;
    }
    if ok { Ok(()) } else { Err(Stop::Said) }
}

/// Where that is so, if not everywhere.
fn on(servers: &[String]) -> String {
    if servers.is_empty() { String::new() } else { format!(" (on {})", servers.join(", ")) }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Warning => "warning",
        Verdict::Problem => "problem",
        Verdict::Unknown => "unknown",
    }
}
