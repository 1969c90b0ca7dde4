use super::*;

#[test]
fn pauses_grow_up_to_a_second_and_vary() {
    for failures in 1..100 {
        let longest = (20 * 2_u64.pow(failures.min(7) - 1)).min(1_000);
        for _ in 0..50 {
            let pause = pause(failures).as_millis() as u64;
            assert!((longest / 2..=longest).contains(&pause), "{failures}: {pause} ms");
        }
    }
    let first = pause(50);
    assert!((0..100).any(|_| pause(50) != first));
}
