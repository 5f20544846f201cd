//! A descriptor that a domain holds: the file, what is known of its readiness, who waits, and what was handed back.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::listeners::Listening;
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
}

/// One descriptor of a domain.
#[derive(Debug)]
pub struct Descriptor {
    fd: OwnedFd,
    /// What it is.
    pub kind: Kind,
    /// Whether the poller of this domain watches it. It starts to when an operation has to wait for the first time.
    pub watched: bool,
    /// What is known of its readiness.
    pub ready: Readiness,
    /// Who waits to read, receive or accept.
    pub readers: Waiting,
    /// Who waits to write, send or connect.
    pub writers: Waiting,
    /// The address that it is bound to, where `bind` was asked for.
    pub listening: Option<Box<Listening>>,
    /// What was handed back, oldest first. A box, since it is hardly ever there.
    #[expect(clippy::box_collection, reason = "24 bytes less on every descriptor for one more allocation on hardly any")]
    returned: Option<Box<VecDeque<Returned>>>,
}

impl Descriptor {
    /// Takes over a descriptor that is in non-blocking mode.
    #[must_use]
    pub fn new(fd: OwnedFd, kind: Kind) -> Self {
        Self {
            fd,
            kind,
            watched: false,
            ready: Readiness { read: true, write: true, read_closed: false, write_closed: false },
            readers: Waiting::Nobody,
            writers: Waiting::Nobody,
            listening: None,
            returned: None,
        }
    }

    /// A read would block from here on, unless the peer has ended.
    pub fn drained(&mut self) {
        self.ready.read = self.ready.read_closed;
    }

    /// A write would block from here on, unless the descriptor has failed.
    pub fn filled(&mut self) {
        self.ready.write = self.ready.write_closed;
    }

    /// Hands something back to the front.
    pub fn give_back(&mut self, returned: Returned) {
        self.returned.get_or_insert_default().push_front(returned);
    }

    /// Whether something was handed back.
    #[must_use]
    pub fn has_returned(&self) -> bool {
        self.returned.is_some()
    }

    /// The oldest of what was handed back.
    pub fn take_returned(&mut self) -> Option<Returned> {
        let queue = self.returned.as_mut()?;
        let oldest = queue.pop_front();
        if queue.is_empty() {
            self.returned = None;
        }
        oldest
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
