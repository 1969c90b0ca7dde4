use super::*;

#[test]
fn pauses_grow_up_to_the_longest_and_vary() {
    for most in [1_000, 250] {
        let most_time = Duration::from_millis(most);
        for failures in 1..100 {
            let longest = (20 * 2_u64.pow(failures.min(7) - 1)).min(most);
            for _ in 0..50 {
                let pause = pause(failures, most_time).as_millis() as u64;
                assert!((longest / 2..=longest).contains(&pause), "{failures}: {pause} ms");
            }
        }
        let first = pause(50, most_time);
        assert!((0..100).any(|_| pause(50, most_time) != first));
    }
}

/// B16: a worker is back before others may take back what it holds, half a beat after the server is.
#[test]
fn no_pause_is_as_long_as_half_a_beat() {
    for lease in [200, 500, 2_000, 15_000, 300_000].map(Duration::from_millis) {
        assert!(longest_pause(lease) < lease / 3 / 2, "{lease:?}");
    }
    assert_eq!(longest_pause(Duration::from_secs(15)), LONGEST_PAUSE);
}
