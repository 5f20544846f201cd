//! Atomics, locks and threads: those of std, or under `--cfg loom` those of loom, which runs a model through every order
//! in which its threads may meet. Whatever is to be checked that way takes them from here (crossbeam does the same).

#[cfg(loom)]
pub use loom::{
    lazy_static,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread,
};
#[cfg(not(loom))]
pub use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread,
};

/// Locks, also where a thread that held the lock has panicked: every critical section here leaves its data whole at
/// each of its steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
