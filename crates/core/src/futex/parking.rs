//! A futex of locks and condition variables: 64 beds, and a word sleeps in the one that its address says. Words that
//! share a bed wake each other by chance, which a futex may.

use std::time::Duration;

use super::Woken;
use crate::primitive::{AtomicU32, Condvar, Mutex, Ordering, lock};

struct Bed {
    lock: Mutex<()>,
    sleepers: Condvar,
}

const BEDS: usize = if cfg!(loom) { 1 } else { 64 };

#[cfg(not(loom))]
static TABLE: [Bed; BEDS] = [const {
    Bed {
        lock: Mutex::new(()),
        sleepers: Condvar::new(),
    }
}; BEDS];
#[cfg(loom)]
crate::primitive::lazy_static! {
    static ref TABLE: [Bed; BEDS] = [Bed { lock: Mutex::new(()), sleepers: Condvar::new() }];
}

fn bed(word: &AtomicU32) -> &'static Bed {
    // Multiplying by the golden ratio spreads neighbours; words are 4 bytes apart at least.
    let spread = (std::ptr::from_ref(word).addr() as u64 >> 2).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    &TABLE[(spread >> 32) as usize % BEDS]
}

/// Compares under the lock of the bed, which [`wake`] takes after the word has changed: whoever saw the old value is
/// asleep by the time `wake` holds the lock.
pub(super) fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Woken {
    let bed = bed(word);
    let guard = lock(&bed.lock);
    if word.load(Ordering::Acquire) != expected {
        return Woken::Changed;
    }
    // Loom has no clock: to it, whatever time there is may be up at once.
    if cfg!(loom) && timeout.is_some() {
        return Woken::TimedOut;
    }
    let timed_out = match timeout.filter(|&time| std::time::Instant::now().checked_add(time).is_some()) {
        Some(time) => bed
            .sleepers
            .wait_timeout(guard, time)
            .is_ok_and(|(_, result)| result.timed_out()),
        None => {
            drop(bed.sleepers.wait(guard));
            false
        }
    };
    if timed_out { Woken::TimedOut } else { Woken::Notified }
}

/// Wakes everyone in the bed, since which of them sleep on this word is not known.
pub(super) fn wake(word: &AtomicU32, _count: u32) {
    let bed = bed(word);
    drop(lock(&bed.lock));
    bed.sleepers.notify_all();
}
