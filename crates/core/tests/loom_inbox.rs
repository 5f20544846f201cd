//! Every order in which pushes into an inbox may meet the domain that falls asleep. A lost wake shows as a deadlock.
#![cfg(loom)]

mod explore;

use explore::explore;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use miou_core::inbox::Inbox;
use miou_core::parker::Parker;

/// A domain's inbox, with a parker where the domain has an eventfd: both keep a wake that comes before the sleep.
struct Shared {
    signal: AtomicU32,
    inbox: Inbox<u32>,
    waker: Parker,
    wakes: AtomicU32,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            signal: AtomicU32::new(0),
            inbox: Inbox::default(),
            waker: Parker::default(),
            wakes: AtomicU32::new(0),
        })
    }

    fn post(&self, message: u32) {
        if self.inbox.push(&self.signal, message) {
            self.wakes.fetch_add(1, Ordering::Relaxed);
            self.waker.unpark();
        }
    }

    fn drain(&self) -> Vec<u32> {
        self.inbox.clear(&self.signal);
        std::iter::from_fn(|| self.inbox.pop()).collect()
    }

    /// The domain: sleeps whenever it has nothing, until it has got `count` messages. Returns how often it slept.
    fn receive(&self, count: usize) -> u32 {
        let (mut got, mut sleeps) = (self.drain().len(), 0);
        while got < count {
            if self.inbox.declare_asleep() {
                sleeps += 1;
                assert!(self.waker.park(None));
                self.inbox.awake();
            }
            got += self.drain().len();
        }
        sleeps
    }
}

fn post(shared: &Arc<Shared>, messages: &'static [u32]) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || messages.iter().for_each(|&message| shared.post(message)))
}

#[test]
fn a_push_that_meets_the_declaration_of_sleep_is_found_or_wakes() {
    explore(4, || {
        let shared = Shared::new();
        let sender = post(&shared, &[1]);
        let sleeps = shared.receive(1);
        sender.join().unwrap();
        assert!(shared.wakes.load(Ordering::Relaxed) <= sleeps.max(1));
    });
}

#[test]
fn two_pushes_of_one_domain_are_both_found() {
    explore(4, || {
        let shared = Shared::new();
        let sender = post(&shared, &[1, 2]);
        shared.receive(2);
        sender.join().unwrap();
    });
}

#[test]
fn of_two_domains_exactly_one_wakes_a_sleeper() {
    explore(3, || {
        let shared = Shared::new();
        assert!(shared.inbox.declare_asleep());
        let senders = [post(&shared, &[1]), post(&shared, &[2])];
        assert!(shared.waker.park(None));
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        assert_eq!(shared.wakes.load(Ordering::Relaxed), 1);
        assert_eq!(shared.drain().len(), 2);
    });
}

#[test]
fn two_domains_and_one_that_falls_asleep() {
    explore(3, || {
        let shared = Shared::new();
        let senders = [post(&shared, &[1]), post(&shared, &[2])];
        shared.receive(2);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn mail_that_a_drain_has_missed_shows_in_the_signal_word() {
    explore(4, || {
        let shared = Shared::new();
        let senders = [post(&shared, &[1]), post(&shared, &[2])];
        let missed = 2 - shared.drain().len();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        assert_eq!(shared.inbox.len(), missed);
        assert!(missed == 0 || shared.signal.load(Ordering::Relaxed) == 1);
    });
}
