//! What an operator does.

use tireless_core::{Removed, Selection, State, limits};

use super::Play;
use crate::property::model::Place;

impl Play<'_> {
    pub(super) async fn requeue_all(&mut self, dead: bool) {
        let state = if dead { State::Dead } else { State::Failed };
        let meant = |place: Place| match place {
            Place::Dead => dead,
            Place::Failed { .. } => !dead,
            _ => false,
        };
        let ids = self.model.all(meant);
        let expected = self.model.requeue(&ids);
        let selection = Selection::Oldest { state, limit: limits::TASKS_PER_CALL };
        let answer = self.bench.broker.requeue(&self.bench.queue, &selection).await;
        let answer = answer.unwrap_or_else(|error| panic!("requeue: {error}"));
        assert_eq!((answer.moved, answer.more), (expected, false), "requeue");
    }

    pub(super) async fn requeue_one(&mut self, number: u8) {
        let Some(id) = self.model.living(number) else { return };
        let expected = self.model.requeue(&[id]);
        let selection = Selection::Ids(vec![id]);
        let answer = self.bench.broker.requeue(&self.bench.queue, &selection).await;
        let answer = answer.unwrap_or_else(|error| panic!("requeue: {error}"));
        assert_eq!(answer.moved, expected, "requeue of {id}");
    }

    pub(super) async fn remove(&mut self, number: u8) {
        let known = &self.model.known;
        let Some(id) = known.get(usize::from(number) % known.len().max(1)).copied() else { return };
        let expected = match self.model.tasks[&id].place {
            Place::Running => Removed::Running,
            Place::Gone => Removed::Missing,
            _ => {
                self.model.erase(id);
                Removed::Removed
            }
        };
        let answer = self.bench.broker.remove(&self.bench.queue, &[id]).await;
        assert_eq!(answer.ok(), Some(vec![expected]), "remove {id}");
    }

    pub(super) async fn purge(&mut self, number: u8) {
        let state = match number {
            0 => State::Ready,
            1 => State::Scheduled,
            2 => State::Failed,
            3 => State::Dead,
            _ => State::Done,
        };
        let ids = self.model.all(|place| {
            matches!(
                (place, state),
                (Place::Ready, State::Ready)
                    | (Place::Scheduled { .. }, State::Scheduled)
                    | (Place::Failed { .. }, State::Failed)
                    | (Place::Dead, State::Dead)
                    | (Place::Kept, State::Done)
            )
        });
        ids.iter().for_each(|id| self.model.erase(*id));
        let limit = limits::TASKS_PER_CALL;
        let answer = self.bench.broker.purge(&self.bench.queue, state, limit).await;
        let answer = answer.unwrap_or_else(|error| panic!("purge: {error}"));
        assert_eq!((answer.removed, answer.more), (ids.len() as u64, false), "purge {state}");
    }

    pub(super) async fn pause(&mut self, pause: bool) {
        self.model.paused = pause;
        let (broker, queue) = (&self.bench.broker, &self.bench.queue);
        let answer = if pause { broker.pause(queue).await } else { broker.resume(queue).await };
        answer.unwrap_or_else(|error| panic!("pause {pause}: {error}"));
    }
}
