//! The steps of a sequence. Numbers that name a worker, a task or a call are counted round.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

/// How many own ids there are.
pub(super) const OWN_IDS: u8 = 3;

/// How long something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delay {
    /// Not at all.
    None,
    /// A moment, which is over when the step is.
    Moment,
    /// Longer than the sequence lasts.
    Long,
}

/// How a call is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Once.
    Once,
    /// Twice: the first reply was lost.
    Twice,
    /// Its future was dropped after so many polls; then it is sent again.
    Dropped(u8),
}

/// One task of a push.
#[derive(Clone, Copy, Debug)]
pub(super) struct PushOne {
    /// When it falls due.
    pub(super) delay: Delay,
    /// Its own id, of a few.
    pub(super) own: Option<u8>,
    /// Whether it bears the id of a task that lives.
    pub(super) living: Option<u8>,
}

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ack,
    Keep,
    Fail { delay: Delay, front: bool },
    Release { delay: Delay, front: bool },
    Unknown,
    Bury,
    Snooze { delay: Delay },
}

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A producer pushes a batch.
    Push(Vec<PushOne>, Sent),
    /// A copy of an earlier push arrives.
    LatePush(u8),
    /// A worker claims; a mortal one is dead right after.
    Claim { worker: u8, max: u8, alone: bool, mortal: bool, sent: Sent },
    /// A copy of an earlier claim arrives.
    LateClaim { worker: u8, back: u8 },
    /// A worker settles some of what it holds.
    Settle { worker: u8, picks: Vec<(u8, Verdict)>, sent: Sent },
    /// A worker settles what it does not hold.
    Foreign { worker: u8, task: u8, verdict: Verdict },
    /// A copy of an earlier settle arrives.
    LateSettle { worker: u8, back: u8 },
    /// A worker beats, and names the claims whose bit is set.
    Renew { worker: u8, named: u8, sent: Sent },
    /// A worker leaves.
    Leave(u8),
    /// The requeue scheduler ticks, with or without permission.
    Tick { reclaim: bool },
    /// A moment passes.
    Pass,
    /// An operator requeues all the failed, or all the dead.
    RequeueAll { dead: bool },
    /// An operator requeues one task.
    RequeueOne(u8),
    /// An operator removes a task.
    Remove(u8),
    /// An operator purges a state, of ready, scheduled, failed, dead and done.
    Purge(u8),
    /// An operator pauses the queue, or ends the pause.
    Pause(bool),
}

fn delay() -> impl Strategy<Value = Delay> {
    prop_oneof![4 => Just(Delay::None), 1 => Just(Delay::Moment), 1 => Just(Delay::Long)]
}

fn later() -> impl Strategy<Value = Delay> {
    prop_oneof![Just(Delay::Moment), Just(Delay::Long)]
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        6 => Just(Sent::Once),
        2 => Just(Sent::Twice),
        2 => (0u8..4).prop_map(Sent::Dropped),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Ack),
        1 => Just(Verdict::Keep),
        2 => (later(), any::<bool>()).prop_map(|(delay, front)| Verdict::Fail { delay, front }),
        2 => (delay(), any::<bool>()).prop_map(|(delay, front)| Verdict::Release { delay, front }),
        1 => Just(Verdict::Unknown),
        1 => Just(Verdict::Bury),
        1 => later().prop_map(|delay| Verdict::Snooze { delay }),
    ]
}

fn push_one() -> impl Strategy<Value = PushOne> {
    let own = proptest::option::weighted(0.2, 0u8..OWN_IDS);
    let living = proptest::option::weighted(0.1, any::<u8>());
    (delay(), own, living).prop_map(|(delay, own, living)| PushOne { delay, own, living })
}

fn worker() -> std::ops::Range<u8> {
    0..3
}

/// Any step.
pub(super) fn any_step() -> BoxedStrategy<Step> {
    let claim = (worker(), 0u8..5, any::<bool>(), proptest::bool::weighted(0.3), sent());
    let picks = proptest::collection::vec((any::<u8>(), verdict()), 1..5);
    let foreign = (worker(), any::<u8>(), verdict());
    let work = prop_oneof![
        4 => (proptest::collection::vec(push_one(), 1..5), sent())
            .prop_map(|(tasks, sent)| Step::Push(tasks, sent)),
        6 => claim.prop_map(|(worker, max, alone, mortal, sent)| {
            Step::Claim { worker, max, alone, mortal, sent }
        }),
        6 => (worker(), picks, sent())
            .prop_map(|(worker, picks, sent)| Step::Settle { worker, picks, sent }),
        2 => (worker(), any::<u8>(), sent())
            .prop_map(|(worker, named, sent)| Step::Renew { worker, named, sent }),
        3 => any::<bool>().prop_map(|reclaim| Step::Tick { reclaim }),
    ];
    let trouble = prop_oneof![
        (0u8..8).prop_map(Step::LatePush),
        (worker(), 0u8..4).prop_map(|(worker, back)| Step::LateClaim { worker, back }),
        (worker(), 0u8..4).prop_map(|(worker, back)| Step::LateSettle { worker, back }),
        foreign.prop_map(|(worker, task, verdict)| Step::Foreign { worker, task, verdict }),
        worker().prop_map(Step::Leave),
        Just(Step::Pass),
    ];
    let operator = prop_oneof![
        any::<bool>().prop_map(|dead| Step::RequeueAll { dead }),
        any::<u8>().prop_map(Step::RequeueOne),
        any::<u8>().prop_map(Step::Remove),
        (0u8..5).prop_map(Step::Purge),
        proptest::bool::weighted(0.3).prop_map(Step::Pause),
    ];
    prop_oneof![7 => work, 2 => trouble, 1 => operator].boxed()
}
