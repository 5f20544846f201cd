//! The waker over kqueue's user events.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::kqueue::{self, EventFilter, EventFlags, UserDefinedFlags, UserFlags};

use crate::number::Claim;
use crate::poller::{Key, Poller};

/// A user event in the kqueue of the domain that it wakes. Any thread may use it.
#[derive(Debug)]
pub struct Waker {
    _claim: Claim,
    /// A duplicate, so that the kqueue lives as long as somebody may wake the domain.
    kqueue: OwnedFd,
}

impl Waker {
    /// Makes a waker for the domain of `poller`.
    ///
    /// # Errors
    /// Out of descriptors or memory.
    pub fn new(poller: &Poller) -> io::Result<Self> {
        let kqueue = poller.as_fd().try_clone_to_owned()?;
        let waker = Self {
            _claim: Claim::on(&kqueue),
            kqueue,
        };
        waker.submit(EventFlags::ADD | EventFlags::CLEAR, UserFlags::NOINPUT)?;
        Ok(waker)
    }

    /// Wakes the domain: its poller becomes readable, now or at its next look. Never blocks.
    pub fn wake(&self) {
        // Fails only where the event does not exist, and `new` has added it.
        let _ = self.submit(EventFlags::empty(), UserFlags::TRIGGER);
    }

    fn submit(&self, flags: EventFlags, user: UserFlags) -> io::Result<()> {
        // No descriptor has this number. The key goes with the trigger too: FreeBSD takes it from the latest change.
        let filter = EventFilter::User {
            ident: -1,
            flags: user,
            user_flags: UserDefinedFlags::new(0),
        };
        let change = [Poller::bearing(Key::WAKER, filter, flags)];
        // SAFETY: a user event names no descriptor.
        unsafe {
            kqueue::kevent(
                &self.kqueue,
                &change,
                &mut [] as &mut [kqueue::Event],
                Some(std::time::Duration::ZERO),
            )
        }?;
        Ok(())
    }
}
