//! How loom explores a model.

use loom::model::Builder;

/// Runs `model` in every order in which its threads may meet, with at most so many preemptions: two or three find almost
/// everything, say loom's authors. The numbers leave each file below half a minute.
pub fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
