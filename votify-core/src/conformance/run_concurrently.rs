use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Runs each future in a task of its own, starts all of them at the same time, and returns
/// their results in order.
pub(crate) async fn run_concurrently<T, F>(tasks: Vec<F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(tasks.len()));
    let mut running = JoinSet::new();
    for (index, task) in tasks.into_iter().enumerate() {
        let start = Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            (index, task.await)
        });
    }
    let mut results = running.join_all().await;
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
