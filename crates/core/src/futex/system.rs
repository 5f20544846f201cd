//! The futex of Linux. Private to the process: its waits and wakes need not look the page up.

use std::time::Duration;

use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};

use super::Woken;
use crate::primitive::AtomicU32;

pub(super) fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Woken {
    // A time too long for the kernel's clock is no limit at all.
    let timeout = timeout.and_then(|time| Timespec::try_from(time).ok());
    match futex::wait(word, Flags::PRIVATE, expected, timeout.as_ref()) {
        Err(Errno::AGAIN) => Woken::Changed,
        Err(Errno::TIMEDOUT) => Woken::TimedOut,
        // A wake, or EINTR. No other error is possible for an aligned word and a valid time.
        Ok(()) | Err(_) => Woken::Notified,
    }
}

pub(super) fn wake(word: &AtomicU32, count: u32) {
    // Fails only for memory that is not mapped, and `word` is.
    let _ = futex::wake(word, Flags::PRIVATE, count);
}
