//! Every order in which a parked thread and those that unpark it may meet. A lost wake shows as a deadlock.
#![cfg(loom)]

use std::time::Duration;

use loom::thread;
use miou_core::parker::Parker;

#[test]
fn an_unpark_before_during_or_after_going_to_sleep_ends_it() {
    loom::model(|| {
        let parker = Parker::default();
        let other = {
            let parker = parker.clone();
            thread::spawn(move || parker.unpark())
        };
        assert!(parker.park(None));
        other.join().unwrap();
    });
}

#[test]
fn two_threads_unpark_and_both_are_seen_or_merged() {
    loom::model(|| {
        let parker = Parker::default();
        let others = [parker.clone(), parker.clone()].map(|parker| thread::spawn(move || parker.unpark()));
        assert!(parker.park(None));
        others.into_iter().for_each(|other| other.join().unwrap());
        parker.unpark();
        assert!(parker.park(None));
    });
}

#[test]
fn an_unpark_that_comes_as_the_time_is_up_is_kept_for_the_next_park() {
    loom::model(|| {
        let parker = Parker::default();
        let other = {
            let parker = parker.clone();
            thread::spawn(move || parker.unpark())
        };
        if !parker.park(Some(Duration::from_millis(1))) {
            assert!(parker.park(None));
        }
        other.join().unwrap();
    });
}
