//! Every order in which waits, signals and cancellations may meet.
#![cfg(loom)]

mod explore;
mod javascript;

use explore::explore;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use miou_core::condition::WaitQueue;
use miou_core::mutex::{Cancel, FREE, Lock, LockQueue};
use miou_core::parker::Parker;

/// A mutex, a condition, and news that the mutex guards (so its accesses need no order of their own).
struct Shared {
    word: AtomicU32,
    mutex: LockQueue<Parker>,
    condition: WaitQueue<Parker>,
    news: AtomicU32,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(FREE),
            mutex: LockQueue::new(),
            condition: WaitQueue::new(),
            news: AtomicU32::new(0),
        })
    }

    fn lock(&self, owner: u32, parker: &Parker) {
        if let Lock::Queued = javascript::lock(&self.word, &self.mutex, owner, parker.clone()) {
            assert!(parker.park(None));
        }
    }

    fn unlock(&self, owner: u32) {
        javascript::unlock(&self.word, &self.mutex, owner)
            .iter()
            .for_each(Parker::unpark);
    }

    /// Gives the mutex up and joins the condition; the parker is unparked once its owner holds the mutex again.
    fn start_waiting(&self, owner: u32, parker: &Parker) {
        let next = self
            .condition
            .wait(owner, parker.clone(), || self.mutex.unlock(&self.word, owner))
            .unwrap();
        next.iter().for_each(Parker::unpark);
    }

    /// Waits until there is news.
    fn wait_for_news(&self, owner: u32) {
        let parker = Parker::default();
        self.lock(owner, &parker);
        while self.news.load(Ordering::Relaxed) == 0 {
            self.start_waiting(owner, &parker);
            assert!(parker.park(None));
        }
        self.unlock(owner);
    }

    fn signal(&self) {
        if let Some(Lock::Acquired(parker)) = self
            .condition
            .requeue(|id, waiter| self.mutex.lock(&self.word, id, waiter))
        {
            parker.unpark();
        }
    }

    fn broadcast(&self) {
        for relocked in self
            .condition
            .requeue_all(|id, waiter| self.mutex.lock(&self.word, id, waiter))
        {
            if let Lock::Acquired(parker) = relocked {
                parker.unpark();
            }
        }
    }

    /// A waiter gives up: leaves whichever line it stands in, and passes on what it was given. `true`: a signal too.
    fn give_up(&self, owner: u32) -> bool {
        if self.condition.cancel(owner).is_some() {
            return false;
        }
        match self.mutex.cancel(&self.word, owner) {
            Cancel::Removed(_) => {}
            Cancel::Owner => self.unlock(owner),
            Cancel::Absent => panic!("a waiter stands in one of the two lines or holds the mutex"),
        }
        self.signal();
        true
    }

    fn assert_over(&self) {
        assert_eq!(
            (self.word.load(Ordering::SeqCst), self.mutex.len(), self.condition.len()),
            (FREE, 0, 0)
        );
    }
}

fn spawn(shared: &Arc<Shared>, body: impl FnOnce(&Shared) + 'static) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || body(&shared))
}

#[test]
fn a_signal_after_news_under_the_mutex_is_never_lost() {
    explore(6, || {
        let shared = Shared::new();
        let waiter = spawn(&shared, |shared| shared.wait_for_news(2));
        shared.lock(4, &Parker::default());
        shared.news.store(1, Ordering::Relaxed);
        shared.signal();
        shared.unlock(4);
        waiter.join().unwrap();
        shared.assert_over();
    });
}

#[test]
fn a_signal_without_the_mutex_after_news_under_it_is_never_lost() {
    explore(6, || {
        let shared = Shared::new();
        let waiter = spawn(&shared, |shared| shared.wait_for_news(2));
        shared.lock(4, &Parker::default());
        shared.news.store(1, Ordering::Relaxed);
        shared.unlock(4);
        shared.signal();
        waiter.join().unwrap();
        shared.assert_over();
    });
}

#[test]
fn a_broadcast_reaches_everybody() {
    explore(3, || {
        let shared = Shared::new();
        let waiters = [2, 4].map(|owner| spawn(&shared, move |shared| shared.wait_for_news(owner)));
        shared.lock(6, &Parker::default());
        shared.news.store(1, Ordering::Relaxed);
        shared.unlock(6);
        shared.broadcast();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        shared.assert_over();
    });
}

#[test]
fn a_waiter_that_gives_up_while_it_is_signaled_passes_the_signal_on() {
    explore(6, || {
        let shared = Shared::new();
        let (first, second) = (Parker::default(), Parker::default());
        for (owner, parker) in [(2, &first), (4, &second)] {
            shared.lock(owner, parker);
            shared.start_waiting(owner, parker);
        }
        let signaler = spawn(&shared, Shared::signal);
        shared.give_up(2);
        signaler.join().unwrap();
        // One signal came, and the second waiter is the only one left to take it.
        assert!(second.park(None));
        shared.unlock(4);
        shared.assert_over();
    });
}

#[test]
fn a_waiter_that_gives_up_in_the_line_of_the_mutex_leaves_it() {
    explore(6, || {
        let shared = Shared::new();
        let parker = Parker::default();
        shared.lock(2, &parker);
        shared.start_waiting(2, &parker);
        let holder = spawn(&shared, |shared| {
            shared.lock(4, &Parker::default());
            shared.signal();
            shared.unlock(4);
        });
        shared.give_up(2);
        holder.join().unwrap();
        shared.assert_over();
    });
}
