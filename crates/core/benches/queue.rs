//! What a message costs: crossbeam's queue, which [`Queue`] is made of, beside the two that we would write instead.
//! `cargo bench -p miou-core --bench queue` prints the median of several rounds, the contenders taking turns.

use std::collections::VecDeque;
use std::hint::black_box;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use miou_core::fifo::{Element, Fifo};
use miou_core::inbox::Inbox;
use miou_core::queue::Queue;

const MESSAGES: u64 = 300_000;
const PRODUCERS: u64 = 3;
const ROUNDS: usize = 15;

/// A message of the size of a domain's mail.
type Message = [u64; 4];

trait Contender: Default + Sync {
    fn push(&self, message: Message);
    /// Called by one thread at a time.
    fn pop(&self) -> Option<Message>;
}

impl Contender for Queue<Message> {
    fn push(&self, message: Message) {
        Self::push(self, message);
    }
    fn pop(&self) -> Option<Message> {
        Self::pop(self)
    }
}

/// A message that a `Fifo` takes.
#[derive(Clone)]
struct Plain(Message);

impl Element for Plain {}

impl Contender for Fifo<Plain> {
    fn push(&self, message: Message) {
        Self::push(self, Plain(message));
    }
    fn pop(&self) -> Option<Message> {
        Self::pop(self).map(|plain| plain.0)
    }
}

/// The queue within its wake protocol, of a domain that is awake.
#[derive(Default)]
struct Mail {
    inbox: Inbox<Message>,
    signal: AtomicU32,
}

impl Contender for Mail {
    fn push(&self, message: Message) {
        assert!(!self.inbox.push(&self.signal, message), "nobody sleeps here");
    }
    fn pop(&self) -> Option<Message> {
        self.inbox.pop()
    }
}

impl Contender for Mutex<VecDeque<Message>> {
    fn push(&self, message: Message) {
        self.lock().unwrap().push_back(message);
    }
    fn pop(&self) -> Option<Message> {
        self.lock().unwrap().pop_front()
    }
}

/// Vyukov's queue of many producers and one consumer: a linked list, a push exchanges its head.
///
/// **Invariant TAIL**: the tail belongs to the consumer; a node is freed once the tail has moved past it, and a producer
/// touches only its own node and the one that was the head, which the tail cannot pass before its `next` is set.
struct Linked {
    head: AtomicPtr<Node>,
    tail: AtomicPtr<Node>,
}

struct Node {
    next: AtomicPtr<Node>,
    message: Message,
}

impl Node {
    fn new(message: Message) -> *mut Self {
        Box::into_raw(Box::new(Self {
            next: AtomicPtr::new(ptr::null_mut()),
            message,
        }))
    }
}

impl Default for Linked {
    fn default() -> Self {
        let stub = Node::new([0; 4]);
        Self {
            head: AtomicPtr::new(stub),
            tail: AtomicPtr::new(stub),
        }
    }
}

impl Contender for Linked {
    fn push(&self, message: Message) {
        let node = Node::new(message);
        let last = self.head.swap(node, Ordering::AcqRel);
        // SAFETY: TAIL: `last` has no next yet, so it has not been freed.
        unsafe { &*last }.next.store(node, Ordering::Release);
    }
    fn pop(&self) -> Option<Message> {
        let tail = self.tail.load(Ordering::Relaxed);
        // SAFETY: TAIL: the consumer, which is the caller, alone frees the tail.
        let next = unsafe { &*tail }.next.load(Ordering::Acquire);
        if next.is_null() {
            return None;
        }
        self.tail.store(next, Ordering::Relaxed);
        // SAFETY: TAIL: nobody reaches `tail` any more; `next` is alive and its message written.
        unsafe {
            drop(Box::from_raw(tail));
            Some((*next).message)
        }
    }
}

impl Drop for Linked {
    fn drop(&mut self) {
        while self.pop().is_some() {}
        // SAFETY: TAIL: the last node, and nobody else is left.
        drop(unsafe { Box::from_raw(*self.tail.get_mut()) });
    }
}

fn message(number: u64) -> Message {
    [number; 4]
}

/// Nanoseconds for a push and a pop, by one thread, one after the other.
fn alone<Q: Contender>() -> f64 {
    let queue = Q::default();
    let begun = Instant::now();
    for number in 0..MESSAGES {
        queue.push(black_box(message(number)));
        black_box(queue.pop());
    }
    begun.elapsed().as_nanos() as f64 / MESSAGES as f64
}

/// Nanoseconds from one message to the next, from several producers to one consumer.
fn together<Q: Contender>() -> f64 {
    let queue = Q::default();
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..PRODUCERS {
            scope.spawn(|| (0..MESSAGES / PRODUCERS).for_each(|number| queue.push(message(number))));
        }
        let mut left = MESSAGES;
        while left > 0 {
            match queue.pop() {
                Some(message) => left -= u64::from(black_box(message).len() == 4),
                None => thread::yield_now(),
            }
        }
    });
    begun.elapsed().as_nanos() as f64 / MESSAGES as f64
}

fn main() {
    type Measure = (&'static str, fn() -> f64);
    let measures: [Measure; 10] = [
        ("push + pop, one thread: crossbeam", alone::<Queue<Message>>),
        ("push + pop, one thread: inbox", alone::<Mail>),
        ("push + pop, one thread: linked list", alone::<Linked>),
        ("push + pop, one thread: fifo", alone::<Fifo<Plain>>),
        ("push + pop, one thread: mutex", alone::<Mutex<VecDeque<Message>>>),
        ("message, 3 threads to 1: crossbeam", together::<Queue<Message>>),
        ("message, 3 threads to 1: inbox", together::<Mail>),
        ("message, 3 threads to 1: linked list", together::<Linked>),
        ("message, 3 threads to 1: fifo", together::<Fifo<Plain>>),
        ("message, 3 threads to 1: mutex", together::<Mutex<VecDeque<Message>>>),
    ];
    let mut figures = measures.map(|_| vec![]);
    for _ in 0..ROUNDS {
        for (figures, (_, measure)) in figures.iter_mut().zip(measures) {
            figures.push(measure());
        }
    }
    for (mut figures, (name, _)) in figures.into_iter().zip(measures) {
        figures.sort_by(f64::total_cmp);
        let (median, least, most) = (figures[ROUNDS / 2], figures[0], figures[ROUNDS - 1]);
        println!("{name:<40} {median:8.1} ns   ({least:.1} to {most:.1})");
    }
}
