//! Every order in which the transitions that JavaScript makes on a mutex's word may meet those of Rust.
#![cfg(loom)]

mod explore;
mod javascript;

use explore::explore;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use miou_core::mutex::{CONTENDED, Cancel, FREE, Lock, LockQueue};
use miou_core::parker::Parker;

/// A mutex, and something that it guards: loom fails a model in which two threads are at it at once.
struct Shared {
    word: AtomicU32,
    queue: LockQueue<Parker>,
    guarded: UnsafeCell<u32>,
}

impl Shared {
    fn held_by(owner: u32) -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(owner),
            queue: LockQueue::new(),
            guarded: UnsafeCell::new(0),
        })
    }

    fn lock(&self, owner: u32) {
        let parker = Parker::default();
        if let Lock::Queued = javascript::lock(&self.word, &self.queue, owner, parker.clone()) {
            assert!(parker.park(None));
        }
    }

    fn work(&self) {
        // SAFETY: GUARDED: only whoever holds the mutex comes here; loom checks it.
        self.guarded.with_mut(|guarded| unsafe { *guarded += 1 });
    }

    fn unlock(&self, owner: u32) {
        javascript::unlock(&self.word, &self.queue, owner)
            .iter()
            .for_each(Parker::unpark);
    }

    fn lock_work_unlock(&self, owner: u32) {
        self.lock(owner);
        self.work();
        self.unlock(owner);
    }

    /// Nobody is left: the mutex is free, and as often as `times` somebody has held it.
    fn assert_over(&self, times: u32) {
        assert_eq!((self.word.load(Ordering::SeqCst), self.queue.len()), (FREE, 0));
        // SAFETY: GUARDED: the other threads have ended.
        self.guarded.with(|guarded| assert_eq!(unsafe { *guarded }, times));
    }
}

fn spawn(shared: &Arc<Shared>, body: impl FnOnce(&Shared) + 'static) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || body(&shared))
}

#[test]
fn two_owners_exclude_each_other_and_both_get_it() {
    explore(4, || {
        let shared = Shared::held_by(FREE);
        let other = spawn(&shared, |shared| shared.lock_work_unlock(2));
        shared.lock_work_unlock(4);
        other.join().unwrap();
        shared.assert_over(2);
    });
}

#[test]
fn three_owners_exclude_each_other_and_all_get_it() {
    explore(3, || {
        let shared = Shared::held_by(FREE);
        let others = [2, 4].map(|owner| spawn(&shared, move |shared| shared.lock_work_unlock(owner)));
        shared.lock_work_unlock(6);
        others.into_iter().for_each(|other| other.join().unwrap());
        shared.assert_over(3);
    });
}

#[test]
fn a_second_lock_by_the_same_owner_meets_the_hand_over() {
    explore(4, || {
        let shared = Shared::held_by(FREE);
        let other = spawn(&shared, |shared| {
            shared.lock_work_unlock(2);
            shared.lock_work_unlock(2);
        });
        shared.lock_work_unlock(4);
        other.join().unwrap();
        shared.assert_over(3);
    });
}

#[test]
fn a_waiter_that_gives_up_is_handed_the_lock_or_leaves() {
    explore(4, || {
        let shared = Shared::held_by(2);
        let waiter = spawn(&shared, |shared| {
            let parker = Parker::default();
            if let Lock::Queued = javascript::lock(&shared.word, &shared.queue, 4, parker.clone()) {
                match shared.queue.cancel(&shared.word, 4) {
                    Cancel::Removed(_) => return,
                    Cancel::Owner => {}
                    Cancel::Absent => panic!("it stood in line and was not removed"),
                }
            }
            shared.unlock(4);
        });
        let third = spawn(&shared, |shared| shared.lock_work_unlock(6));
        shared.work();
        shared.unlock(2);
        waiter.join().unwrap();
        third.join().unwrap();
        shared.assert_over(2);
    });
}

#[test]
fn a_thread_that_is_ended_after_its_mark_holds_nobody_up() {
    explore(4, || {
        let shared = Shared::held_by(FREE);
        let ended = spawn(&shared, |shared| {
            let seen = shared.word.load(Ordering::SeqCst);
            if seen != FREE {
                javascript::mark(&shared.word, seen);
            }
        });
        let other = spawn(&shared, |shared| shared.lock_work_unlock(2));
        shared.lock_work_unlock(4);
        ended.join().unwrap();
        other.join().unwrap();
        // The mark may have been the last thing that happened only where somebody still held the lock.
        shared.assert_over(2);
    });
}

#[test]
fn what_a_dead_owner_held_passes_on_while_others_come() {
    explore(4, || {
        // Owner 2 was ended while it held the mutex, owner 4 of the same domain while it waited, or before.
        let shared = Shared::held_by(2 | CONTENDED);
        assert!(matches!(
            shared.queue.lock(&shared.word, 4, Parker::default()),
            Lock::Queued
        ));
        let live = spawn(&shared, |shared| shared.lock_work_unlock(6));
        shared
            .queue
            .abandon(&shared.word, |id| id < 6)
            .iter()
            .for_each(Parker::unpark);
        live.join().unwrap();
        shared.assert_over(1);
    });
}

#[test]
fn a_hand_over_to_a_domain_that_dies_meanwhile_passes_on() {
    explore(4, || {
        let shared = Shared::held_by(2);
        assert!(matches!(
            shared.queue.lock(&shared.word, 4, Parker::default()),
            Lock::Queued
        ));
        let parker = Parker::default();
        assert!(matches!(
            shared.queue.lock(&shared.word, 6, parker.clone()),
            Lock::Queued
        ));
        let holder = spawn(&shared, |shared| {
            shared.work();
            shared.unlock(2);
        });
        // 4 is dead: before it is handed the lock, or after.
        shared
            .queue
            .abandon(&shared.word, |id| id == 4)
            .iter()
            .for_each(Parker::unpark);
        assert!(parker.park(None));
        shared.work();
        shared.unlock(6);
        holder.join().unwrap();
        shared.assert_over(2);
    });
}
