//! An unbounded lock-free queue, first in, first out, for many producers and many consumers, that can be looked into and
//! emptied at one moment: what [`crate::queue`], whose elements nobody but their consumer ever sees, has no way to do.
//!
//! The list is that of M. M. Michael and M. L. Scott (Simple, fast, and practical non-blocking and blocking concurrent queue
//! algorithms, 1996): the head is a node whose element was taken, the elements are in those behind it, and the tail is the
//! last node or, for a moment, the one before it. Nodes are numbered, so that the length is a difference.
//!
//! To take all, a list is closed: its last node is marked, so that nothing can be added any more; a new list takes its
//! place, and its elements, a range that no longer grows, are taken by one exchange of its head. A thread that still looks
//! at the closed list takes its elements before the moment at which the new one took its place, or finds it empty and
//! comes back for the new one.
//!
//! **Invariant LIST**: the head of a list never passes its tail. The `next` of a node is written once: to the node behind
//! it, or to the mark.
//!
//! **Invariant PINNED**: a node, an element or a list that can be found is freed only when everybody has moved on who was
//! pinned when it could last be found. An element may be looked at by whoever has found its node, while its list's head
//! was before it, and is not moved by whoever takes it: that one makes a copy.

mod list;

use std::fmt;
use std::mem::MaybeUninit;

use crate::primitive::AtomicPtr;
use crate::reclaim::{Guard, pin};
use list::{Closed, List, Node, Owned, Range, exchange, read};

/// What a queue holds. Whoever takes an element gets a clone, since others may look at it in that moment; the element itself
/// is dropped when they have moved on.
pub trait Element: Clone + Send {
    /// Whether dropping it does nothing.
    fn is_plain(&self) -> bool {
        !std::mem::needs_drop::<Self>()
    }
}

/// The queue.
///
/// ```
/// use miou_core::fifo::Fifo;
///
/// let queue = Fifo::new();
/// (1..=3).for_each(|value| queue.push(value));
/// assert_eq!(queue.peek(), Some(1));
/// assert_eq!(queue.pop(), Some(1));
/// assert_eq!(queue.to_vec(), [2, 3]);
/// assert_eq!(queue.take_all(), [2, 3]);
/// assert_eq!(queue.len(), 0);
/// ```
pub struct Fifo<T: Element> {
    list: AtomicPtr<List<T>>,
}

// SAFETY: elements are handed from thread to thread (`Send`), and looked at by several, which clone them: `Sync`.
unsafe impl<T: Element + Sync> Send for Fifo<T> {}
// SAFETY: as above.
unsafe impl<T: Element + Sync> Sync for Fifo<T> {}

impl<T: Element> Default for Fifo<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> fmt::Debug for Fifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fifo").field("len", &self.len()).finish()
    }
}

impl<T: Element> Fifo<T> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            list: AtomicPtr::new(List::boxed()),
        }
    }

    /// Has `act` look at the list that is in place, until one is that is not closed.
    fn with<R>(&self, mut act: impl FnMut(&List<T>, &Guard) -> Result<R, Closed>) -> R {
        let pinned = pin();
        loop {
            let list = read(&self.list);
            // SAFETY: PINNED: the list can be found.
            match act(unsafe { &*list }, &pinned) {
                Ok(result) => return result,
                Err(Closed) => self.replace(list, &pinned),
            }
        }
    }

    /// Puts a new list in the place of one that is closed, unless somebody has.
    fn replace(&self, closed: *mut List<T>, pinned: &Guard) {
        if read(&self.list) != closed {
            return;
        }
        let list = List::boxed();
        if exchange(&self.list, closed, list) {
            pinned.later(Owned(closed));
        } else {
            drop(Owned(list));
        }
    }

    /// Adds an element behind the others.
    pub fn push(&self, element: T) {
        let node = Node::boxed(MaybeUninit::new(element));
        self.with(|list, pinned| list.push(node, pinned));
    }

    /// Takes the oldest element.
    #[must_use]
    pub fn pop(&self) -> Option<T> {
        self.with(List::pop)
    }

    /// A copy of the oldest element, which stays.
    #[must_use]
    pub fn peek(&self) -> Option<T> {
        self.with(|list, _| {
            let (_, next) = list.front()?;
            // SAFETY: PINNED: it was behind the head, so its element is there.
            Ok(next.map(|node| unsafe { (*node).element.assume_init_ref() }.clone()))
        })
    }

    /// Whether there was nothing in it, at one moment of the call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.with(|list, _| list.front().map(|(_, next)| next.is_none()))
    }

    /// How many were in it, at one moment of the call.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with(|list, pinned| {
            let Range { head, last, closed } = list.range(pinned);
            if closed && head == last {
                return Err(Closed);
            }
            // SAFETY: PINNED: `range` has found both.
            Ok(unsafe { (*last).number - (*head).number } as usize)
        })
    }

    /// Copies of all that were in it at one moment of the call, the oldest first.
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        self.with(|list, pinned| {
            let Range { head, last, closed } = list.range(pinned);
            if closed && head == last {
                return Err(Closed);
            }
            let (mut elements, mut node) = (Vec::new(), head);
            while node != last {
                // SAFETY: LIST: a node before the last has one behind it; PINNED: that was behind the head, so its element
                // is there.
                unsafe {
                    node = read(&(*node).next);
                    elements.push((*node).element.assume_init_ref().clone());
                }
            }
            Ok(elements)
        })
    }

    /// Takes all that were in it at one moment of the call, the oldest first.
    #[must_use]
    pub fn take_all(&self) -> Vec<T> {
        let pinned = pin();
        loop {
            let list = read(&self.list);
            // SAFETY: PINNED: the list can be found.
            let here = unsafe { &*list };
            let ours = here.close(&pinned);
            self.replace(list, &pinned);
            if ours {
                return here.take_all(&pinned);
            }
        }
    }
}

