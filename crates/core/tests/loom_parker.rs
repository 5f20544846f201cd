//! Every order in which a parked thread and those that unpark it may meet. A lost wake shows as a deadlock.
#![cfg(loom)]

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
