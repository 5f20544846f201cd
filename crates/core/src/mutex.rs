//! The slow path of a mutex. The lock itself is a word in memory that JavaScript shares; here stand those who wait for it.
//!
//! The word is [`FREE`], or the id of the owner with [`CONTENDED`] in its lowest bit. JavaScript makes three transitions,
//! each of them one atomic operation:
//!
//! | wants | does | and where that fails |
//! |---|---|---|
//! | lock | exchanges `FREE` for its id | exchanges the `v` that it found for `v \| CONTENDED`, then [`LockQueue::lock`] |
//! | unlock | exchanges its id for `FREE` | [`LockQueue::unlock`] |
//! | try | exchanges `FREE` for its id | it is taken |
//!
//! **Invariant LINE**: while somebody stands in line, the word is not `FREE` and has `CONTENDED`. So nobody can take the
//! lock past the line, and the owner's exchange for `FREE` fails and brings it here. Whoever changes the word to less than
//! that does so under the line's own lock. The other way round does not hold: a thread may have been ended after it set
//! `CONTENDED`, or have given up; its owner then comes here once for nothing.
//!
//! The lock is handed from the owner to the oldest in line without being free in between: nobody barges in.

use crate::line::Line;
use crate::primitive::{AtomicU32, Mutex, Ordering, lock};

/// Nobody holds the lock.
pub const FREE: u32 = 0;
/// Somebody waits for the lock, or did.
pub const CONTENDED: u32 = 1;

/// What became of a [`LockQueue::lock`].
#[derive(Debug, PartialEq, Eq)]
pub enum Lock<W> {
    /// It was free after all: the caller holds it.
    Acquired(W),
    /// The waiter stands in line; an unlock returns it once it holds the lock.
    Queued,
    /// The caller holds it already.
    AlreadyOwner(W),
}

/// Why an unlock is refused. The lock is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// Nobody holds it.
    NotLocked,
    /// Somebody else holds it.
    NotOwner,
}

/// What became of a [`LockQueue::cancel`].
#[derive(Debug, PartialEq, Eq)]
pub enum Cancel<W> {
    /// It has left the line.
    Removed(W),
    /// It was handed the lock already: the caller unlocks it.
    Owner,
    /// It neither stands in line nor holds the lock.
    Absent,
}

/// Who waits for one mutex, in the order in which they came. Owners are ids that are even and not 0; `W` is whatever the
/// caller needs in order to wake one, and is never dropped or called under the line's lock.
///
/// ```
/// use std::sync::atomic::AtomicU32;
/// use miou_core::mutex::{Lock, LockQueue};
///
/// let (word, queue) = (AtomicU32::new(0), LockQueue::new());
/// assert_eq!(queue.lock(&word, 2, "a"), Lock::Acquired("a"));
/// assert_eq!(queue.lock(&word, 4, "b"), Lock::Queued);
/// assert_eq!(queue.unlock(&word, 2), Ok(Some("b")));
/// assert_eq!(queue.unlock(&word, 4), Ok(None));
/// ```
#[derive(Debug)]
pub struct LockQueue<W> {
    line: Mutex<Line<W>>,
}

impl<W> Default for LockQueue<W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<W> LockQueue<W> {
    /// A mutex that nobody waits for.
    #[must_use]
    pub fn new() -> Self {
        Self {
            line: Mutex::new(Line::new()),
        }
    }

