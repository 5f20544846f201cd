//! The inbox of a domain: what other domains have for it, and how they know whether it must be woken.
//!
//! Two flags go with the queue. The *signal word* lies in memory shared with JavaScript, so that a domain which is awake
//! sees mail without a call: a push sets it, the domain clears it before it drains. *Asleep* is set by the domain before it
//! sleeps; the push that takes it back wakes the domain, by a system call, and no other push does.
//!
//! Nothing is lost, by the argument of Dekker's algorithm, with one sequentially consistent fence on each side. A push
//! writes the queue, passes its fence, then looks at the flags. The domain writes a flag (clears the word, or declares
//! itself asleep), passes its fence, then looks into the queue. The two fences stand in one order:
//!
//! - the push's first: the domain, looking after its own fence, finds the mail;
//! - the domain's first: the push, looking after its own fence, finds the flag as the domain wrote it: the word clear, and
//!   sets it again; or asleep, and takes it back and wakes.
//!
//! Either way somebody has seen what the other wrote. Both may: the domain finds mail and is woken too, and finds nothing
//! at that wake. `tests/loom_inbox.rs` checks it; without either fence that model fails.

use crate::primitive::{AtomicBool, AtomicU32, Ordering, fence};
use crate::queue::Queue;

/// Many domains push, the one whose inbox it is does the rest. The signal word is passed in at each use: who made the
/// memory in which it lies keeps it alive.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use miou_core::inbox::Inbox;
///
/// let (signal, inbox) = (AtomicU32::new(0), Inbox::default());
/// assert!(!inbox.push(&signal, "awake: no need to wake it"));
/// assert!(!inbox.declare_asleep(), "there is mail");
/// assert_eq!(signal.load(Ordering::Relaxed), 1);
/// inbox.clear(&signal);
/// while let Some(_mail) = inbox.pop() {}
/// assert!(inbox.declare_asleep());
/// assert!(inbox.push(&signal, "the caller wakes it"));
/// ```
#[derive(Debug)]
pub struct Inbox<T> {
    queue: Queue<T>,
    /// Set by the domain alone. Whoever sets it back from true owes the domain a wake, unless it is the domain itself.
    /// Written by read-modify-writes only, so that all of them are in one order.
    asleep: AtomicBool,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self {
            queue: Queue::new(),
            asleep: AtomicBool::new(false),
        }
    }
}

impl<T> Inbox<T> {
    /// Adds a message. `true`: the domain has declared itself asleep, and the caller is the one that must wake it.
    #[must_use = "where it says so, the domain has to be woken"]
    pub fn push(&self, signal: &AtomicU32, message: T) -> bool {
        self.queue.push(message);
        fence(Ordering::SeqCst);
        // Looked at first, so that producers in a row do not take the word's cache line from its reader.
        if signal.load(Ordering::Relaxed) == 0 {
            signal.store(1, Ordering::Relaxed);
        }
        self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed)
    }

    /// Clears the signal word. Mail that is not in the queue by now sets it again.
    pub fn clear(&self, signal: &AtomicU32) {
        signal.store(0, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Takes the oldest message.
    #[must_use]
    pub fn pop(&self) -> Option<T> {
        self.queue.pop()
    }

    /// Whether there is no mail.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How much mail there is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Declares the domain asleep and looks once more. `false`: there is mail, and the domain is still awake.
    #[must_use = "false: the domain must not sleep"]
    pub fn declare_asleep(&self) -> bool {
        self.asleep.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.queue.is_empty() {
            return true;
        }
        self.awake();
        false
    }

    /// Takes the declaration back, where no push has: the domain woke up for another reason. A push that did may still be
    /// about to wake it; such a wake finds nothing.
    pub fn awake(&self) {
        // Nobody else sets it, so what looks false stays false: a turn that follows no sleep writes nothing.
        if self.asleep.load(Ordering::Relaxed) {
            self.asleep.swap(false, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_push_wakes_a_sleeping_domain() {
        let (signal, inbox) = (AtomicU32::new(0), Inbox::default());
        assert!(inbox.declare_asleep());
        assert!(inbox.push(&signal, 1));
        assert!(!inbox.push(&signal, 2));
        assert_eq!((inbox.pop(), inbox.pop(), inbox.pop()), (Some(1), Some(2), None));
        assert!(inbox.declare_asleep());
        assert!(inbox.push(&signal, 3));
    }

    #[test]
    fn a_domain_with_mail_does_not_sleep() {
        let (signal, inbox) = (AtomicU32::new(0), Inbox::default());
        assert!(!inbox.push(&signal, 1));
        assert!(!inbox.declare_asleep());
        assert!(!inbox.push(&signal, 2), "it is awake");
    }

    #[test]
    fn a_domain_that_woke_up_by_itself_needs_no_wake() {
        let (signal, inbox) = (AtomicU32::new(0), Inbox::default());
        assert!(inbox.declare_asleep());
        inbox.awake();
        assert!(!inbox.push(&signal, 1));
    }

    #[test]
    fn the_signal_word_is_set_until_it_is_cleared() {
        let (signal, inbox) = (AtomicU32::new(0), Inbox::default());
        for _ in 0..2 {
            let _ = inbox.push(&signal, 1);
            assert_eq!(signal.load(Ordering::SeqCst), 1);
            inbox.clear(&signal);
            assert_eq!(signal.load(Ordering::SeqCst), 0);
        }
    }
}
