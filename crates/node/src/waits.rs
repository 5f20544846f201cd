//! Mutexes and conditions as JavaScript sees them: named by word.

use miou_core::mutex::Unlock;
use napi_derive::napi;

use crate::domain::{done, here, or_errno};

/// Gives a contended mutex up. 0, 1: it is free; 2: it is somebody else's.
#[napi(catch_unwind)]
pub fn unlock(mutex: i32, owner: i32) -> i32 {
    match here(|core| core.unlock(mutex as u32, owner as u32)) {
        Ok(()) => 0,
        Err(Unlock::NotLocked) => 1,
        Err(Unlock::NotOwner) => 2,
    }
}

/// Signals a condition, to one or to all.
#[napi(catch_unwind)]
pub fn signal(condition: i32, all: bool) {
    here(|core| core.signal(condition as u32, all));
}

/// Ends a wait for a mutex or on a condition before its time.
#[napi(catch_unwind)]
pub fn forsake(token: i32) -> bool {
    here(|core| core.forsake(token))
}

/// Queues this thread for a mutex: 1 where it holds it, 0 where it is to park.
#[napi(catch_unwind)]
pub fn lock_sync(mutex: i32, owner: i32) -> i32 {
    or_errno(here(|core| core.lock_sync(mutex as u32, owner as u32)).map(i32::from))
}

/// Has this thread wait on a condition; it is to park until it holds the mutex again.
#[napi(catch_unwind)]
pub fn wait_sync(condition: i32, mutex: i32, owner: i32) -> i32 {
    done(here(|core| {
        core.wait_sync(condition as u32, mutex as u32, owner as u32)
    }))
}

/// Sleeps for at most 50 ms; whether the thread was woken.
#[napi(catch_unwind)]
pub fn park() -> bool {
    here(miou_core::domain::Domain::park)
}
