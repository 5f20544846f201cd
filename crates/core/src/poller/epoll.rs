//! The poller over Linux's epoll.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::{EVENTS, Event, Key};
use crate::number::Claim;

/// An epoll instance and room for what it says.
pub struct Poller {
    _claim: Claim,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poller {
    /// The name that `miou info` prints.
    pub const NAME: &str = "epoll";

    /// Makes a poller that watches nothing.
    ///
    /// # Errors
    /// Those of `epoll_create1`: out of descriptors or memory.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Self {
            _claim: Claim::on(&epoll),
            epoll,
            events: Vec::with_capacity(EVENTS),
        })
    }

    /// Watches `fd` for reading and writing until it is removed or closed.
    ///
    /// # Errors
    /// `EPERM` for what can't be polled (a regular file), `EEXIST`, `ENOMEM`, `ENOSPC`.
    pub fn add(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let interest = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, fd, EventData::new_u64(key.0), interest)?)
    }

    /// Watches the waker: edge-triggered as well, so its counter never has to be read back.
    ///
    /// # Errors
    /// As [`Poller::add`].
    pub fn add_waker(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let interest = EventFlags::IN | EventFlags::ET;
        Ok(epoll::add(&self.epoll, fd, EventData::new_u64(Key::WAKER.0), interest)?)
    }

    /// Stops watching `fd`. One that somebody else has closed is no longer watched anyway.
    pub fn remove(&self, fd: BorrowedFd<'_>) {
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// Looks, without waiting, and gives each event to `each`. Returns how many there were.
    ///
    /// # Errors
    /// Those of `epoll_wait` but `EINTR`, which counts as no event.
    pub fn look(&mut self, mut each: impl FnMut(Event)) -> io::Result<usize> {
        const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&NOW)) {
            Ok(count) => {
                for event in &self.events {
                    let flags = event.flags;
                    let failed = flags.intersects(EventFlags::ERR | EventFlags::HUP);
                    each(Event {
                        key: Key(event.data.u64()),
                        readable: failed || flags.intersects(EventFlags::IN | EventFlags::RDHUP),
                        writable: failed || flags.contains(EventFlags::OUT),
                        read_closed: failed || flags.contains(EventFlags::RDHUP),
                        write_closed: failed,
                    });
                }
                Ok(count)
            }
            Err(rustix::io::Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

impl std::fmt::Debug for Poller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poller")
            .field("epoll", &self.epoll)
            .finish_non_exhaustive()
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
