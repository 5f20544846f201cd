//! A list of a queue: it is added to, taken from and closed. The invariants are those of [`super`].

use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;

use super::Element;
use crate::primitive::{AtomicPtr, Ordering};
use crate::reclaim::Guard;

/// An element, and its place in a list.
pub(super) struct Node<T> {
    /// Absent in the first node of a list.
    pub(super) element: MaybeUninit<T>,
    /// How many nodes were in its list before it. Written before the node is added.
    pub(super) number: u64,
    /// Null while it is the last; then the node behind it, or the mark of a closed list.
    pub(super) next: AtomicPtr<Node<T>>,
}

impl<T> Node<T> {
    pub(super) fn boxed(element: MaybeUninit<T>) -> *mut Self {
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

/// A list: both of its ends.
pub(super) struct List<T: Element> {
    head: Padded<AtomicPtr<Node<T>>>,
    tail: Padded<AtomicPtr<Node<T>>>,
}

/// A list is closed.
pub(super) struct Closed;

/// Both ends of a list at one moment.
pub(super) struct Range<T> {
    pub(super) head: *mut Node<T>,
    pub(super) last: *mut Node<T>,
    pub(super) closed: bool,
}

impl<T: Element> List<T> {
    pub(super) fn boxed() -> *mut Self {
        let first = Node::boxed(MaybeUninit::uninit());
        Box::into_raw(Box::new(Self {
            head: Padded(AtomicPtr::new(first)),
            tail: Padded(AtomicPtr::new(first)),
        }))
    }

    /// Adds a node that nobody knows yet.
    pub(super) fn push(&self, node: *mut Node<T>, _pinned: &Guard) -> Result<(), Closed> {
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
    pub(super) fn front(&self) -> Result<(*mut Node<T>, Option<*mut Node<T>>), Closed> {
        let head = read(&self.head.0);
        // SAFETY: PINNED: the head can be found.
        let next = read(unsafe { &(*head).next });
        if next == Node::mark() {
            Err(Closed)
        } else {
            Ok((head, (!next.is_null()).then_some(next)))
        }
    }

    pub(super) fn pop(&self, pinned: &Guard) -> Result<Option<T>, Closed> {
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
    pub(super) fn range(&self, _pinned: &Guard) -> Range<T> {
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
    pub(super) fn close(&self, pinned: &Guard) -> bool {
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
    pub(super) fn take_all(&self, pinned: &Guard) -> Vec<T> {
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
pub(super) fn read<T>(place: &AtomicPtr<T>) -> *mut T {
    #[cfg(not(loom))]
    let found = place.load(Ordering::SeqCst);
    #[cfg(loom)]
    let (Ok(found) | Err(found)) =
        place.compare_exchange(ptr::null_mut(), ptr::null_mut(), Ordering::SeqCst, Ordering::SeqCst);
    found
}

pub(super) fn exchange<T>(place: &AtomicPtr<T>, from: *mut T, to: *mut T) -> bool {
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
pub(super) struct Owned<N>(pub(super) *mut N);

// SAFETY: whoever has it is the only one to, and what is in it are elements, which are `Send`.
unsafe impl<N> Send for Owned<N> {}

impl<N> Drop for Owned<N> {
    fn drop(&mut self) {
        // SAFETY: it was boxed, and this is the last pointer to it. A node leaves its element alone.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