    /// Takes the lock where it is free, and stands in line for it otherwise.
    pub fn lock(&self, word: &AtomicU32, owner: u32, waiter: W) -> Lock<W> {
        debug_assert!(owner != FREE && owner & CONTENDED == 0, "{owner} is no id of an owner");
        let mut line = lock(&self.line);
        let mut seen = word.load(Ordering::Acquire);
        loop {
            if seen & !CONTENDED == owner {
                return Lock::AlreadyOwner(waiter);
            }
            // LINE: where the word is FREE nobody is in line, and none can join before this is done.
            let next = if seen == FREE { owner } else { seen | CONTENDED };
            match word.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(FREE) => return Lock::Acquired(waiter),
                Ok(_) => {
                    line.push(owner, waiter);
                    return Lock::Queued;
                }
                Err(now) => seen = now,
            }
        }
    }

    /// Takes the lock where it is free.
    #[must_use]
    pub fn try_lock(&self, word: &AtomicU32, owner: u32) -> bool {
        debug_assert!(owner != FREE && owner & CONTENDED == 0, "{owner} is no id of an owner");
        // LINE: nobody is passed by.
        word.compare_exchange(FREE, owner, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Hands the lock to the oldest in line and returns it, so that the caller wakes it; where there is none, frees it.
    ///
    /// # Errors
    /// Where the caller does not hold the lock.
    pub fn unlock(&self, word: &AtomicU32, owner: u32) -> Result<Option<W>, Unlock> {
        let mut line = lock(&self.line);
        match word.load(Ordering::Acquire) {
            FREE => Err(Unlock::NotLocked),
            held if held & !CONTENDED == owner => Ok(Self::hand_over(&mut line, word)),
            _ => Err(Unlock::NotOwner),
        }
    }

    /// Gives up waiting.
    pub fn cancel(&self, word: &AtomicU32, owner: u32) -> Cancel<W> {
        let mut line = lock(&self.line);
        match line.remove(owner) {
            Some(waiter) => Cancel::Removed(waiter),
            None if word.load(Ordering::Acquire) & !CONTENDED == owner => Cancel::Owner,
            None => Cancel::Absent,
        }
    }

    /// A domain has died: its waiters leave the line, and where one of its tasks holds the lock, the oldest of the others
    /// gets it and is returned. `dead` says which ids were its; it must only look.
    ///
    /// The threads that ran those ids must have ended before.
    #[must_use = "the new owner has to be woken"]
    pub fn abandon(&self, word: &AtomicU32, dead: impl Fn(u32) -> bool) -> Option<W> {
        let mut line = lock(&self.line);
        let gone = line.extract(&dead);
        let held = word.load(Ordering::Acquire) & !CONTENDED;
        let next = if held != FREE && dead(held) {
            Self::hand_over(&mut line, word)
        } else {
            None
        };
        drop(line);
        drop(gone);
        next
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

    /// Takes the lock from its owner, which is the caller or dead, so that nobody else's exchange for `FREE` interferes.
    /// This may undo a `CONTENDED` that was set just now: whoever set it is on its way into [`LockQueue::lock`], waits
    /// there for the line's lock, and looks at the word again. Swaps and not stores: as every write of the word, from
    /// here or from JavaScript, is a read-modify-write, no argument about it needs more than one order of them all.
    fn hand_over(line: &mut Line<W>, word: &AtomicU32) -> Option<W> {
        let Some((owner, waiter)) = line.pop() else {
            word.swap(FREE, Ordering::AcqRel);
            return None;
        };
        word.swap(
            if line.is_empty() { owner } else { owner | CONTENDED },
            Ordering::AcqRel,
        );
        Some(waiter)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn held_by(owner: u32) -> (AtomicU32, LockQueue<u32>) {
        (AtomicU32::new(owner), LockQueue::new())
    }

    #[test]
    fn a_free_lock_is_taken_at_once() {
        let (word, queue) = held_by(FREE);
        assert_eq!(queue.lock(&word, 2, 2), Lock::Acquired(2));
        assert_eq!(word.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn waiters_get_the_lock_in_the_order_in_which_they_came_and_nobody_barges_in() {
        let (word, queue) = held_by(2);
        for owner in [4, 6, 8] {
            assert_eq!(queue.lock(&word, owner, owner), Lock::Queued);
        }
        for (owner, next) in [(2, 4), (4, 6), (6, 8)] {
            assert_eq!(queue.unlock(&word, owner), Ok(Some(next)));
            assert!(!queue.try_lock(&word, 10));
        }
        assert_eq!(
            word.load(Ordering::SeqCst),
            8,
            "nobody is left, so the last one's unlock needs no call"
        );
        assert_eq!(queue.unlock(&word, 8), Ok(None));
        assert!(queue.try_lock(&word, 10));
    }

    #[test]
    fn misuse_is_refused_and_changes_nothing() {
        let (word, queue) = held_by(FREE);
        assert_eq!(queue.unlock(&word, 2), Err(Unlock::NotLocked));
        assert!(queue.try_lock(&word, 2));
        assert_eq!(queue.unlock(&word, 4), Err(Unlock::NotOwner));
        assert_eq!(queue.lock(&word, 2, 2), Lock::AlreadyOwner(2));
        assert_eq!(queue.lock(&word, 4, 4), Lock::Queued);
        assert_eq!(queue.unlock(&word, 4), Err(Unlock::NotOwner));
        assert_eq!(queue.lock(&word, 2, 2), Lock::AlreadyOwner(2));
        assert_eq!(queue.unlock(&word, 2), Ok(Some(4)));
    }

    #[test]
    fn a_waiter_that_gives_up_leaves_the_line_unless_it_was_handed_the_lock() {
        let (word, queue) = held_by(2);
        assert_eq!(queue.cancel(&word, 4), Cancel::Absent);
        assert_eq!(queue.lock(&word, 4, 4), Lock::Queued);
        assert_eq!(queue.lock(&word, 6, 6), Lock::Queued);
        assert_eq!(queue.cancel(&word, 4), Cancel::Removed(4));
        assert_eq!(queue.unlock(&word, 2), Ok(Some(6)));
        assert_eq!(queue.cancel(&word, 6), Cancel::Owner);
        assert_eq!(queue.unlock(&word, 6), Ok(None));
    }

    #[test]
    fn a_mark_that_a_thread_left_before_it_was_ended_does_no_harm() {
        let (word, queue) = held_by(2 | CONTENDED);
        assert_eq!(queue.unlock(&word, 2), Ok(None));
        assert_eq!(word.load(Ordering::SeqCst), FREE);
        let (word, queue) = held_by(2 | CONTENDED);
        assert_eq!(queue.lock(&word, 2, 2), Lock::AlreadyOwner(2));
        assert_eq!(queue.lock(&word, 4, 4), Lock::Queued);
        assert_eq!(queue.unlock(&word, 2), Ok(Some(4)));
    }

    #[test]
    fn what_a_dead_domain_held_passes_to_the_oldest_that_lives() {
        let (word, queue) = held_by(2);
        for owner in [4, 6, 8] {
            assert_eq!(queue.lock(&word, owner, owner), Lock::Queued);
        }
        assert_eq!(queue.abandon(&word, |id| id == 2 || id == 4), Some(6));
        assert_eq!(word.load(Ordering::SeqCst), 6 | CONTENDED);
        assert_eq!(queue.abandon(&word, |id| id == 8), None, "the owner lives");
        assert_eq!(queue.abandon(&word, |id| id == 6), None, "nobody is left");
        assert_eq!(word.load(Ordering::SeqCst), FREE);
        assert_eq!(queue.abandon(&word, |_| true), None, "nobody holds it");
    }
}
