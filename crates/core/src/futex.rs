//! Sleeping on a word of memory: the seam behind which a thread that runs no tasks waits.
//!
//! Linux has the system call. Elsewhere, and under loom, [`parking`] stands in for it: Apple's `__ulock` is not a public
//! interface (its public successor needs macOS 14.4), the crate `atomic-wait`, which would cover FreeBSD too, knows no
//! timeout, and what waits here is rare enough for a lock and a condition variable to do.

use std::time::Duration;

use crate::primitive::AtomicU32;

#[cfg(any(loom, test, not(any(target_os = "linux", target_os = "android"))))]
mod parking;
#[cfg(all(not(loom), any(target_os = "linux", target_os = "android")))]
mod system;

#[cfg(any(loom, not(any(target_os = "linux", target_os = "android"))))]
use parking as imp;
#[cfg(all(not(loom), any(target_os = "linux", target_os = "android")))]
use system as imp;

/// Why [`wait`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// By a wake, or by chance: the caller looks at its word again.
    Notified,
    /// It did not sleep: the word no longer had the expected value.
    Changed,
    /// The time was up.
    TimedOut,
}

/// Sleeps while `word` is `expected`, until a [`wake`] or for as long as `timeout` says. Comparing and falling asleep are
/// one step to every [`wake`] of the word: one that follows a change of the word is never missed.
///
/// ```
/// use std::{sync::atomic::AtomicU32, time::Duration};
/// use miou_core::futex::{Woken, wait};
///
/// let word = AtomicU32::new(1);
/// assert_eq!(wait(&word, 0, None), Woken::Changed);
/// assert_eq!(wait(&word, 1, Some(Duration::from_millis(1))), Woken::TimedOut);
/// ```
pub fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Woken {
    imp::wait(word, expected, timeout)
}

/// Wakes at least `count` of the threads that sleep on `word`, or all where there are fewer. The word must have been
/// changed before.
pub fn wake(word: &AtomicU32, count: u32) {
    imp::wake(word, count);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::primitive::{Arc, Ordering, thread};

    type Wait = fn(&AtomicU32, u32, Option<Duration>) -> Woken;
    type Wake = fn(&AtomicU32, u32);

    /// What this machine uses, and what stands in for it elsewhere.
    const BOTH: [(Wait, Wake); 2] = [(wait, wake), (parking::wait, parking::wake)];

    #[test]
    fn a_word_that_has_changed_is_not_slept_on() {
        for (wait, _) in BOTH {
            assert_eq!(wait(&AtomicU32::new(1), 0, None), Woken::Changed);
        }
    }

    #[test]
    fn a_sleep_ends_when_its_time_is_up() {
        for (wait, _) in BOTH {
            let word = AtomicU32::new(0);
            let before = std::time::Instant::now();
            while wait(&word, 0, Some(Duration::from_millis(20))) != Woken::TimedOut {}
            assert!(before.elapsed() >= Duration::from_millis(20));
        }
    }

    #[test]
    fn a_time_that_does_not_fit_the_clock_is_as_none() {
        for (wait, wake) in BOTH {
            let word = Arc::new(AtomicU32::new(0));
            let sleeper = {
                let word = Arc::clone(&word);
                thread::spawn(move || while wait(&word, 0, Some(Duration::MAX)) != Woken::Changed {})
            };
            word.store(1, Ordering::SeqCst);
            wake(&word, u32::MAX);
            sleeper.join().unwrap();
        }
    }

    #[test]
    fn wake_ends_the_sleep_of_all_that_it_counts() {
        for (wait, wake) in BOTH {
            let word = Arc::new(AtomicU32::new(0));
            let sleepers: Vec<_> = (0..4)
                .map(|_| {
                    let word = Arc::clone(&word);
                    thread::spawn(move || while wait(&word, 0, None) != Woken::Changed {})
                })
                .collect();
            word.store(1, Ordering::SeqCst);
            wake(&word, 4);
            sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        }
    }
}
