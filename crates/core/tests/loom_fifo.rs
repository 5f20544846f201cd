//! Every order in which threads may meet at the queue that programs use.
#![cfg(loom)]

mod explore;

use explore::explore;
use loom::sync::Arc;
use loom::thread;
use miou_core::fifo::Fifo;

fn spawn<R: 'static>(queue: &Arc<Fifo<u32>>, act: impl FnOnce(&Fifo<u32>) -> R + 'static) -> thread::JoinHandle<R> {
    let queue = Arc::clone(queue);
    thread::spawn(move || act(&queue))
}

fn drain(queue: &Fifo<u32>) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop()).collect()
}

fn sorted(mut values: Vec<u32>) -> Vec<u32> {
    values.sort_unstable();
    values
}

#[test]
fn two_producers_lose_nothing_and_keep_their_order() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        let producer = spawn(&queue, |queue| {
            queue.push(1);
            queue.push(2);
        });
        queue.push(11);
        producer.join().unwrap();
        assert_eq!(queue.len(), 3);
        let all = drain(&queue);
        assert_eq!(all.iter().filter(|value| **value < 10).collect::<Vec<_>>(), [&1, &2]);
        assert_eq!(sorted(all), [1, 2, 11]);
    });
}

#[test]
fn two_consumers_take_each_element_once() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        queue.push(1);
        queue.push(2);
        let consumer = spawn(&queue, |queue| queue.pop());
        let mine = queue.pop();
        let other = consumer.join().unwrap();
        assert_eq!(sorted([mine, other].into_iter().flatten().collect()), [1, 2]);
        assert!(queue.is_empty());
    });
}

#[test]
fn a_consumer_that_meets_a_producer_finds_nothing_or_the_oldest() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        let producer = spawn(&queue, |queue| {
            queue.push(1);
            queue.push(2);
        });
        let first = queue.pop();
        assert!(matches!(first, None | Some(1)));
        producer.join().unwrap();
        assert_eq!([first.into_iter().collect(), drain(&queue)].concat(), [1, 2]);
    });
}

#[test]
fn taking_all_is_one_step_for_producers() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        let producer = spawn(&queue, |queue| {
            queue.push(1);
            // What is pushed is in it, or was taken: never is the older one left where the newer was taken.
            queue.push(2);
            queue.to_vec()
        });
        let taken = queue.take_all();
        let seen = producer.join().unwrap();
        assert_eq!([taken.clone(), queue.take_all()].concat(), [1, 2]);
        assert!(
            [&[1, 2][..], &[2], &[]].contains(&&seen[..]),
            "{seen:?} after {taken:?}"
        );
    });
}

#[test]
fn taking_all_is_one_step_for_consumers() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        queue.push(1);
        queue.push(2);
        let consumer = spawn(&queue, |queue| (queue.pop(), queue.peek()));
        let taken = queue.take_all();
        let (popped, peeked) = consumer.join().unwrap();
        match popped {
            Some(value) => {
                assert_eq!((value, &taken[..]), (1, &[2][..]));
                assert!(matches!(peeked, None | Some(2)));
            }
            None => {
                assert_eq!(taken, [1, 2]);
                assert_eq!(peeked, None);
            }
        }
    });
}

#[test]
fn of_two_that_take_all_each_element_goes_to_one() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        queue.push(1);
        let other = spawn(&queue, |queue| {
            queue.push(2);
            queue.take_all()
        });
        let mine = queue.take_all();
        let other = other.join().unwrap();
        assert_eq!(sorted([mine, other].concat()), [1, 2]);
        assert_eq!(queue.len(), 0);
    });
}

#[test]
fn an_element_that_was_seen_in_it_with_a_newer_one_is_taken_with_it() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        queue.push(1);
        let other = spawn(&queue, |queue| {
            queue.push(2);
            queue.peek()
        });
        let taken = queue.take_all();
        // 2 was there before 1 was seen: whoever takes 1 later takes 2 as well.
        if other.join().unwrap() == Some(1) {
            assert_eq!(taken, [1, 2]);
        }
    });
}

#[test]
fn a_copy_of_all_is_what_was_there_at_one_moment() {
    explore(4, || {
        let queue = Arc::new(Fifo::new());
        queue.push(1);
        let other = spawn(&queue, |queue| {
            let _ = queue.pop();
            queue.push(2);
        });
        let (length, seen) = (queue.len(), queue.to_vec());
        other.join().unwrap();
        assert!(length <= 1);
        assert!([&[1][..], &[], &[2]].contains(&&seen[..]), "{seen:?}");
    });
}
