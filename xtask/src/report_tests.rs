//! Tests of the list.

use super::*;

#[test]
fn a_list_without_a_pass_is_not_well() {
    let mut report = Report::default();
    assert!(!report.finish().unwrap(), "nothing ran");
    report.not_run("containers", "no Docker");
    assert!(!report.finish().unwrap(), "not run is not a pass");
    report.time("unit tests", || Ok("3 tests".to_owned()));
    assert!(report.finish().unwrap());
    assert_eq!(report.totals(), "1 passed, 0 failed, 1 not run");
    report.missing("redis-6.2", "no binary");
    assert!(!report.finish().unwrap());
    assert_eq!(report.totals(), "1 passed, 1 failed, 1 not run");
}

#[test]
fn a_list_goes_through_a_file() {
    let mut report = Report::default();
    report.time("a", || Ok("1 test".to_owned()));
    report.missing("b", "why");
    report.not_run("c", "reason");
    let path = std::env::temp_dir().join(format!("tireless-report-{}", std::process::id()));
    report.save(&path).unwrap();
    let mut read = Report::default();
    read.load(&path).unwrap();
    fs::remove_file(path).unwrap();
    let told = |report: &Report| -> Vec<_> {
        report.rows.iter().map(|row| (row.name.clone(), row.outcome, row.detail.clone())).collect()
    };
    assert_eq!(told(&read), told(&report));
}

#[test]
fn a_failure_of_several_lines_stands_whole_below_the_list() {
    let mut report = Report::default();
    report.missing("short", "one line");
    assert_eq!(report.failures().count(), 0);
    report.missing("faults", "see its table\nworker-kill fred: lost 1");
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures, ["\nfaults:\nsee its table\nworker-kill fred: lost 1\n"]);
}

#[test]
fn what_runs_together_is_listed_in_its_order_and_can_fail() {
    let (tell, told) = std::sync::mpsc::channel();
    let mut report = Report::default();
    type Work = Box<dyn FnOnce() -> Result<String> + Send>;
    let first: Work = Box::new(move || {
        told.recv_timeout(Duration::from_secs(60))?;
        anyhow::bail!("the second ran meanwhile")
    });
    let second: Work = Box::new(move || {
        tell.send(())?;
        Ok("1 test".to_owned())
    });
    report.time_together(vec![("first".to_owned(), first), ("second".to_owned(), second)]);
    let row = |row: &Row| (row.name.clone(), row.outcome, row.detail.clone());
    let rows: Vec<_> = report.rows.iter().map(row).collect();
    assert_eq!(rows[0], ("first".into(), Outcome::Failed, "the second ran meanwhile".into()));
    assert_eq!(rows[1], ("second".into(), Outcome::Passed, "1 test".into()));
}
