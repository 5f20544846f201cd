//! Every order in which threads may meet at a computation.
#![cfg(loom)]

mod explore;

use explore::explore;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use miou_core::computation::{Computation, FAILED, IDLE, RETURNED, RUNNING};

struct Shared {
    word: AtomicU32,
    cell: Computation<u32, u32>,
    /// How often each of two waiters was woken.
    woken: [AtomicU32; 2],
}

impl Shared {
    fn new(state: u32) -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(state),
            cell: Computation::default(),
            woken: [AtomicU32::new(0), AtomicU32::new(0)],
        })
    }

    fn wake(&self, waiters: Vec<u32>) {
        for waiter in waiters {
            self.woken[waiter as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Completes it; whether it was this call that did.
    fn complete(&self, outcome: u32, value: u32) -> bool {
        match self.cell.complete(&self.word, outcome, value) {
            Ok(waiters) => {
                self.wake(waiters);
                true
            }
            Err(_) => false,
        }
    }

    fn attach(&self, waiter: u32) -> bool {
        self.cell
            .attach(&self.word, u64::from(waiter), waiter, |_| false)
            .is_ok()
    }

    fn wakes(&self, waiter: usize) -> u32 {
        self.woken[waiter].load(Ordering::Relaxed)
    }
}

fn spawn<R: 'static>(shared: &Arc<Shared>, act: impl FnOnce(&Shared) -> R + 'static) -> thread::JoinHandle<R> {
    let shared = Arc::clone(shared);
    thread::spawn(move || act(&shared))
}

#[test]
fn one_outcome_wins_and_everybody_who_waits_hears_of_it() {
    explore(3, || {
        let shared = Shared::new(RUNNING);
        let returning = spawn(&shared, |shared| shared.complete(RETURNED, 1));
        let failing = spawn(&shared, |shared| shared.complete(FAILED, 2));
        let waited = shared.attach(0);
        let (returned, failed) = (returning.join().unwrap(), failing.join().unwrap());
        assert!(returned != failed);
        let state = shared.word.load(Ordering::Relaxed);
        assert_eq!(
            (state, shared.cell.value()),
            if returned {
                (RETURNED, Some(1))
            } else {
                (FAILED, Some(2))
            }
        );
        assert_eq!(shared.wakes(0), u32::from(waited));
    });
}

#[test]
fn whoever_sees_it_complete_sees_its_value() {
    explore(3, || {
        let shared = Shared::new(RUNNING);
        let returning = spawn(&shared, |shared| shared.complete(RETURNED, 1));
        if shared.word.load(Ordering::SeqCst) == RETURNED {
            assert_eq!(shared.cell.value(), Some(1));
        }
        returning.join().unwrap();
    });
}

#[test]
fn a_waiter_that_gives_up_is_woken_or_gone() {
    explore(3, || {
        let shared = Shared::new(RUNNING);
        assert!(shared.attach(0));
        let returning = spawn(&shared, |shared| shared.complete(RETURNED, 1));
        let gone = shared.cell.cancel(0).is_some();
        returning.join().unwrap();
        assert_eq!(shared.wakes(0), u32::from(!gone));
    });
}

#[test]
fn where_the_domain_dies_that_was_to_complete_it_one_outcome_wins_and_everybody_hears_of_it() {
    explore(3, || {
        let shared = Shared::new(RUNNING);
        shared.cell.entrust(1, 2);
        let dying = spawn(&shared, |shared| {
            let waiters = shared.cell.abandon(&shared.word, 1, |_| false);
            shared.wake(waiters);
        });
        let returning = spawn(&shared, |shared| shared.complete(RETURNED, 1));
        let waited = shared.attach(0);
        dying.join().unwrap();
        let returned = returning.join().unwrap();
        assert_eq!(shared.cell.value(), Some(if returned { 1 } else { 2 }));
        assert_eq!(shared.wakes(0), u32::from(waited));
    });
}

#[test]
fn of_two_that_force_a_lazy_one_one_computes_and_the_other_hears_of_it() {
    explore(3, || {
        let shared = Shared::new(IDLE);
        let force = |place: u32| {
            move |shared: &Shared| {
                if shared.cell.claim(&shared.word, place) {
                    assert!(shared.complete(RETURNED, place));
                    true
                } else {
                    let _ = shared.attach(place - 1);
                    false
                }
            }
        };
        let other = spawn(&shared, force(1));
        let mine = force(2)(&shared);
        assert!(mine != other.join().unwrap());
        assert_eq!(shared.cell.value(), Some(1 + u32::from(mine)));
        assert_eq!(shared.cell.waiting(), 0);
    });
}

#[test]
fn nobody_waits_for_a_lazy_one_that_nobody_computes() {
    explore(3, || {
        let shared = Shared::new(IDLE);
        assert!(shared.cell.claim(&shared.word, 1));
        let forcer = spawn(&shared, |shared| {
            // It is cancelled.
            let waiters = shared.cell.disclaim(&shared.word, 1);
            shared.wake(waiters);
        });
        let waited = shared.attach(0);
        forcer.join().unwrap();
        assert_eq!((shared.wakes(0), shared.cell.waiting()), (u32::from(waited), 0));
        assert!(shared.cell.claim(&shared.word, 2));
    });
}
