//! A trigger: a signal that is given once, and one who waits for it.

use crate::primitive::{AtomicU32, Mutex, Ordering, lock};

/// Nobody waits, and it was not signaled.
pub const INITIAL: u32 = 0;
/// Somebody waits.
pub const AWAITING: u32 = 1;
/// It was signaled, for good.
pub const SIGNALED: u32 = 2;

/// Who waits for one trigger. Its state is a word that lives elsewhere, in memory that JavaScript reads: it is written under
/// the lock only, so that everybody who looks sees one of the three states, and each step from one to the next is one write.
///
/// ```
/// use std::sync::atomic::AtomicU32;
/// use miou_core::trigger::{Attach, Trigger};
///
/// let (word, trigger) = (AtomicU32::new(0), Trigger::default());
/// assert_eq!(trigger.attach(&word, 1, "task"), Attach::Attached);
/// assert_eq!(trigger.attach(&word, 2, "another"), Attach::Taken("another"));
/// assert_eq!(trigger.signal(&word), Some("task"));
/// assert_eq!(trigger.attach(&word, 2, "late"), Attach::Signaled("late"));
/// ```
#[derive(Debug)]
pub struct Trigger<W> {
    /// The waiter and its id; there in the state `AWAITING` only.
    waiter: Mutex<Option<(u64, W)>>,
}

/// Outcome of [`Trigger::attach`].
#[derive(Debug, PartialEq, Eq)]
pub enum Attach<W> {
    /// It waits from now on.
    Attached,
    /// The trigger is signaled: it does not wait.
    Signaled(W),
    /// Somebody else waits already: it does not wait.
    Taken(W),
}

impl<W> Default for Trigger<W> {
    fn default() -> Self {
        Self {
            waiter: Mutex::new(None),
        }
    }
}

impl<W> Trigger<W> {
    /// Has somebody wait who is known by `id`.
    pub fn attach(&self, word: &AtomicU32, id: u64, waiter: W) -> Attach<W> {
        let mut place = lock(&self.waiter);
        match word.load(Ordering::SeqCst) {
            SIGNALED => Attach::Signaled(waiter),
            AWAITING => Attach::Taken(waiter),
            _ => {
                *place = Some((id, waiter));
                word.store(AWAITING, Ordering::SeqCst);
                Attach::Attached
            }
        }
    }

    /// Signals, and returns who waited, to be woken.
    pub fn signal(&self, word: &AtomicU32) -> Option<W> {
        let mut place = lock(&self.waiter);
        word.store(SIGNALED, Ordering::SeqCst);
        place.take().map(|(_, waiter)| waiter)
    }

    /// Gives up waiting: another one may wait then. `None`: it does not wait (any more).
    pub fn cancel(&self, word: &AtomicU32, id: u64) -> Option<W> {
        self.withdraw(word, |waiting, _| waiting == id)
    }

    /// A domain has died: a waiter of which `dead` says so waits no more.
    pub fn abandon(&self, word: &AtomicU32, dead: impl Fn(&W) -> bool) -> Option<W> {
        self.withdraw(word, |_, waiter| dead(waiter))
    }

    fn withdraw(&self, word: &AtomicU32, is: impl Fn(u64, &W) -> bool) -> Option<W> {
        let mut place = lock(&self.waiter);
        let (_, waiter) = place.take_if(|(id, waiter)| is(*id, waiter))?;
        word.store(INITIAL, Ordering::SeqCst);
        Some(waiter)
    }

    /// Who waits, for when nobody can signal any more.
    pub fn last(&self) -> Option<W> {
        lock(&self.waiter).take().map(|(_, waiter)| waiter)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_wakes_the_one_who_waits_once_and_is_kept() {
        let (word, trigger) = (AtomicU32::new(INITIAL), Trigger::default());
        assert_eq!(trigger.attach(&word, 1, 'a'), Attach::Attached);
        assert_eq!((trigger.signal(&word), trigger.signal(&word)), (Some('a'), None));
        assert_eq!(word.load(Ordering::SeqCst), SIGNALED);
        assert_eq!(trigger.attach(&word, 2, 'b'), Attach::Signaled('b'));
        assert_eq!(trigger.cancel(&word, 1), None);
        assert_eq!(word.load(Ordering::SeqCst), SIGNALED);
    }

    #[test]
    fn whoever_gives_up_or_dies_leaves_it_to_the_next() {
        let (word, trigger) = (AtomicU32::new(INITIAL), Trigger::default());
        assert_eq!(trigger.attach(&word, 1, 'a'), Attach::Attached);
        assert_eq!((trigger.cancel(&word, 2), trigger.cancel(&word, 1)), (None, Some('a')));
        assert_eq!(trigger.attach(&word, 2, 'b'), Attach::Attached);
        assert_eq!(
            (
                trigger.abandon(&word, |w| *w == 'a'),
                trigger.abandon(&word, |w| *w == 'b')
            ),
            (None, Some('b'))
        );
        assert_eq!(trigger.attach(&word, 3, 'c'), Attach::Attached);
        assert_eq!(trigger.signal(&word), Some('c'));
    }
}
