//! A condition: tasks that have let go of a mutex and wait for news.
//!
//! The lock of the condition is taken before that of a mutex's line, never after it. So a wait joins the condition and
//! unlocks the mutex in one step, and a signal moves the oldest waiter from the condition to the mutex's line in one step:
//! to everybody else a waiter stands in exactly one of the two, and a cancel that looks first here and then there finds it.

use crate::line::Line;
use crate::primitive::{Mutex, lock};

/// Who waits on one condition, oldest first. Signals are not stored: with nobody there they are lost.
///
/// `W` is whatever the caller needs in order to go on with a waiter; it is never dropped under the condition's lock.
///
/// ```
/// use std::sync::atomic::AtomicU32;
/// use miou_core::{condition::WaitQueue, mutex::{Lock, LockQueue}};
///
/// let (word, mutex, condition) = (AtomicU32::new(2), LockQueue::new(), WaitQueue::new());
/// // Task 2, which holds the mutex, waits; 4 takes the mutex and signals.
/// assert_eq!(condition.wait(2, "task", || mutex.unlock(&word, 2)), Ok(None));
/// assert!(mutex.try_lock(&word, 4));
/// assert_eq!(condition.requeue(|id, waiter| mutex.lock(&word, id, waiter)), Some(Lock::Queued));
/// assert_eq!(mutex.unlock(&word, 4), Ok(Some("task")));
/// ```
#[derive(Debug)]
pub struct WaitQueue<W> {
    line: Mutex<Line<W>>,
}

impl<W> Default for WaitQueue<W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<W> WaitQueue<W> {
    /// A condition that nobody waits on.
    #[must_use]
    pub fn new() -> Self {
        Self {
            line: Mutex::new(Line::new()),
        }
    }

    /// Joins the line, once `release` has let go of the mutex: no signal can come between the two. Returns what `release`
    /// does. It runs under the condition's lock and must do nothing but unlock.
    ///
    /// # Errors
    /// Those of `release`; the waiter has not joined the line then.
    pub fn wait<R, E>(&self, id: u32, waiter: W, release: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
        let mut line = lock(&self.line);
        // The closure's `?` drops the waiter; the arguments outlive the guard, so that happens without the lock.
        let released = release()?;
        line.push(id, waiter);
        Ok(released)
    }

    /// Takes the oldest waiter out, for the caller to go on with.
    pub fn signal(&self) -> Option<W> {
        self.requeue(|_, waiter| waiter)
    }

    /// Takes all waiters out, oldest first.
    pub fn broadcast(&self) -> Vec<W> {
        self.requeue_all(|_, waiter| waiter)
    }

    /// Signals: has the oldest waiter lock its mutex again, by `relock`, and returns what that says. It runs under the
    /// condition's lock and must do nothing but lock (or join the line of) the mutex that the waiter has let go of. The
    /// waiter is to be woken where it holds the mutex at once; otherwise an unlock will return it.
    pub fn requeue<R>(&self, relock: impl FnOnce(u32, W) -> R) -> Option<R> {
        let mut line = lock(&self.line);
        line.pop().map(|(id, waiter)| relock(id, waiter))
    }

    /// Broadcasts: as [`WaitQueue::requeue`], for everybody who waits now, oldest first.
    pub fn requeue_all<R>(&self, mut relock: impl FnMut(u32, W) -> R) -> Vec<R> {
        let mut line = lock(&self.line);
        std::iter::from_fn(|| line.pop())
            .map(|(id, waiter)| relock(id, waiter))
            .collect()
    }

    /// Gives up waiting. `None`: it was signaled before, and stands in its mutex's line or holds the mutex.
    pub fn cancel(&self, id: u32) -> Option<W> {
        lock(&self.line).remove(id)
    }

    /// A domain has died: the waiters whose id is `dead` leave the line. Only looks at ids.
    pub fn abandon(&self, dead: impl Fn(u32) -> bool) {
        let mut line = lock(&self.line);
        let gone = line.extract(dead);
        drop(line);
        drop(gone);
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.line).len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::mutex::{Cancel, FREE, Lock, LockQueue, Unlock};
    use crate::primitive::AtomicU32;

    fn three() -> WaitQueue<u32> {
        let condition = WaitQueue::new();
        for id in [2, 4, 6] {
            assert_eq!(condition.wait(id, id, || Ok::<(), ()>(())), Ok(()));
        }
        condition
    }

    #[test]
    fn a_signal_takes_the_oldest_and_a_broadcast_all_in_order() {
        let condition = three();
        assert_eq!(condition.signal(), Some(2));
        assert_eq!(condition.broadcast(), [4, 6]);
        assert_eq!((condition.signal(), condition.broadcast()), (None, vec![]));
    }

    #[test]
    fn a_wait_without_the_mutex_leaves_nobody_in_line() {
        let (word, mutex, condition) = (AtomicU32::new(FREE), LockQueue::<u32>::new(), WaitQueue::new());
        assert_eq!(condition.wait(2, 2, || mutex.unlock(&word, 2)), Err(Unlock::NotLocked));
        assert!(condition.is_empty());
    }

    #[test]
    fn a_waiter_that_gives_up_takes_no_signal() {
        let condition = three();
        assert_eq!(condition.cancel(2), Some(2));
        assert_eq!(condition.cancel(2), None);
        assert_eq!(condition.signal(), Some(4));
    }

    #[test]
    fn the_waiters_of_a_dead_domain_take_no_signal() {
        let condition = three();
        condition.abandon(|id| id != 6);
        assert_eq!(condition.broadcast(), [6]);
    }

    #[test]
    fn signaled_waiters_line_up_at_the_mutex_and_can_leave_that_line() {
        let (word, mutex, condition) = (AtomicU32::new(8), LockQueue::new(), three());
        let moved = condition.requeue_all(|id, waiter| mutex.lock(&word, id, waiter));
        assert_eq!(moved, [Lock::Queued, Lock::Queued, Lock::Queued]);
        assert_eq!(
            (condition.cancel(2), mutex.cancel(&word, 2)),
            (None, Cancel::Removed(2))
        );
        assert_eq!(mutex.unlock(&word, 8), Ok(Some(4)));
    }
}
