//! Every order in which threads may meet at a trigger.
#![cfg(loom)]

mod explore;

use explore::explore;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use miou_core::trigger::{Attach, INITIAL, SIGNALED, Trigger};

struct Shared {
    word: AtomicU32,
    trigger: Trigger<u32>,
    /// How often waiters were woken.
    called: AtomicU32,
    /// Attaches that won, that came too late, and that found somebody else.
    won: AtomicU32,
    lost: AtomicU32,
    refused: AtomicU32,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(INITIAL),
            trigger: Trigger::default(),
            called: AtomicU32::new(0),
            won: AtomicU32::new(0),
            lost: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        })
    }

    fn signal(&self) {
        if self.trigger.signal(&self.word).is_some() {
            self.called.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn attach(&self, id: u32) {
        let counter = match self.trigger.attach(&self.word, u64::from(id), id) {
            Attach::Attached => &self.won,
            Attach::Signaled(_) => &self.lost,
            Attach::Taken(_) => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn count(counter: &AtomicU32) -> u32 {
        counter.load(Ordering::Relaxed)
    }
}

fn spawn(shared: &Arc<Shared>, act: impl FnOnce(&Shared) + 'static) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || act(&shared))
}

/// S01: two threads signal, two attach.
#[test]
fn s01_one_attach_wins_at_most_and_is_called_once() {
    explore(3, || {
        let shared = Shared::new();
        let others = [
            spawn(&shared, Shared::signal),
            spawn(&shared, |shared| shared.attach(1)),
            spawn(&shared, |shared| shared.attach(2)),
        ];
        shared.signal();
        others.into_iter().for_each(|other| other.join().unwrap());
        let [called, won, lost, refused] =
            [&shared.called, &shared.won, &shared.lost, &shared.refused].map(Shared::count);
        assert_eq!(shared.word.load(Ordering::Relaxed), SIGNALED);
        assert!(won <= 1);
        assert_eq!(called, won);
        assert_eq!(won + lost + refused, 2);
        assert_eq!(refused == 1, lost == 0 && won == 1);
    });
}

#[test]
fn a_waiter_that_gives_up_is_woken_or_gone_and_the_next_one_may_wait() {
    explore(3, || {
        let shared = Shared::new();
        shared.attach(1);
        let signaler = spawn(&shared, Shared::signal);
        let gone = shared.trigger.cancel(&shared.word, 1).is_some();
        shared.attach(2);
        signaler.join().unwrap();
        let [called, won, lost] = [&shared.called, &shared.won, &shared.lost].map(Shared::count);
        assert_eq!(shared.word.load(Ordering::Relaxed), SIGNALED);
        assert_eq!((won + lost, Shared::count(&shared.refused)), (2, 0));
        assert_eq!(called, won - u32::from(gone));
    });
}