impl<T: Element> Drop for Fifo<T> {
    fn drop(&mut self) {
        // SAFETY: nobody else knows the queue any more, and the list is boxed.
        drop(unsafe { Box::from_raw(read(&self.list)) });
    }
}

macro_rules! elements {
    ($($number:ty),*) => { $(impl Element for $number {})* };
}
elements!(u32, u64, i32);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::primitive::{Arc, thread};
    use crate::reclaim::sweep;

    #[derive(Clone)]
    struct Counted(Arc<()>);

    impl Element for Counted {}

    fn filled(count: u32) -> Fifo<u32> {
        let queue = Fifo::new();
        (0..count).for_each(|value| queue.push(value));
        queue
    }

    #[test]
    fn first_in_first_out() {
        let queue = filled(100);
        assert_eq!((queue.len(), queue.peek(), queue.is_empty()), (100, Some(0), false));
        assert!((0..100).eq(std::iter::from_fn(|| queue.pop())));
        assert_eq!((queue.len(), queue.peek(), queue.is_empty()), (0, None, true));
    }

    #[test]
    fn a_copy_of_all_leaves_them_there_and_taking_all_does_not() {
        let queue = filled(3);
        assert_eq!(queue.pop(), Some(0));
        assert_eq!(queue.to_vec(), [1, 2]);
        assert_eq!(queue.take_all(), [1, 2]);
        assert_eq!((queue.pop(), queue.take_all(), queue.len()), (None, vec![], 0));
        queue.push(7);
        assert_eq!((queue.len(), queue.to_vec(), queue.pop()), (1, vec![7], Some(7)));
    }

    #[test]
    fn an_element_is_dropped_once_whether_taken_or_left() {
        let counted = Counted(Arc::new(()));
        let queue = Fifo::new();
        (0..100).for_each(|_| queue.push(counted.clone()));
        drop(queue.pop());
        (0..3).for_each(|_| queue.push(counted.clone()));
        drop(queue.peek());
        drop(queue.to_vec());
        drop(queue.take_all());
        (0..5).for_each(|_| queue.push(counted.clone()));
        drop(queue.pop());
        drop(queue);
        // Other tests may be pinned for a moment.
        while Arc::strong_count(&counted.0) > 1 {
            sweep();
            thread::yield_now();
        }
    }

    #[test]
    fn whoever_looks_while_others_take_sees_a_part_of_the_order() {
        let count = if cfg!(miri) { 200 } else { 20_000 };
        let queue = Arc::new(Fifo::new());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || (0..count).for_each(|value: u32| queue.push(value)))
        };
        let consumer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut next = 0;
                while next < count {
                    match next % 3 {
                        0 => queue.take_all().into_iter().for_each(|value| {
                            assert_eq!(value, next);
                            next += 1;
                        }),
                        _ => {
                            if let Some(value) = queue.pop() {
                                assert_eq!(value, next);
                                next += 1;
                            }
                        }
                    }
                }
            })
        };
        let mut oldest = 0;
        while oldest < count - 1 && !consumer.is_finished() {
            let seen = queue.to_vec();
            assert!(seen.windows(2).all(|pair| pair[0] + 1 == pair[1]));
            if let Some(first) = seen.first().copied().or_else(|| queue.peek()) {
                assert!(first >= oldest);
                oldest = first;
            }
            thread::yield_now();
        }
        producer.join().unwrap();
        consumer.join().unwrap();
        assert!(queue.is_empty());
    }
}
