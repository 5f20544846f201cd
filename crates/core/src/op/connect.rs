//! Connecting a socket.

use rustix::io::Errno;

use super::Attempt;
use crate::address::Address;
use crate::descriptor::{Descriptor, Readiness};

/// Begins to connect. Blocked: the system is at it, and [`connected`] tells the outcome.
pub fn connect(to: &Address, descriptor: &mut Descriptor) -> Attempt {
    // What was known of the socket before, a refused attempt say, holds no longer; unless it can't begin at all.
    let before = descriptor.ready;
    descriptor.begins_anew();
    descriptor.ready = Readiness {
        read: true,
        write: false,
        read_closed: false,
        write_closed: false,
    };
    let begun = match to {
        Address::Inet(address) => rustix::net::connect(&*descriptor, address),
        Address::Path(address) => rustix::net::connect(&*descriptor, address),
    };
    match begun {
        Ok(()) => {
            descriptor.ready.write = true;
            Attempt::result(0)
        }
        // An interrupted connect goes on by itself.
        Err(Errno::INPROGRESS | Errno::INTR) => Attempt::Blocked,
        Err(errno) => {
            descriptor.ready = before;
            descriptor.failed(errno);
            Attempt::error(errno)
        }
    }
}

/// How the attempt ended, once the socket is writable.
pub fn connected(descriptor: &mut Descriptor) -> Attempt {
    if !descriptor.ready.write {
        return Attempt::Blocked;
    }
    match rustix::net::sockopt::socket_error(&*descriptor) {
        // The system tells an error once: somebody who waits to read may have been told.
        Ok(Ok(())) => descriptor.lost().map_or(Attempt::result(0), Attempt::error),
        Ok(Err(errno)) | Err(errno) => {
            descriptor.failed(errno);
            Attempt::error(errno)
        }
    }
}
