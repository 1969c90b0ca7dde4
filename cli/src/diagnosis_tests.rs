use tireless::broker::RoleRights;

use super::losses::losses_of;
use super::*;

fn good() -> Checkup {
    let mut facts = Checkup::default();
    facts.name = Fact::Known("redis 7.0.15".into());
    facts.memory = Fact::Known(MemoryLimit::new(Some(64), "noeviction".into(), false));
    facts.log = Fact::Known(true);
    facts.log_sync = Fact::Known(LogSync::Always);
    facts.snapshots = Fact::Known("3600 1".into());
    facts.is_replica = Fact::Known(false);
    facts.replicas = Fact::Known(2);
    facts.replicas_needed = Fact::Known(1);
    facts.replicas_within = Fact::Known(Duration::from_secs(10));
    let rights = UserRole::ALL.map(|role| RoleRights::new(role, Vec::new()));
    facts.rights = Fact::Known(rights.to_vec());
    facts.clock_ahead_ms = Fact::Known(-3);
    facts.round_trips = Fact::Known(vec![Duration::from_millis(1); 100]);
    facts
}

fn verdict(facts: &Checkup, what: &str, roles: &[UserRole]) -> Verdict {
    let found = findings_of(facts, roles).into_iter().find(|finding| finding.what == what).unwrap();
    // What is wrong comes with what to do.
    let wrong = matches!(found.verdict, Verdict::Warning | Verdict::Problem);
    assert_eq!(!found.advice.is_empty(), wrong, "{found:?}");
    found.verdict
}

#[test]
fn a_good_server_has_no_finding_but_ok() {
    for finding in findings_of(&good(), &UserRole::ALL) {
        assert_eq!((finding.verdict, finding.advice), (Verdict::Ok, ""), "{finding:?}");
    }
    let lost: Vec<_> = losses_of(&good()).into_iter().map(|loss| loss.lost).collect();
    assert!(lost[0].starts_with("nothing") && lost[1].starts_with("nothing"), "{lost:?}");
    assert!(lost[2].contains("10s"), "{lost:?}");
}

#[test]
fn a_replica_is_not_taken_for_a_primary_without_one() {
    let mut facts = good();
    facts.is_replica = Fact::Known(true);
    facts.replicas = Fact::Known(0);
    assert_eq!(verdict(&facts, "replication", &[]), Verdict::Problem);
    let lost = losses_of(&facts).pop().unwrap().lost;
    assert!(lost.contains("ask the primary") && !lost.contains("none"), "{lost}");
}

#[test]
fn what_is_not_told_is_never_ok() {
    let nothing = Checkup::default();
    for finding in findings_of(&nothing, &[]) {
        assert_eq!(finding.verdict, Verdict::Unknown, "{finding:?}");
        assert!(finding.found.contains("does not tell"), "{finding:?}");
    }
    assert!(losses_of(&nothing).iter().all(|loss| loss.lost.starts_with("unknown")));
    let mut facts = good();
    facts.log_sync = Fact::NotAllowed;
    facts.replicas_needed = Fact::NotAllowed;
    for what in ["persistence", "replication"] {
        assert_eq!(verdict(&facts, what, &[]), Verdict::Unknown);
    }
    assert!(losses_of(&facts)[1].lost.contains("not allowed to ask"));
}

#[test]
fn each_setting_that_loses_tasks_is_told() {
    type Change = fn(&mut Checkup);
    let cases: &[(&str, Verdict, Change)] = &[
        ("memory", Verdict::Problem, |facts| {
            facts.memory = Fact::Known(MemoryLimit::new(Some(64), "allkeys-lru".into(), true));
        }),
        ("memory", Verdict::Warning, |facts| {
            facts.memory = Fact::Known(MemoryLimit::new(None, "noeviction".into(), false));
        }),
        ("persistence", Verdict::Warning, |facts| facts.log = Fact::Known(false)),
        ("persistence", Verdict::Problem, |facts| {
            facts.log = Fact::Known(false);
            facts.snapshots = Fact::Known(String::new());
        }),
        ("persistence", Verdict::Warning, |facts| facts.log_sync = Fact::Known(LogSync::System)),
        ("persistence", Verdict::Ok, |facts| facts.log_sync = Fact::Known(LogSync::EverySecond)),
        ("replication", Verdict::Problem, |facts| facts.is_replica = Fact::Known(true)),
        ("replication", Verdict::Warning, |facts| facts.replicas_needed = Fact::Known(0)),
        ("replication", Verdict::Problem, |facts| facts.replicas = Fact::Known(0)),
        ("clock", Verdict::Warning, |facts| facts.clock_ahead_ms = Fact::Known(-60_000)),
        ("latency", Verdict::Warning, |facts| {
            facts.round_trips = Fact::Known(vec![Duration::from_millis(20); 3]);
        }),
    ];
    for (what, expected, change) in cases {
        let mut facts = good();
        change(&mut facts);
        assert_eq!(verdict(&facts, what, &[]), *expected, "{facts:?}");
    }
}

#[test]
fn a_user_needs_the_roles_that_were_named_or_any_one() {
    let mut facts = good();
    let lack = |role| RoleRights::new(role, vec!["hset".into()]);
    let mut rights = UserRole::ALL.map(lack).to_vec();
    facts.rights = Fact::Known(rights.clone());
    assert_eq!(verdict(&facts, "rights", &[]), Verdict::Problem);
    rights[1].missing.clear();
    facts.rights = Fact::Known(rights);
    assert_eq!(verdict(&facts, "rights", &[]), Verdict::Ok);
    assert_eq!(verdict(&facts, "rights", &[UserRole::Producer]), Verdict::Ok);
    let both = [UserRole::Producer, UserRole::Worker];
    assert_eq!(verdict(&facts, "rights", &both), Verdict::Problem);
}

#[test]
fn without_a_log_all_since_the_last_snapshot_is_lost() {
    let mut facts = good();
    facts.log = Fact::Known(false);
    assert!(losses_of(&facts)[0].lost.contains("3600 1"));
    facts.snapshots = Fact::Known(String::new());
    assert!(losses_of(&facts)[..2].iter().all(|loss| loss.lost == "everything"));
}

#[test]
fn what_servers_agree_on_is_told_once() {
    let of = |place: &str| {
        let mut facts = good();
        facts.place = Some(place.to_owned());
        facts
    };
    let (one, mut two) = (of("one:1"), of("two:2"));
    two.memory = Fact::Known(MemoryLimit::new(Some(64), "allkeys-lru".into(), true));
    two.log = Fact::Known(false);
    let servers = [one, two, of("three:3")];
    let found = findings(&servers, &[]);
    let told = |what| {
        let of_it = found.iter().filter(|finding| finding.what == what);
        of_it.map(|finding| (finding.verdict, finding.servers.join(" "))).collect::<Vec<_>>()
    };
    assert_eq!(told("server"), [(Verdict::Ok, String::new())]);
    let (well, bad) = ("one:1 three:3".to_owned(), "two:2".to_owned());
    assert_eq!(told("memory"), [(Verdict::Ok, well), (Verdict::Problem, bad.clone())]);
    let lost = losses(&servers);
    assert!(
        lost.iter().any(|loss| loss.servers == [bad.clone()] && loss.lost.contains("snapshot"))
    );
    assert!(lost.iter().any(|loss| loss.when.contains("replica") && loss.servers.is_empty()));
}
