use super::*;

#[test]
fn a_part_is_within_its_bounds_however_long_the_whole_is() {
    for whole in [Duration::ZERO, Duration::from_secs(5), Duration::MAX] {
        for _ in 0..100 {
            let part = between(whole, 75, 90);
            assert!(part >= whole / 100 * 75 && part <= whole / 10 * 9, "{part:?} of {whole:?}");
        }
    }
}

#[test]
fn pauses_double_up_to_their_cap_whatever_that_is() {
    let first = Duration::from_millis(50);
    for (failures, whole) in [(1, first), (2, 2 * first), (4, 8 * first)] {
        let pause = backoff(failures, first, Duration::MAX);
        assert!(pause >= whole / 2 && pause <= whole, "{pause:?} after {failures}");
    }
    assert!(backoff(u32::MAX, Duration::MAX, Duration::MAX) >= Duration::MAX / 100 * 50);
}
