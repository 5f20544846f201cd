//! The operations that may suspend, a file each: what it is, one attempt that never blocks, the side that it waits for.

mod accept;
mod connect;
mod read;
mod recvfrom;
mod sendto;
mod write;

use rustix::io::Errno;

use crate::descriptor::Descriptor;
use crate::ring::Ring;

pub use accept::accept;
pub use connect::{connect, connected};
pub use read::read;
pub use recvfrom::{DATAGRAM, recvfrom};
pub use sendto::{Unsent, sendto};
pub use write::{Unwritten, write};

/// An operation that waits. What needs more than a word lies in a box: most of those that wait are reads.
#[derive(Debug)]
pub enum Op {
    /// Read at most so many bytes.
    Read(usize),
    /// Accept a connection.
    Accept,
    /// Receive a datagram of at most so many bytes.
    Recvfrom(usize),
    /// Write what is left.
    Write(Box<Unwritten>),
    /// Send a datagram to an encoded address.
    Sendto(Box<Unsent>),
    /// Find out how a connection attempt ended.
    Connect,
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Attempt {
    /// It is over: the three words of a completion.
    Done(i32, i32, i32),
    /// It is over and made a descriptor; its peer's encoded address lies at an offset of the receive area.
    Accepted(Box<Descriptor>, i32, usize),
    /// It has to wait for readiness.
    Blocked,
    /// The receive area is full: try again next turn.
    NoRoom,
    /// The process has no descriptor left: try again when one is closed.
    Exhausted,
}

impl Attempt {
    /// Whether the operation goes on waiting.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(self, Self::Blocked | Self::NoRoom | Self::Exhausted)
    }

    /// An end with a result alone.
    #[must_use]
    pub const fn result(result: i32) -> Self {
        Self::Done(result, 0, 0)
    }

    /// An end with an error of the system.
    #[must_use]
    pub fn error(errno: Errno) -> Self {
        Self::result(-errno.raw_os_error())
    }
}

impl Op {
    /// Whether it waits for readability; otherwise it waits for writability.
    #[must_use]
    pub const fn reads(&self) -> bool {
        matches!(self, Self::Read(_) | Self::Accept | Self::Recvfrom(_))
    }

    /// One attempt, without blocking.
    pub fn attempt(&mut self, descriptor: &mut Descriptor, ring: &mut Ring) -> Attempt {
        match self {
            Self::Read(most) => read(*most, descriptor, ring),
            Self::Accept => accept(descriptor, ring),
            Self::Recvfrom(most) => recvfrom(*most, descriptor, ring),
            Self::Write(unwritten) => unwritten.attempt(descriptor),
            Self::Sendto(unsent) => sendto(&unsent.bytes, &unsent.to, descriptor),
            Self::Connect => connected(descriptor),
        }
    }
}
