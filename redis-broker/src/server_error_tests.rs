use super::*;

#[test]
fn a_replica_is_told_from_a_server_that_is_busy() {
    for text in [
        "READONLY You can't write against a read only replica.",
        "ERR Error running script: -READONLY You can't write against a read only replica.",
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0",
    ] {
        let error = from_server(Operation::Push, text);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::None));
        let told = error.to_string();
        for part in ["is a replica", "name the primary in the URL", "failover", text] {
            assert!(told.contains(part), "{told}");
        }
    }
    let busy = from_server(Operation::Push, "LOADING Redis is loading the dataset in memory");
    assert!(busy.is_retryable() && !busy.to_string().contains("replica"), "{busy}");
}
