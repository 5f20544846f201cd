//! How a thread that runs no tasks waits for its turn: it parks on a word of its own, and whoever serves it unparks it.

use std::time::{Duration, Instant};

use crate::futex;
use crate::primitive::{Arc, AtomicU32, Ordering};

/// Nobody sleeps, and there is nothing to wake up for.
const EMPTY: u32 = 0;
/// The thread sleeps, or is about to.
const PARKED: u32 = 1;
/// Unparked since the last time that the thread looked.
const NOTIFIED: u32 = 2;

/// One thread's bed. The clones are what others unpark it by: one of them stands in the line of a mutex or a condition.
///
/// An [`unpark`](Parker::unpark) that comes before its [`park`](Parker::park) is remembered, once; what was written before
/// it is seen after that `park`. The states are those of std's `Parker`.
///
/// ```
/// use std::time::Duration;
/// use miou_core::parker::Parker;
///
/// let parker = Parker::default();
/// parker.clone().unpark();
/// assert!(parker.park(None));
/// assert!(!parker.park(Some(Duration::from_millis(1))));
/// ```
#[derive(Clone, Debug)]
pub struct Parker {
    word: Arc<AtomicU32>,
}

impl Default for Parker {
    fn default() -> Self {
        Self {
            word: Arc::new(AtomicU32::new(EMPTY)),
        }
    }
}

impl Parker {
    /// Sleeps until it is unparked, or for as long as `timeout` says. Returns whether it was unparked. One thread at a
    /// time parks.
    #[must_use]
    pub fn park(&self, timeout: Option<Duration>) -> bool {
        if self
            .word
            .compare_exchange(EMPTY, PARKED, Ordering::Acquire, Ordering::Acquire)
            .is_ok()
        {
            let deadline = timeout.and_then(|time| Instant::now().checked_add(time));
            loop {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                let woken = futex::wait(&self.word, PARKED, left);
                if woken == futex::Woken::TimedOut || self.word.load(Ordering::Relaxed) == NOTIFIED {
                    break;
                }
            }
        }
        // Also where the time was up: an unpark may have come since, and counts.
        self.word.swap(EMPTY, Ordering::Acquire) == NOTIFIED
    }

    /// Wakes the thread, or keeps its next [`park`](Parker::park) from sleeping. A system call only where it sleeps.
    pub fn unpark(&self) {
        if self.word.swap(NOTIFIED, Ordering::Release) == PARKED {
            futex::wake(&self.word, 1);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_unpark_is_remembered_once() {
        let parker = Parker::default();
        parker.unpark();
        parker.unpark();
        assert!(parker.park(Some(Duration::ZERO)));
        assert!(!parker.park(Some(Duration::ZERO)));
    }

    #[test]
    fn a_park_ends_when_its_time_is_up() {
        let before = Instant::now();
        assert!(!Parker::default().park(Some(Duration::from_millis(20))));
        assert!(before.elapsed() >= Duration::from_millis(20));
    }
}
