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

use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;

use crate::primitive::{AtomicPtr, Ordering};
use crate::reclaim::{Guard, pin};

/// What a queue holds. Whoever takes an element gets a clone, since others may look at it in that moment; the element itself
/// is dropped when they have moved on.
pub trait Element: Clone + Send {
    /// Whether dropping it does nothing.
    fn is_plain(&self) -> bool {
        !std::mem::needs_drop::<Self>()
    }
}

struct Node<T> {
    /// Absent in the first node of a list.
    element: MaybeUninit<T>,
    /// How many nodes were in its list before it. Written before the node is added.
    number: u64,
    /// Null while it is the last; then the node behind it, or the mark of a closed list.
    next: AtomicPtr<Node<T>>,
}

impl<T> Node<T> {
    fn boxed(element: MaybeUninit<T>) -> *mut Self {
        Box::into_raw(Box::new(Self {
            element,
            number: 0,
            next: AtomicPtr::new(ptr::null_mut()),
        }))
    }

    /// What `next` of the last node of a closed list says.
    const fn mark() -> *mut Self {
        ptr::without_provenance_mut(align_of::<Self>())
    }
}

/// On a cache line of its own, and of the pair that processors fetch together.
#[repr(align(128))]
struct Padded<T>(T);

struct List<T: Element> {
    head: Padded<AtomicPtr<Node<T>>>,
    tail: Padded<AtomicPtr<Node<T>>>,
}

/// A list is closed.
struct Closed;

/// Both ends of a list at one moment.
struct Range<T> {
    head: *mut Node<T>,
    last: *mut Node<T>,
    closed: bool,
}

impl<T: Element> List<T> {
    fn boxed() -> *mut Self {
        let first = Node::boxed(MaybeUninit::uninit());
        Box::into_raw(Box::new(Self {
            head: Padded(AtomicPtr::new(first)),
            tail: Padded(AtomicPtr::new(first)),
        }))
    }

    /// Adds a node that nobody knows yet.
    fn push(&self, node: *mut Node<T>, _pinned: &Guard) -> Result<(), Closed> {
        loop {
            let tail = read(&self.tail.0);
            // SAFETY: PINNED: the tail can be found.
            let last = unsafe { &*tail };
            let next = read(&last.next);
            if next == Node::mark() {
                return Err(Closed);
            }
            if !next.is_null() {
                self.advance(tail, next);
                continue;
            }
            // SAFETY: the node is this thread's own until it is added.
            unsafe { (*node).number = last.number + 1 };
            if exchange(&last.next, ptr::null_mut(), node) {
                self.advance(tail, node);
                return Ok(());
            }
        }
    }

    fn advance(&self, from: *mut Node<T>, to: *mut Node<T>) {
        let _ = exchange(&self.tail.0, from, to);
    }

    /// The head and the node behind it; `None` there: the list is empty.
    fn front(&self) -> Result<(*mut Node<T>, Option<*mut Node<T>>), Closed> {
        let head = read(&self.head.0);
        // SAFETY: PINNED: the head can be found.
        let next = read(unsafe { &(*head).next });
        if next == Node::mark() {
            Err(Closed)
        } else {
            Ok((head, (!next.is_null()).then_some(next)))
        }
    }

    fn pop(&self, pinned: &Guard) -> Result<Option<T>, Closed> {
        loop {
            let (head, Some(next)) = self.front()? else {
                return Ok(None);
            };
            // LIST: the tail was not before this head when it was loaded, and goes on first where it is this head.
            if read(&self.tail.0) == head {
                self.advance(head, next);
            }
            if exchange(&self.head.0, head, next) {
                debug_assert_ne!(read(&self.tail.0), head, "LIST");
                pinned.later(Owned(head));
                // SAFETY: the exchange makes this thread the one that takes the element of `next`.
                return Ok(Some(unsafe { taken(next, pinned) }));
            }
        }
    }

