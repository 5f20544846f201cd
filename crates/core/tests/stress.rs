//! Synchronisation between real threads, hammered. ThreadSanitizer and Miri run these too, see npm/verify.sh.
#![cfg(not(loom))]

mod javascript;

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use miou_core::condition::WaitQueue;
use miou_core::fifo::{Element, Fifo};
use miou_core::inbox::Inbox;
use miou_core::mutex::{Cancel, FREE, Lock, LockQueue};
use miou_core::parker::Parker;
use miou_core::queue::Queue;

/// Long enough for any machine, so that a lost wake is a failure and not a hang.
const NEVER: Option<Duration> = Some(Duration::from_secs(60));

/// Runs `body` on `count` threads, and gives what they return.
fn threads<S, R>(count: u32, shared: &Arc<S>, body: impl Fn(&S, u32) -> R + Copy + Send + 'static) -> Vec<R>
where
    S: Send + Sync + 'static,
    R: Send + 'static,
{
    let threads: Vec<_> = (0..count)
        .map(|number| {
            let shared = Arc::clone(shared);
            thread::spawn(move || body(&shared, number))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// A number that is added to without any atomic operation.
struct Plain(UnsafeCell<u64>);

// SAFETY: GUARDED: only whoever holds the mutex beside it touches the cell.
unsafe impl Sync for Plain {}

#[test]
fn a_plain_increment_under_the_mutex_is_exact() {
    const THREADS: u32 = 4;
    let rounds: u64 = if cfg!(miri) { 25 } else { 30_000 };
    let shared = Arc::new((
        AtomicU32::new(FREE),
        LockQueue::<Parker>::new(),
        Plain(UnsafeCell::new(0)),
    ));
    threads(THREADS, &shared, move |(word, queue, plain), number| {
        let (owner, parker) = (number * 2 + 2, Parker::default());
        for round in 0..rounds {
            // Every now and then it gives up once, where the lock was not handed over by then.
            let mut hasty = round % 7 == 0;
            while let Lock::Queued = javascript::lock(word, queue, owner, parker.clone()) {
                if std::mem::take(&mut hasty) && matches!(queue.cancel(word, owner), Cancel::Removed(_)) {
                    continue;
                }
                assert!(parker.park(NEVER), "a hand-over was lost");
                break;
            }
            // SAFETY: GUARDED: this thread holds the mutex.
            unsafe { *plain.0.get() += 1 };
            javascript::unlock(word, queue, owner).iter().for_each(Parker::unpark);
        }
    });
    let (word, queue, plain) = &*shared;
    // SAFETY: GUARDED: the other threads have ended.
    assert_eq!(unsafe { *plain.0.get() }, u64::from(THREADS) * rounds);
    assert_eq!((word.load(Ordering::SeqCst), queue.len()), (FREE, 0));
}

#[test]
fn two_threads_take_turns_by_a_condition() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let shared = Arc::new((
        AtomicU32::new(FREE),
        LockQueue::new(),
        WaitQueue::<Parker>::new(),
        AtomicU32::new(0),
    ));
    threads(2, &shared, move |(word, mutex, condition, turn), player| {
        let (owner, parker) = (player * 2 + 2, Parker::default());
        for _ in 0..rounds {
            if let Lock::Queued = javascript::lock(word, mutex, owner, parker.clone()) {
                assert!(parker.park(NEVER), "a hand-over was lost");
            }
            while turn.load(Ordering::Relaxed) != player {
                let next = condition
                    .wait(owner, parker.clone(), || mutex.unlock(word, owner))
                    .unwrap();
                next.iter().for_each(Parker::unpark);
                assert!(parker.park(NEVER), "a signal was lost");
            }
            turn.store(1 - player, Ordering::Relaxed);
            let moved = condition.requeue(|id, waiter| mutex.lock(word, id, waiter));
            assert!(
                matches!(moved, None | Some(Lock::Queued)),
                "the mutex is held by who signals"
            );
            javascript::unlock(word, mutex, owner).iter().for_each(Parker::unpark);
        }
    });
    assert_eq!(shared.0.load(Ordering::SeqCst), FREE);
}

#[test]
fn two_threads_wake_each_other() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let shared = Arc::new([Parker::default(), Parker::default()]);
    threads(2, &shared, move |parkers, number| {
        let [mine, other] = [&parkers[number as usize], &parkers[1 - number as usize]];
        // Strictly in turns: an unpark is remembered once only, and each one here is to be seen.
        for _ in 0..rounds {
            if number == 0 {
                other.unpark();
            }
            assert!(mine.park(NEVER), "an unpark was lost");
            if number == 1 {
                other.unpark();
            }
        }
    });
}

#[test]
fn a_queue_loses_doubles_and_reorders_nothing() {
    const PRODUCERS: u32 = 3;
    let each: u32 = if cfg!(miri) { 40 } else { 100_000 };
    let shared = Arc::new((Queue::new(), AtomicUsize::new(0)));
    let taken = threads(PRODUCERS * 2, &shared, move |(queue, count), number| {
        if number < PRODUCERS {
            (0..each).for_each(|value| queue.push((number, value)));
        }
        let mut taken = vec![];
        while number >= PRODUCERS && count.load(Ordering::Relaxed) < (PRODUCERS * each) as usize {
            match queue.pop() {
                Some(value) => {
                    count.fetch_add(1, Ordering::Relaxed);
                    taken.push(value);
                }
                None => thread::yield_now(),
            }
        }
        taken
    });
    for one in &taken {
        for producer in 0..PRODUCERS {
            assert!(one.iter().filter(|value| value.0 == producer).is_sorted());
        }
    }
    let mut all = taken.concat();
    all.sort_unstable();
    assert!(
        all.into_iter()
            .eq((0..PRODUCERS).flat_map(|producer| (0..each).map(move |value| (producer, value))))
    );
}

/// An element that is counted while it lives, as one that has something to drop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Counted(u32, u32, Arc<()>);

impl Element for Counted {}

#[test]
fn a_queue_that_is_looked_into_and_emptied_meanwhile_loses_doubles_and_reorders_nothing() {
    const PRODUCERS: u32 = 3;
    let each: u32 = if cfg!(miri) { 30 } else { 50_000 };
    let token = Arc::new(());
    let shared = Arc::new((Fifo::new(), AtomicUsize::new(0), Arc::clone(&token)));
    let taken = threads(PRODUCERS * 2 + 1, &shared, move |(queue, count, token), number| {
        if number < PRODUCERS {
            (0..each).for_each(|value| queue.push(Counted(number, value, Arc::clone(token))));
        }
        let mut taken = vec![];
        let mut round = 0;
        while number >= PRODUCERS && count.load(Ordering::Relaxed) < (PRODUCERS * each) as usize {
            round += 1;
            let some = if number == PRODUCERS * 2 && round % 8 == 0 {
                let seen = queue.to_vec();
                for producer in 0..PRODUCERS {
                    assert!(seen.iter().filter(|value| value.0 == producer).is_sorted());
                }
                assert!(queue.len() <= (PRODUCERS * each) as usize);
                queue.take_all()
            } else {
                let _ = queue.peek();
                queue.pop().into_iter().collect()
            };
            if some.is_empty() {
                thread::yield_now();
            }
            count.fetch_add(some.len(), Ordering::Relaxed);
            taken.extend(some);
        }
        taken
    });
    for one in &taken {
        for producer in 0..PRODUCERS {
            assert!(one.iter().filter(|value| value.0 == producer).is_sorted());
        }
    }
    let mut all: Vec<_> = taken.concat().into_iter().map(|value| (value.0, value.1)).collect();
    all.sort_unstable();
    assert!(
        all.into_iter()
            .eq((0..PRODUCERS).flat_map(|producer| (0..each).map(move |value| (producer, value))))
    );
}

#[test]
fn an_inbox_loses_no_wake() {
    const PRODUCERS: u32 = 3;
    let each: u32 = if cfg!(miri) { 40 } else { 50_000 };
    let shared = Arc::new((AtomicU32::new(0), Inbox::default(), Parker::default()));
    threads(PRODUCERS + 1, &shared, move |(signal, inbox, parker), number| {
        if number < PRODUCERS {
            for value in 0..each {
                if inbox.push(signal, value) {
                    parker.unpark();
                }
                if value % 64 == 0 {
                    thread::yield_now();
                }
            }
            return;
        }
        let mut left = PRODUCERS * each;
        while left > 0 {
            inbox.clear(signal);
            left -= std::iter::from_fn(|| inbox.pop()).count() as u32;
            if left > 0 && inbox.declare_asleep() {
                assert!(parker.park(NEVER), "a wake was lost");
                inbox.awake();
            }
        }
    });
    assert!(shared.1.is_empty());
}
