//! An unbounded lock-free queue, first in, first out, for many producers and many consumers.

#[cfg(not(loom))]
use crossbeam_queue::SegQueue as Segments;

/// The inbox of a domain is made of this; what programs use is [`crate::fifo`]. It is crossbeam's, since what we would write
/// instead is no better (`benches/queue.rs`, medians on 2 cores, 32-byte messages): from 3 threads to 1, a message costs
/// 18 ns here, 46 in Vyukov's linked list, 55 in a `VecDeque` behind a mutex; a push and a pop by one thread 25, 16 and 20.
#[derive(Debug)]
pub struct Queue<T> {
    segments: Segments<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Queue<T> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            segments: Segments::new(),
        }
    }

    /// Adds one behind the others.
    pub fn push(&self, value: T) {
        self.segments.push(value);
    }

    /// Takes the oldest. `None`: there was none whose push had ended.
    #[must_use]
    pub fn pop(&self) -> Option<T> {
        self.segments.pop()
    }

    /// Whether there is nothing in it, at one moment of the call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How many are in it, at one moment of the call.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.len()
    }
}

/// What stands in for crossbeam's queue under loom, which can't look into that. It promises no more: an index of its own
/// tells of pushes, and looking at it synchronises with nothing but the push that it shows, so that a model fails where the
/// protocol around the queue relies on more.
#[cfg(loom)]
mod stand_in {
    use std::collections::VecDeque;

    use crate::primitive::{AtomicUsize, Mutex, Ordering, lock};

    #[derive(Debug)]
    pub(super) struct Segments<T> {
        values: Mutex<VecDeque<T>>,
        pushed: AtomicUsize,
        popped: AtomicUsize,
    }

    impl<T> Segments<T> {
        pub(super) fn new() -> Self {
            Self {
                values: Mutex::new(VecDeque::new()),
                pushed: AtomicUsize::new(0),
                popped: AtomicUsize::new(0),
            }
        }

        pub(super) fn push(&self, value: T) {
            lock(&self.values).push_back(value);
            self.pushed.fetch_add(1, Ordering::Release);
        }

        pub(super) fn pop(&self) -> Option<T> {
            if self.is_empty() {
                return None;
            }
            let value = lock(&self.values).pop_front()?;
            self.popped.fetch_add(1, Ordering::Release);
            Some(value)
        }

        pub(super) fn is_empty(&self) -> bool {
            self.len() == 0
        }

        pub(super) fn len(&self) -> usize {
            let popped = self.popped.load(Ordering::Acquire);
            self.pushed.load(Ordering::Acquire).saturating_sub(popped)
        }
    }
}
#[cfg(loom)]
use stand_in::Segments;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::primitive::Arc;

    #[test]
    fn first_in_first_out() {
        let queue = Queue::new();
        assert!(queue.is_empty() && queue.pop().is_none());
        (0..100).for_each(|value| queue.push(value));
        assert_eq!(queue.len(), 100);
        assert!((0..100).eq(std::iter::from_fn(|| queue.pop())));
    }

    #[test]
    fn what_is_left_is_dropped_once() {
        let value = Arc::new(());
        let queue = Queue::new();
        (0..100).for_each(|_| queue.push(Arc::clone(&value)));
        drop(queue.pop());
        drop(queue);
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
