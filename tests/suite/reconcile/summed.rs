//! The minute's look at the numbers: what is held is summed without reading it, and not without a bound.

/// Tests that count a server's commands.
mod own_server {
    use redis::Value;
    use tireless_core::{Mended, Reconcile};
    use tireless_testkit::Harness;
    use tireless_testkit::fixtures::{Actor, Bench};
    use tireless_tests::{OwnServer, Raw, RedisRs, key_of};

    /// A queue of which one worker holds this many tasks, in claims of a thousand, and a search of which
    /// has left its numbers.
    async fn held_by_one<'h>(own: &'h OwnServer<RedisRs>, count: usize) -> (Bench<'h>, Actor, Raw) {
        let bench = Bench::new(own);
        let worker = bench.worker();
        bench.push(count).await;
        for first in (0..count).step_by(1_000) {
            let share = 1_000.min(count - first);
            assert_eq!(worker.claim(share).await.len(), share);
        }
        assert_eq!(search(&bench).await, Mended::default());
        // The first tick only notes the time.
        let permission = bench.permission().await;
        assert_eq!(bench.tick_with(Some(permission)).await.mended, Mended::default());
        (bench, worker, Raw::connect(&own.server.url()).await)
    }

    async fn search(bench: &Bench<'_>) -> Mended {
        let (mut mended, mut step) = (Mended::default(), Reconcile::BEGIN);
        loop {
            let answer = bench.broker.reconcile(&bench.queue, &step).await.expect("a step");
            mended.add(&answer.mended);
            step.begin = false;
            if !answer.more {
                return mended;
            }
        }
    }

    fn key(own: &OwnServer<RedisRs>, bench: &Bench<'_>, part: &str) -> String {
        key_of(&own.settings.namespace, &bench.queue, part)
    }

    /// A tick that looks at the numbers: what it mended, and how often it called these commands.
    async fn look<const N: usize>(
        own: &OwnServer<RedisRs>,
        (bench, raw): (&Bench<'_>, &mut Raw),
        commands: [&str; N],
    ) -> (Mended, [u64; N]) {
        let permission = bench.permission().await;
        let queue = key(own, bench, "queue");
        raw.command(&[b"HSET", queue.as_bytes(), b"checked", b"1"]).await;
        raw.command(&[b"CONFIG", b"RESETSTAT"]).await;
        let mended = bench.tick_with(Some(permission)).await.mended;
        let Value::BulkString(info) = raw.command(&[b"INFO", b"commandstats"]).await else {
            panic!("INFO is a text");
        };
        let info = String::from_utf8(info).expect("a text");
        let calls = commands.map(|command| {
            let line = info.lines().find_map(|line| {
                line.strip_prefix(&format!("cmdstat_{command}:calls="))?.split(',').next()
            });
            line.map_or(0, |calls| calls.parse().expect("a number"))
        });
        (mended, calls)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_look_at_the_numbers_reads_no_claimed_id() {
        let own = OwnServer::<RedisRs>::fresh().await;
        let (bench, worker, mut raw) = held_by_one(&own, 3_500).await;
        let (mended, calls) = look(&own, (&bench, &mut raw), ["hgetall", "hstrlen"]).await;
        // The one hash that is read whole says where a search is.
        assert_eq!((mended, calls), (Mended::default(), [1, 4]));
        // Of a damaged claim what is left at the end is no id, and what is no claim counts for nothing.
        let running = key(&own, &bench, &format!("running:{}", worker.id));
        let claim = raw.command(&[b"HGET", running.as_bytes(), b"1"]).await;
        let Value::BulkString(mut claim) = claim else { panic!("a claim") };
        claim.extend(b"fifteen bytes..");
        let odd = &[7; 48][..];
        raw.command(&[b"HSET", running.as_bytes(), b"1", &claim, b"odd", odd, b"01", odd]).await;
        let (mended, calls) = look(&own, (&bench, &mut raw), ["hgetall", "hstrlen"]).await;
        assert_eq!((mended, calls), (Mended::default(), [1, 4]));
        // An id more is seen, wherever it stands. Of a worker that holds so much a search does not read all,
        // so what is odd in a claim may stay.
        raw.command(&[b"HSET", running.as_bytes(), b"9", &claim[..16]]).await;
        let mut doubled = 0;
        // A search has steps, more of them where the machine is busy.
        for _ in 0..100 {
            doubled += look(&own, (&bench, &mut raw), []).await.0.doubled;
            if doubled > 0 {
                break;
            }
        }
        assert_eq!(doubled, 1);
        bench.holds("running 3500").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn more_claims_than_a_step_may_sum_are_left_to_the_daily_search() {
        const CLAIMS: usize = 10_001;
        let own = OwnServer::<RedisRs>::fresh().await;
        let (bench, worker, mut raw) = held_by_one(&own, CLAIMS).await;
        let running = key(&own, &bench, &format!("running:{}", worker.id));
        let mut ids = Vec::new();
        for claim in 1..=CLAIMS.div_ceil(1_000) {
            let claim = claim.to_string();
            let value = raw.command(&[b"HGET", running.as_bytes(), claim.as_bytes()]).await;
            let Value::BulkString(joined) = value else { panic!("a claim") };
            ids.extend(joined.chunks(16).map(<[u8]>::to_vec));
        }
        for (at, id) in ids.iter().enumerate() {
            let claim = (at + 1).to_string();
            raw.command(&[b"HSET", running.as_bytes(), claim.as_bytes(), id]).await;
        }
        let (mended, calls) = look(&own, (&bench, &mut raw), ["hgetall", "hstrlen"]).await;
        assert_eq!((mended, calls), (Mended::default(), [1, 0]));
        // Such a search mends as ever, and does not make the next look begin another.
        bench.push(2).await;
        let [ready, queue] = ["ready", "queue"].map(|part| key(&own, &bench, part));
        raw.command(&[b"LPOP", ready.as_bytes()]).await;
        raw.command(&[b"HSET", queue.as_bytes(), b"searched", b"1"]).await;
        let (mut lost, mut looks) = (0, 0);
        while looks == 0
            || raw.command(&[b"HEXISTS", queue.as_bytes(), b"searching"]).await == Value::Int(1)
        {
            lost += look(&own, (&bench, &mut raw), []).await.0.lost;
            looks += 1;
        }
        assert_eq!(lost, 1);
        let (mended, calls) = look(&own, (&bench, &mut raw), ["hgetall", "hstrlen"]).await;
        assert_eq!((mended, calls), (Mended::default(), [1, 0]));
        bench.holds("ready 2, running 10001").await;
    }
}