    /// Where the list begins and ends, at one moment: the head was the same before and after the last node was found.
    fn range(&self, _pinned: &Guard) -> Range<T> {
        loop {
            let head = read(&self.head.0);
            let last = read(&self.tail.0);
            // SAFETY: PINNED: the tail can be found.
            let next = read(unsafe { &(*last).next });
            let closed = next == Node::mark();
            if !next.is_null() && !closed {
                self.advance(last, next);
            } else if read(&self.head.0) == head {
                return Range { head, last, closed };
            }
        }
    }

    /// Closes the list; whether it was this call that did.
    fn close(&self, pinned: &Guard) -> bool {
        loop {
            let Range { last, closed, .. } = self.range(pinned);
            if closed {
                return false;
            }
            // SAFETY: PINNED: `range` has found it.
            if exchange(unsafe { &(*last).next }, ptr::null_mut(), Node::mark()) {
                return true;
            }
        }
    }

    /// Takes everything that is left in a closed list.
    fn take_all(&self, pinned: &Guard) -> Vec<T> {
        loop {
            let Range { head, last, .. } = self.range(pinned);
            if !exchange(&self.head.0, head, last) {
                continue;
            }
            let (mut elements, mut node) = (Vec::new(), head);
            while node != last {
                // SAFETY: LIST: a node before the last has one behind it. The exchange makes this thread the one that
                // takes what is behind `head`, up to `last`, and frees what is before `last`.
                unsafe {
                    let next = read(&(*node).next);
                    elements.push(taken(next, pinned));
                    pinned.later(Owned(node));
                    node = next;
                }
            }
            return elements;
        }
    }
}

impl<T: Element> Drop for List<T> {
    fn drop(&mut self) {
        let mut node = read(&self.head.0);
        let mut first = true;
        while !node.is_null() && node != Node::mark() {
            // SAFETY: nobody else knows the list any more; the element of its first node is absent or was taken, those of
            // the others are there.
            unsafe {
                let mut owned = Box::from_raw(node);
                if !first {
                    owned.element.assume_init_drop();
                }
                node = read(&owned.next);
            }
            first = false;
        }
    }
}

/// What a place says now. Under loom as a read-modify-write: of the loads that come before a write, loom takes only the
/// last for one that the write may come before, and the writer has as a rule just loaded the place itself.
fn read<T>(place: &AtomicPtr<T>) -> *mut T {
    #[cfg(not(loom))]
    let found = place.load(Ordering::SeqCst);
    #[cfg(loom)]
    let (Ok(found) | Err(found)) =
        place.compare_exchange(ptr::null_mut(), ptr::null_mut(), Ordering::SeqCst, Ordering::SeqCst);
    found
}

fn exchange<T>(place: &AtomicPtr<T>, from: *mut T, to: *mut T) -> bool {
    place
        .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
        .is_ok()
}

/// A copy of the element of a node; the element itself is dropped later.
///
/// # Safety
/// PINNED, and this thread has moved the head to the node or past it.
unsafe fn taken<T: Element>(node: *mut Node<T>, pinned: &Guard) -> T {
    // SAFETY: the element is there, and whoever moves the head past it is the only one to own it; others only look.
    let element = ManuallyDrop::new(unsafe { (*node).element.assume_init_read() });
    let copy = T::clone(&element);
    if !element.is_plain() {
        pinned.later(ManuallyDrop::into_inner(element));
    }
    copy
}

/// Something boxed that only its owner knows by now, or will, once everybody has moved on.
struct Owned<N>(*mut N);

// SAFETY: whoever has it is the only one to, and what is in it are elements, which are `Send`.
unsafe impl<N> Send for Owned<N> {}

impl<N> Drop for Owned<N> {
    fn drop(&mut self) {
        // SAFETY: it was boxed, and this is the last pointer to it. A node leaves its element alone.
        drop(unsafe { Box::from_raw(self.0) });
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
