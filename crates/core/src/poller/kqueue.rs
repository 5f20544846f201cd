//! The poller over kqueue, of macOS and the BSDs.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::kqueue::{self, EventFilter, EventFlags, UserDefinedFlags, UserFlags};
use rustix::io::{Errno, FdFlags};

use super::{EVENTS, Event, Key};
use crate::number::Claim;

/// A kqueue and room for what it says.
///
/// **Invariant WATCHED**: each descriptor in it was open when it was added, and the kernel takes one out as its last
/// duplicate is closed; its key has a generation. So an event about a descriptor that is gone finds nobody.
pub struct Poller {
    _claim: Claim,
    kqueue: OwnedFd,
    events: Vec<kqueue::Event>,
}

// A key travels in the pointer that goes with an event.
const _: () = assert!(size_of::<usize>() == size_of::<u64>());

impl Poller {
    /// The name that `miou info` prints.
    pub const NAME: &str = "kqueue";

    /// Makes a poller that watches nothing.
    ///
    /// # Errors
    /// Those of `kqueue`: out of descriptors or memory.
    pub fn new() -> io::Result<Self> {
        let kqueue = kqueue::kqueue()?;
        rustix::io::fcntl_setfd(&kqueue, FdFlags::CLOEXEC)?;
        Ok(Self {
            _claim: Claim::on(&kqueue),
            kqueue,
            events: Vec::with_capacity(EVENTS),
        })
    }

    /// Watches `fd` for reading and writing until it is removed or closed.
    ///
    /// # Errors
    /// What the kernel says where it can't watch the descriptor, or has no memory.
    pub fn add(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let watched = match self.change(fd, EventFlags::ADD | EventFlags::CLEAR, key)? {
            [0, errno] if errno == Errno::PIPE.raw_os_error() => self.add_failed(fd, key),
            [0, 0] => Ok(()),
            [0, errno] | [errno, _] => Err(io::Error::from_raw_os_error(errno)),
        };
        watched.inspect_err(|_| self.remove(fd))
    }

    /// Stops watching `fd`. One that somebody else has closed is no longer watched anyway.
    pub fn remove(&self, fd: BorrowedFd<'_>) {
        let _ = self.change(fd, EventFlags::DELETE, Key::WAKER);
    }

    /// Looks, without waiting, and gives each event to `each`; a descriptor that is ready on both sides has two. Returns
    /// how many there were.
    ///
    /// # Errors
    /// Those of `kevent` but `EINTR`, which counts as no event.
    pub fn look(&mut self, mut each: impl FnMut(Event)) -> io::Result<usize> {
        self.events.clear();
        // SAFETY: WATCHED; nothing is added here.
        match unsafe { kqueue::kevent(&self.kqueue, &[], spare_capacity(&mut self.events), Some(NOW)) } {
            Ok(count) => {
                self.events.iter().map(translate).for_each(&mut each);
                Ok(count)
            }
            Err(Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// A change that bears `key`, as its event will.
    pub(crate) fn bearing(key: Key, filter: EventFilter, flags: EventFlags) -> kqueue::Event {
        kqueue::Event::new(filter, flags, std::ptr::without_provenance_mut(key.0 as usize))
    }

    /// Applies `flags` to both filters of `fd` and returns the errno of each, 0 for success.
    fn change(&self, fd: BorrowedFd<'_>, flags: EventFlags, key: Key) -> io::Result<[i32; 2]> {
        // With receipts: without, the first failure would keep the second change from being looked at.
        let flags = flags | EventFlags::RECEIPT;
        let changes = [EventFilter::Read(fd.as_raw_fd()), EventFilter::Write(fd.as_raw_fd())];
        let changes = changes.map(|filter| Self::bearing(key, filter, flags));
        let mut receipts = [const { MaybeUninit::uninit() }; 2];
        // SAFETY: WATCHED; `fd` is open, since it is borrowed.
        match unsafe { kqueue::kevent(&self.kqueue, &changes, &mut receipts, Some(NOW)) } {
            Ok((receipts, _)) => {
                let mut errnos = [0; 2];
                for (errno, receipt) in errnos.iter_mut().zip(receipts) {
                    *errno = receipt.data() as i32;
                }
                Ok(errnos)
            }
            // The changes have been made.
            Err(Errno::INTR) => Ok([0; 2]),
            Err(error) => Err(error.into()),
        }
    }

    /// The other end of the pipe `fd` has gone, so its writing side can't be watched, and is what [`translate`] makes of an
    /// event of our own, which happens once and at once.
    fn add_failed(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let filter = |flags| EventFilter::User {
            ident: fd.as_raw_fd() as isize,
            flags,
            user_flags: UserDefinedFlags::new(0),
        };
        let changes = [
            Self::bearing(key, filter(UserFlags::NOINPUT), EventFlags::ADD | EventFlags::ONESHOT),
            Self::bearing(key, filter(UserFlags::TRIGGER), EventFlags::empty()),
        ];
        // SAFETY: a user event names no descriptor.
        unsafe { kqueue::kevent(&self.kqueue, &changes, &mut [] as &mut [kqueue::Event], Some(NOW)) }?;
        Ok(())
    }
}

const NOW: std::time::Duration = std::time::Duration::ZERO;

fn translate(event: &kqueue::Event) -> Event {
    let key = Key(event.udata().addr() as u64);
    let closed = event.flags().contains(EventFlags::EOF);
    let reads = matches!(event.filter(), EventFilter::Read(_)) || key == Key::WAKER;
    // A user event that is not the waker's stands for a writing side that has failed.
    let failed = !reads && matches!(event.filter(), EventFilter::User { .. });
    Event {
        key,
        readable: reads,
        writable: !reads,
        read_closed: reads && closed,
        write_closed: !reads && closed || failed,
    }
}

impl std::fmt::Debug for Poller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poller")
            .field("kqueue", &self.kqueue)
            .finish_non_exhaustive()
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.kqueue.as_fd()
    }
}
