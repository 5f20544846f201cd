//! A descriptor that a domain holds: the file, what is known of its readiness, who waits, and what was handed back.

use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::exhaustion;
use crate::listeners::Listening;
use crate::number;
use crate::waiting::Waiting;

/// What a descriptor is, as far as operations care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stream socket.
    Stream,
    /// A datagram socket.
    Datagram,
    /// Anything else that can be polled: a pipe, a terminal.
    File,
}

/// Readiness as it was last seen. Edge-triggered: a side is ready until an operation finds that it is not; a read that
/// is shorter than asked says so without a second call (tokio does the same). Unknown counts as ready.
#[derive(Clone, Copy, Debug)]
pub struct Readiness {
    /// A read may succeed.
    pub read: bool,
    /// A write may succeed.
    pub write: bool,
    /// The peer has ended its side: `read` stays set, since no further edge will come.
    pub read_closed: bool,
    /// Likewise for `write`.
    pub write_closed: bool,
}

/// What the kernel gave to an operation whose task was cancelled before it saw it: the next operation takes it first.
#[derive(Debug)]
pub enum Returned {
    /// Bytes of a stream, from the first one not yet taken.
    Bytes {
        /// The bytes.
        bytes: Box<[u8]>,
        /// How many of them were taken since.
        taken: usize,
    },
    /// A datagram: its bytes and the encoded address of its sender.
    Datagram {
        /// The payload.
        bytes: Box<[u8]>,
        /// The sender.
        from: Box<[u8]>,
    },
    /// A connection that a listener accepted, with the encoded address of its peer.
    Connection {
        /// The connection.
        connection: Box<Descriptor>,
        /// Its peer.
        peer: Box<[u8]>,
    },
    /// An error, as it crosses the ring: the system tells it once.
    Error(i32),
}

/// One descriptor of a domain.
#[derive(Debug)]
pub struct Descriptor {
    fd: ManuallyDrop<OwnedFd>,
    /// What it is.
    pub kind: Kind,
    /// It is in blocking mode: the system is asked before each attempt whether it would block.
    pub blocking: bool,
    /// Closing it may take seconds (`SO_LINGER`), which a thread of its own waits for.
    pub lingers: bool,
    /// Whether the poller of this domain watches it. It starts to when an operation has to wait for the first time.
    pub watched: bool,
    /// What is known of its readiness.
    pub ready: Readiness,
    /// Who waits to read, receive or accept.
    pub readers: Waiting,
    /// Who waits to write, send or connect.
    pub writers: Waiting,
    /// It is known to listen: it has accepted, or would have but for clients.
    pub listens: bool,
    /// How its connection was lost, or never came about: the system tells that once, and then that the stream has ended.
    lost: Option<Errno>,
    /// The address that it is bound to, where `bind` was asked for; its duplicates keep it too.
    pub listening: Option<Arc<Listening>>,
    /// Where the next thing stands that the system gives it: bytes are counted, and whatever else it gives counts as
    /// some. Wraps around. That of a connection that nobody has seen yet is where it stands among those of its listener.
    position: u32,
    /// What was handed back, and where that stood, in that order. A box, since it is hardly ever there.
    #[expect(
        clippy::box_collection,
        reason = "24 bytes less on every descriptor for one more allocation on hardly any"
    )]
    returned: Option<Box<VecDeque<(u32, Returned)>>>,
}

impl Descriptor {
    /// Takes over a descriptor that is in non-blocking mode.
    #[must_use]
    pub fn new(fd: OwnedFd, kind: Kind) -> Self {
        number::claim(fd.as_raw_fd());
        Self {
            fd: ManuallyDrop::new(fd),
            kind,
            blocking: false,
            lingers: false,
            watched: false,
            ready: Readiness {
                read: true,
                write: true,
                read_closed: false,
                write_closed: false,
            },
            readers: Waiting::Nobody,
            writers: Waiting::Nobody,
            listens: false,
            lost: None,
            listening: None,
            position: 0,
            returned: None,
        }
    }

    /// A second descriptor of the same open file, closed on exec. What was handed back stays with the first.
    ///
    /// # Errors
    /// Those of `fcntl`: `MFILE`.
    pub fn duplicate(&self) -> Result<Self, Errno> {
        let mut copy = Self::new(rustix::io::fcntl_dupfd_cloexec(self, STANDARD + 1)?, self.kind);
        copy.blocking = self.blocking;
        copy.lingers = self.lingers;
        copy.lost = self.lost;
        copy.listening.clone_from(&self.listening);
        Ok(copy)
    }

    /// Whether a read, or whatever takes what comes in, is worth an attempt.
    pub fn readable(&mut self) -> bool {
        if self.blocking && self.ready.read {
            self.ready.read = self.polls(PollFlags::IN);
        }
        self.ready.read
    }

    /// Whether a write, or whatever sends something out, is worth an attempt.
    pub fn writable(&mut self) -> bool {
        if self.blocking && self.ready.write {
            self.ready.write = self.polls(PollFlags::OUT);
        }
        self.ready.write
    }

