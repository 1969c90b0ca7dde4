//! A broker that takes what is healthy for damage.

use tireless_core::{QueueName, Reconcile, Reconciled, Result, Selection, State};

use super::broken;

broken! {
    /// B17: takes what waits for its next attempt for lost, and makes it ready.
    MendsWhatIsHealthy {
        async fn reconcile(&self, queue: &QueueName, step: &Reconcile) -> Result<Reconciled> {
            let mut answer = self.inner.reconcile(queue, step).await?;
            let failed = Selection::Oldest { state: State::Failed, limit: 1 };
            answer.mended.lost += self.inner.requeue(queue, &failed).await?.moved;
            Ok(answer)
        }
    }
}
