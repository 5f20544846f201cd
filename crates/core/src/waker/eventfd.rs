//! The waker over Linux's eventfd.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};

use crate::number::Claim;
use crate::poller::Poller;

/// An eventfd in the poller of the domain that it wakes. Any thread may use it.
#[derive(Debug)]
pub struct Waker {
    _claim: Claim,
    fd: OwnedFd,
}

impl Waker {
    /// Makes a waker for the domain of `poller`.
    ///
    /// # Errors
    /// Out of descriptors or memory.
    pub fn new(poller: &Poller) -> io::Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        poller.add_waker(fd.as_fd())?;
        Ok(Self {
            _claim: Claim::on(&fd),
            fd,
        })
    }

    /// Wakes the domain: its poller becomes readable, now or at its next look. Never blocks; a full counter, which 2^64
    /// unread wakes would take, is emptied.
    pub fn wake(&self) {
        let one = 1u64.to_ne_bytes();
        if rustix::io::write(&self.fd, &one) == Err(rustix::io::Errno::AGAIN) {
            let _ = rustix::io::read(&self.fd, &mut [0u8; 8]);
            let _ = rustix::io::write(&self.fd, &one);
        }
    }
}
