//! A computation: a cell that is written once, and who waits for that.

use crate::primitive::{AtomicU32, Mutex, Ordering, lock};

/// Nothing is known of its outcome. Where it is lazy and somebody computes it, their place stands in the bits above.
pub const RUNNING: u32 = 0;
/// It has a value.
pub const RETURNED: u32 = 1;
/// It has an error.
pub const FAILED: u32 = 2;
/// It is lazy, and nobody computes it.
pub const IDLE: u32 = 3;

const STATE: u32 = 3;

/// The word of a lazy computation that the domain at `place` computes.
const fn claimed(place: u32) -> u32 {
    place << 2 | RUNNING
}

/// One cell. Its state is a word that lives elsewhere, in memory that JavaScript reads: it is written under the lock only,
/// each step in one write, and after the value.
///
/// ```
/// use std::sync::atomic::AtomicU32;
/// use miou_core::computation::{Computation, FAILED, RETURNED};
///
/// let (word, cell) = (AtomicU32::new(0), Computation::default());
/// assert_eq!(cell.attach(&word, 1, "first", |_| false), Ok(()));
/// assert_eq!(cell.attach(&word, 2, "second", |_| false), Ok(()));
/// assert_eq!(cell.complete(&word, RETURNED, 42), Ok(vec!["second", "first"]));
/// assert_eq!(cell.complete(&word, FAILED, 43), Err(43));
/// assert_eq!(cell.value(), Some(42));
/// ```
#[derive(Debug)]
pub struct Computation<W, V> {
    inner: Mutex<Inner<W, V>>,
}

#[derive(Debug)]
struct Inner<W, V> {
    /// In the order in which they came.
    waiters: Vec<(u64, W)>,
    /// How many there may be before those are looked for that nobody needs any more.
    limit: usize,
    value: Option<V>,
    /// The places of the domains that are to complete it, and what it is to fail with where one of them dies before.
    trustees: Vec<(u32, V)>,
}

impl<W, V> Default for Computation<W, V> {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                waiters: Vec::new(),
                limit: LEAST,
                value: None,
                trustees: Vec::new(),
            }),
        }
    }
}

/// Waiters that are never looked through for those that nobody needs.
const LEAST: usize = 8;

impl<W, V> Computation<W, V> {
    /// Has somebody wait who is known by `id`. Those who wait already and are `stale` leave from time to time, so that they
    /// are never more than the others and a few.
    ///
    /// # Errors
    /// The waiter, which does not wait, where nobody computes it: it is complete, or idle.
    pub fn attach(&self, word: &AtomicU32, id: u64, waiter: W, stale: impl Fn(&W) -> bool) -> Result<(), W> {
        let mut gone = Vec::new();
        let mut inner = lock(&self.inner);
        if word.load(Ordering::SeqCst) & STATE != RUNNING {
            return Err(waiter);
        }
        if inner.waiters.len() >= inner.limit {
            let (left, kept) = std::mem::take(&mut inner.waiters)
                .into_iter()
                .partition(|(_, waiter)| stale(waiter));
            (gone, inner.waiters) = (left, kept);
            inner.limit = LEAST.max(inner.waiters.len() * 2);
        }
        inner.waiters.push((id, waiter));
        drop(inner);
        drop(gone);
        Ok(())
    }

    /// Gives up waiting. `None`: it does not wait (any more).
    pub fn cancel(&self, id: u64) -> Option<W> {
        let waiters = &mut lock(&self.inner).waiters;
        let at = waiters.iter().rposition(|(waiting, _)| *waiting == id)?;
        Some(waiters.remove(at).1)
    }

    /// Completes it, and returns who waited, to be woken in this order: whoever came last is the first.
    ///
    /// # Errors
    /// The value, where it is complete already.
    pub fn complete(&self, word: &AtomicU32, outcome: u32, value: V) -> Result<Vec<W>, V> {
        let mut inner = lock(&self.inner);
        if inner.value.is_some() {
            return Err(value);
        }
        inner.value = Some(value);
        word.store(outcome, Ordering::SeqCst);
        Ok(std::mem::take(&mut inner.waiters)
            .into_iter()
            .rev()
            .map(|(_, waiter)| waiter)
            .collect())
    }

    /// A copy of its value.
    pub fn value(&self) -> Option<V>
    where
        V: Clone,
    {
        lock(&self.inner).value.clone()
    }

    /// Has the domain at `place` compute it, where it is idle.
    pub fn claim(&self, word: &AtomicU32, place: u32) -> bool {
        let _inner = lock(&self.inner);
        let idle = word.load(Ordering::SeqCst) == IDLE;
        if idle {
            word.store(claimed(place), Ordering::SeqCst);
        }
        idle
    }

    /// The domain at `place` does not compute it any more: it is idle. Returns who waited, to be woken, the oldest first:
    /// one of them may compute it.
    pub fn disclaim(&self, word: &AtomicU32, place: u32) -> Vec<W> {
        let mut inner = lock(&self.inner);
        if inner.value.is_some() || word.load(Ordering::SeqCst) != claimed(place) {
            return Vec::new();
        }
        word.store(IDLE, Ordering::SeqCst);
        std::mem::take(&mut inner.waiters)
            .into_iter()
            .map(|(_, waiter)| waiter)
            .collect()
    }

    /// A task of the domain at `place` is to complete it: it fails with `last` where that domain dies before.
    pub fn entrust(&self, place: u32, last: V) {
        lock(&self.inner).trustees.push((place, last));
    }

