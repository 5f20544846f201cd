//! What JavaScript does with the word of a mutex, one atomic operation at a time, and where it goes on in Rust. The models
//! and the stress tests lock and unlock by these, so that they check the two halves together.

use miou_core::mutex::{CONTENDED, FREE, Lock, LockQueue};
use miou_core::primitive::{AtomicU32, Ordering};

/// Locks; `Lock::AlreadyOwner` can't be the answer. After `Lock::Queued` the waiter waits until it is returned by an unlock.
pub fn lock<W>(word: &AtomicU32, queue: &LockQueue<W>, owner: u32, waiter: W) -> Lock<W> {
    loop {
        match word.compare_exchange(FREE, owner, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => return Lock::Acquired(waiter),
            Err(seen) if mark(word, seen) => return queue.lock(word, owner, waiter),
            Err(_) => {}
        }
    }
}

/// The first of the two steps of queueing: tells the owner, found to be `seen`, that its unlock must come to Rust.
pub fn mark(word: &AtomicU32, seen: u32) -> bool {
    word.compare_exchange(seen, seen | CONTENDED, Ordering::SeqCst, Ordering::SeqCst)
        .is_ok()
}

/// Unlocks, and returns the waiter that has the lock now, to be woken.
pub fn unlock<W>(word: &AtomicU32, queue: &LockQueue<W>, owner: u32) -> Option<W> {
    match word.compare_exchange(owner, FREE, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => None,
        Err(_) => queue.unlock(word, owner).expect("the caller holds the lock"),
    }
}