    /// Whether an operation would not block just now. Errors and hang-ups count: the operation tells them.
    fn polls(&self, side: PollFlags) -> bool {
        const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(self, side)], Some(&NOW)) != Ok(0) || self.lacks(side)
    }

    /// Whether it was not opened for a side, which is then never ready.
    fn lacks(&self, side: PollFlags) -> bool {
        let other = if side == PollFlags::IN {
            OFlags::WRONLY
        } else {
            OFlags::RDONLY
        };
        rustix::fs::fcntl_getfl(self).is_ok_and(|flags| flags & OFlags::RWMODE == other)
    }

    /// It can't be waited for, and need not be: it never blocks, as a regular file.
    pub fn never_blocks(&mut self) {
        self.ready = Readiness {
            read: true,
            write: true,
            read_closed: true,
            write_closed: true,
        };
    }

    /// A read would block from here on, unless the peer has ended.
    pub fn drained(&mut self) {
        self.ready.read = self.ready.read_closed;
    }

    /// A write would block from here on, unless the descriptor has failed.
    pub fn filled(&mut self) {
        self.ready.write = self.ready.write_closed;
    }

    /// A read, a write or a connect has failed. Where that says that there is no connection any more, no reader takes what
    /// comes for its end: neither the next one, nor one that waits while somebody else hears of it.
    pub fn failed(&mut self, errno: Errno) {
        if is_loss(errno) {
            self.lost = Some(errno);
        }
    }

    /// How its connection was lost, where it was.
    #[must_use]
    pub const fn lost(&self) -> Option<Errno> {
        self.lost
    }

    /// It begins to connect: nothing is lost yet.
    pub fn begins_anew(&mut self) {
        self.lost = None;
    }

    /// A connection that this listener has accepted, and where it stands among its connections.
    pub fn accepted(&mut self, fd: OwnedFd) -> Self {
        let mut connection = Self::new(fd, Kind::Stream);
        connection.position = self.given(1);
        connection
    }

    /// Hands back a connection that nobody has seen, with the encoded address of its peer.
    pub fn give_back_connection(&mut self, connection: Box<Self>, peer: Box<[u8]>) {
        self.give_back(connection.position, Returned::Connection { connection, peer });
    }

    /// The system has given something that counts as `units`: where it stands.
    pub fn given(&mut self, units: usize) -> u32 {
        let position = self.position;
        self.position = position.wrapping_add(units as u32);
        position
    }

    /// Hands something back that stood at `position`: behind what stood before it, whichever of them comes back first.
    pub fn give_back(&mut self, position: u32, returned: Returned) {
        let queue = self.returned.get_or_insert_default();
        let behind = |other: u32| position.wrapping_sub(other).cast_signed() > 0;
        let at = queue.iter().take_while(|(other, _)| behind(*other)).count();
        queue.insert(at, (position, returned));
    }

    /// Hands something back that counts as `units`, in front of all that is there.
    pub fn put_in_front(&mut self, units: usize, returned: Returned) {
        let front = match self.returned.as_ref().and_then(|queue| queue.front()) {
            Some((position, _)) => *position,
            None => self.position,
        };
        self.give_back(front.wrapping_sub(units as u32), returned);
    }

    /// Whether something was handed back.
    #[must_use]
    pub fn has_returned(&self) -> bool {
        self.returned.is_some()
    }

    /// The first of what was handed back, and where it stands.
    pub fn take_returned(&mut self) -> Option<(u32, Returned)> {
        let queue = self.returned.as_mut()?;
        let first = queue.pop_front();
        if queue.is_empty() {
            self.returned = None;
        }
        first
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Descriptor {
    /// Closes it, unless it is a standard stream of the process, whose number the next file must not get.
    fn drop(&mut self) {
        // SAFETY: CLOSED-ONCE: this is the only place that takes the descriptor out, and nothing uses the value afterwards.
        let fd = unsafe { ManuallyDrop::take(&mut self.fd) };
        number::release(fd.as_raw_fd());
        if fd.as_raw_fd() <= STANDARD {
            let _ = fd.into_raw_fd();
        } else if self.lingers {
            // Where there is no thread to be had, the closure is dropped here, and with it the descriptor.
            let _ = std::thread::Builder::new()
                .name("miou close".into())
                .spawn(move || drop(fd));
        } else {
            drop(fd);
        }
        exhaustion::relieve();
    }
}

/// Whether an error says that a connection is no more, though its peer has not ended it.
const fn is_loss(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::CONNREFUSED
            | Errno::CONNRESET
            | Errno::CONNABORTED
            | Errno::TIMEDOUT
            | Errno::HOSTUNREACH
            | Errno::HOSTDOWN
            | Errno::NETUNREACH
            | Errno::NETDOWN
    )
}

/// The highest number of a standard stream.
pub const STANDARD: i32 = 2;