    /// A task of the domain at `place` is not to complete it any more.
    pub fn relieve(&self, place: u32) {
        let trustees = &mut lock(&self.inner).trustees;
        if let Some(at) = trustees.iter().position(|(trustee, _)| *trustee == place) {
            trustees.swap_remove(at);
        }
    }

    /// The domain at `place` has died: waiters of which `dead` says so wait no more; what it was to complete fails; what it
    /// computed is idle. Returns who is to be woken.
    pub fn abandon(&self, word: &AtomicU32, place: u32, dead: impl Fn(&W) -> bool) -> Vec<W> {
        let gone: Vec<_> = {
            let waiters = &mut lock(&self.inner).waiters;
            let (gone, kept) = std::mem::take(waiters)
                .into_iter()
                .partition(|(_, waiter)| dead(waiter));
            *waiters = kept;
            gone
        };
        drop(gone);
        let last = {
            let trustees = &mut lock(&self.inner).trustees;
            let (mut left, kept): (Vec<_>, _) = std::mem::take(trustees)
                .into_iter()
                .partition(|(trustee, _)| *trustee == place);
            *trustees = kept;
            left.pop()
        };
        match last {
            Some((_, last)) => self.complete(word, FAILED, last).unwrap_or_default(),
            None => self.disclaim(word, place),
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        lock(&self.inner).waiters.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const PLACE: u32 = 5;

    #[test]
    fn one_outcome_wins_and_wakes_the_newest_first() {
        let (word, cell) = (AtomicU32::new(RUNNING), Computation::default());
        for id in 1..=3 {
            assert_eq!(cell.attach(&word, id, id, |_| false), Ok(()));
        }
        assert_eq!((cell.cancel(2), cell.cancel(2)), (Some(2), None));
        assert_eq!(cell.complete(&word, FAILED, 'e'), Ok(vec![3, 1]));
        assert_eq!((word.load(Ordering::SeqCst), cell.value()), (FAILED, Some('e')));
        assert_eq!(cell.complete(&word, RETURNED, 'v'), Err('v'));
        assert_eq!(cell.attach(&word, 4, 4, |_| false), Err(4));
    }

    #[test]
    fn what_nobody_needs_never_piles_up() {
        let (word, cell) = (AtomicU32::new(RUNNING), Computation::<_, ()>::default());
        for id in 0..1000 {
            assert_eq!(cell.attach(&word, id, id, |waiter| *waiter % 100 != 0), Ok(()));
            assert!(cell.waiting() <= LEAST.max(2 * (id as usize / 100 + 1)) + 1);
        }
    }

    #[test]
    fn a_lazy_one_is_computed_by_one_at_a_time() {
        let (word, cell) = (AtomicU32::new(IDLE), Computation::<_, ()>::default());
        assert_eq!(cell.attach(&word, 1, 'a', |_| false), Err('a'), "nobody computes it");
        assert!(cell.claim(&word, PLACE));
        assert!(!cell.claim(&word, PLACE + 1));
        assert_eq!(cell.attach(&word, 1, 'a', |_| false), Ok(()));
        assert_eq!(cell.disclaim(&word, PLACE + 1), []);
        assert_eq!(cell.disclaim(&word, PLACE), ['a']);
        assert!(cell.claim(&word, PLACE + 1));
        assert_eq!(cell.complete(&word, RETURNED, ()), Ok(vec![]));
        assert!(!cell.claim(&word, PLACE));
    }

    #[test]
    fn what_a_dead_domain_was_to_complete_fails_with_what_it_had_left_for_that() {
        let (word, cell) = (AtomicU32::new(RUNNING), Computation::default());
        for id in 1..=3 {
            assert_eq!(cell.attach(&word, id, id, |_| false), Ok(()));
        }
        cell.entrust(PLACE, 'a');
        cell.entrust(PLACE, 'a');
        cell.entrust(PLACE + 1, 'b');
        cell.relieve(PLACE);
        assert_eq!(cell.abandon(&word, PLACE + 2, |_| false), []);
        assert_eq!(cell.abandon(&word, PLACE, |id| *id == 2), [3, 1]);
        assert_eq!((word.load(Ordering::SeqCst), cell.value()), (FAILED, Some('a')));
        assert_eq!(cell.abandon(&word, PLACE + 1, |_| false), [], "it is complete");
        assert_eq!(cell.value(), Some('a'));
    }

    #[test]
    fn what_a_domain_is_not_to_complete_any_more_is_no_business_of_its_death() {
        let (word, cell) = (AtomicU32::new(RUNNING), Computation::default());
        cell.entrust(PLACE, 'a');
        cell.relieve(PLACE);
        cell.relieve(PLACE);
        assert_eq!(cell.attach(&word, 1, 1, |_| false), Ok(()));
        assert_eq!(cell.abandon(&word, PLACE, |_| false), []);
        assert_eq!(cell.complete(&word, RETURNED, 'v'), Ok(vec![1]));
    }

    #[test]
    fn what_a_dead_domain_computed_is_idle_and_its_waiters_are_gone() {
        let (word, cell) = (AtomicU32::new(IDLE), Computation::<_, ()>::default());
        assert!(cell.claim(&word, PLACE));
        for id in 1..=3 {
            assert_eq!(cell.attach(&word, id, id, |_| false), Ok(()));
        }
        assert_eq!(cell.abandon(&word, PLACE, |id| *id == 2), [1, 3]);
        assert_eq!(word.load(Ordering::SeqCst), IDLE);
        assert!(cell.claim(&word, PLACE + 1));
        assert_eq!(cell.abandon(&word, PLACE, |_| false), []);
        assert_eq!(word.load(Ordering::SeqCst), claimed(PLACE + 1));
    }
}
