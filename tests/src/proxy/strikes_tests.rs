use std::collections::BTreeMap;

use super::{Odds, Strike, Strikes};

#[test]
fn a_plan_strikes_its_kind_in_order() {
    let strikes = Strikes::default();
    strikes.nth("push", 1, Strike::Hole);
    strikes.next("claim", Strike::CutBefore);
    strikes.next("claim", Strike::Skip);
    let came = ["push", "ack", "claim", "claim", "push", "push", "claim"];
    let struck: Vec<_> = came.iter().map(|kind| strikes.on(kind)).collect();
    let (hole, before, skip) = (Some(Strike::Hole), Some(Strike::CutBefore), Some(Strike::Skip));
    assert_eq!(struck, [None, None, before, skip, hole, None, None]);
    assert_eq!(
        strikes.seen(),
        BTreeMap::from(
            [("push", 3), ("ack", 1), ("claim", 3)].map(|(kind, count)| (kind.to_owned(), count))
        )
    );
    assert_eq!(strikes.struck()["claim"], BTreeMap::from([("cut before", 1), ("skip", 1)]));
}

fn odds() -> Odds {
    Odds {
        seed: 7,
        per_mille: 100,
        of_kind: BTreeMap::from([("ping".to_owned(), 0)]),
        most: 30,
        menu: vec![Strike::Hole, Strike::Cut(0), Strike::Repeat],
    }
}

#[test]
fn chance_keeps_its_odds_and_its_menu() {
    let strikes = Strikes::default();
    strikes.at_random(odds());
    let first_30 = (1..).filter(|_| strikes.on("push").is_some()).nth(29);
    assert!((150..600).contains(&first_30.unwrap()), "{first_30:?}");
    assert_eq!((0..1_000).filter(|_| strikes.on("push").is_some()).count(), 0, "enough");
    assert_eq!((0..1_000).filter(|_| strikes.on("ping").is_some()).count(), 0, "never");
    let of = BTreeMap::from([("cut", 10), ("hole", 10), ("repeat", 10)]);
    assert_eq!(strikes.struck()["push"], of);
    strikes.clear();
    assert_eq!((0..1_000).filter(|_| strikes.on("ack").is_some()).count(), 0, "cleared");
}

#[test]
fn the_same_seed_strikes_the_same() {
    let run = || {
        let strikes = Strikes::default();
        strikes.at_random(odds());
        (0..500).map(|_| strikes.on("push")).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
