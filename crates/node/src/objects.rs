//! Synchronisation objects as JavaScript sees them: named by their words. Values cross in the header of the ring and in its
//! send area, see `miou_core::domain`.

use miou_core::domain;
use miou_core::object::ObjectKind;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::domain::{here, or_errno};

/// Makes a mutex (0), condition (1), trigger (2), computation (3), lazy value (4) or queue (5), or finds the one of that
/// name: its word.
#[napi(catch_unwind)]
pub fn create(kind: i32, name: Option<String>) -> i32 {
    let Some(kind) = ObjectKind::of(kind) else { return -1 };
    here(|core| {
        core.create(kind, name.as_deref())
            .map_or_else(|errno| errno, |word| word as i32)
    })
}

/// There is no handle of an object here any more.
#[napi(catch_unwind)]
pub fn release(word: i32) {
    here(|core| core.release(word as u32));
}

/// The next message or value names an object; whether this thread has it.
#[napi(catch_unwind)]
pub fn share(word: i32) -> bool {
    here(|core| core.share(word as u32))
}

/// Lays down the bytes of the next value.
#[napi(catch_unwind)]
pub fn lay(bytes: Buffer) {
    here(|core| core.lay(bytes.as_ref().into()));
}

/// The bytes of the value that was taken or looked at last.
#[napi(catch_unwind)]
pub fn fetch() -> Buffer {
    here(domain::Domain::fetch)
        .map_or_else(Vec::new, |parcel| parcel.bytes.to_vec())
        .into()
}

/// Puts the value in the header behind the others of the queue there.
#[napi(catch_unwind)]
pub fn enqueue() {
    here(domain::Domain::enqueue);
}

/// Takes the oldest value of the queue in the header: its form, or -1 where there is none.
#[napi(catch_unwind)]
pub fn dequeue() -> i32 {
    here(domain::Domain::dequeue)
}

/// As dequeue, of a copy; -2 where it can't be copied.
#[napi(catch_unwind)]
pub fn peek() -> i32 {
    here(domain::Domain::peek)
}

/// How many values are in the queue in the header.
#[napi(catch_unwind)]
pub fn queued() -> u32 {
    here(|core| core.queued() as u32)
}

/// A new queue with all values of this one, taken or copied: its word; -2 where some of them can't be copied.
#[napi(catch_unwind)]
pub fn pour(queue: i32, take: bool) -> i32 {
    here(|core| core.pour(queue as u32, take))
}

/// Closes the descriptors of a run that rest in queues; how many those were.
#[napi(catch_unwind)]
pub fn close_queued(run: i32) -> u32 {
    here(|core| core.close_queued(run as u32) as u32)
}

/// Signals a trigger; how many callbacks of this thread are to be called.
#[napi(catch_unwind)]
pub fn fire(trigger: i32) -> u32 {
    here(|core| {
        core.fire(trigger as u32);
        core.ringing() as u32
    })
}

/// Has the callback of that token called when a trigger is signaled: 1; 0 where it is already; below 0: somebody waits.
#[napi(catch_unwind)]
pub fn on_signal(trigger: i32, token: i32) -> i32 {
    or_errno(here(|core| core.on_signal(trigger as u32, token)))
}

/// Completes a computation with the value in the header: -1 where it is complete, otherwise how many callbacks of this
/// thread are to be called.
#[napi(catch_unwind)]
pub fn complete(computation: i32, failed: bool) -> i32 {
    here(|core| {
        if core.complete_with(computation as u32, failed) {
            core.ringing() as i32
        } else {
            -1
        }
    })
}

/// The form of the value of a computation; -1 where there is none yet.
#[napi(catch_unwind)]
pub fn outcome(computation: i32) -> i32 {
    here(|core| core.outcome(computation as u32))
}

/// Has a computation signal a trigger at its end; whether it will.
#[napi(catch_unwind)]
pub fn attach(computation: i32, trigger: i32) -> bool {
    here(|core| core.attach(computation as u32, trigger as u32))
}

/// Has a computation signal a trigger now and not at its end; how many callbacks of this thread are to be called.
#[napi(catch_unwind)]
pub fn detach(computation: i32, trigger: i32) -> u32 {
    here(|core| {
        core.detach(computation as u32, trigger as u32);
        core.ringing() as u32
    })
}

/// Whether it is this thread that computes a lazy value now.
#[napi(catch_unwind)]
pub fn claim(lazy: i32) -> bool {
    here(|core| core.claim(lazy as u32))
}

/// This thread does not compute a lazy value any more.
#[napi(catch_unwind)]
pub fn disclaim(lazy: i32) {
    here(|core| core.disclaim(lazy as u32));
}

/// A task of this thread is to complete a computation: it fails with the value in the header where the thread ends before.
#[napi(catch_unwind)]
pub fn entrust(computation: i32) {
    here(|core| core.entrust(computation as u32));
}

/// That task is not to complete it any more.
#[napi(catch_unwind)]
pub fn relieve(computation: i32) {
    here(|core| core.relieve(computation as u32));
}

/// Tokens of the callbacks of this thread that are to be called.
#[napi(catch_unwind)]
pub fn rung() -> Vec<i32> {
    here(domain::Domain::rung)
}
