use super::*;

fn template(role: UserRole) -> &'static str {
    match role {
        UserRole::Worker => include_str!("../../docs/acl/worker.acl"),
        UserRole::Producer => include_str!("../../docs/acl/producer.acl"),
        UserRole::Viewer => include_str!("../../docs/acl/viewer.acl"),
        _ => include_str!("../../docs/acl/operator.acl"),
    }
}

/// What a connection sends at its start, and what tells whether the server evicts.
const ENTRY: [&str; 5] = ["client|setname", "hello", "info", "ping", "select"];

#[test]
fn the_templates_grant_what_the_roles_need_and_nothing_else() {
    for role in UserRole::ALL {
        let mut rights: BTreeSet<String> = needed(role).iter().map(|line| right(line)).collect();
        rights.extend(ENTRY.map(str::to_owned));
        // For the checkup.
        rights.insert("time".to_owned());
        let granted: Vec<String> = rights.iter().map(|name| format!("+{name}")).collect();
        let expected = format!(
            "user tireless-{} on >CHANGE-ME resetkeys ~tireless:* resetchannels -@all {}\n",
            role.as_str(),
            granted.join(" ")
        );
        assert_eq!(template(role), expected, "docs/acl/{}.acl", role.as_str());
    }
}

#[test]
fn scripts_tell_the_commands_they_send() {
    let commands = s::QUEUES.commands();
    assert_eq!(commands, ["ZCARD", "ZRANGE"]);
    // By way of a helper.
    assert!(s::RECLAIM.commands().contains(&"HDEL"));
    let worker = needed(UserRole::Worker);
    for line in ["TIME", "ZPOPMIN @", "SSCAN @", "BLPOP @ 1", "EVALSHA 0 1 @"] {
        assert!(worker.contains(line), "{line}");
    }
    let viewer = needed(UserRole::Viewer);
    let writes = ["HSET @", "LPUSH @", "ZADD @", "DEL @", "HDEL @", "RPOP @"];
    assert!(writes.iter().all(|line| !viewer.contains(*line)));
}
