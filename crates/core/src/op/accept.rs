//! Accepting a connection.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::SocketAddrAny;

use super::Attempt;
use crate::address;
use crate::descriptor::{Descriptor, Returned};
use crate::exhaustion::is_exhausted;
use crate::ring::Ring;

/// Accepts one connection, in non-blocking mode and closed on exec. Completes with its place, its generation and the
/// offset of its peer's encoded address.
pub fn accept(descriptor: &mut Descriptor, ring: &mut Ring) -> Attempt {
    if ring.receive_room() < address::MOST {
        return Attempt::NoRoom;
    }
    let (offset, buffer) = ring.receive_buffer(address::MOST);
    if let Some((_, returned)) = descriptor.take_returned() {
        let Returned::Connection { connection, peer } = returned else {
            return Attempt::error(Errno::INVAL);
        };
        let length = peer.len().min(buffer.len());
        buffer[..length].copy_from_slice(&peer[..length]);
        ring.hold(length);
        return Attempt::Accepted(connection, offset, length);
    }
    // One that does not listen is asked whatever is known of it: it says so, and may never become readable.
    if (descriptor.listens || descriptor.blocking) && !descriptor.readable() {
        return Attempt::Blocked;
    }
    loop {
        match accept_from(descriptor) {
            Ok((fd, peer)) => {
                let length = address::encode(peer.as_ref(), buffer);
                ring.hold(length);
                descriptor.listens = true;
                return Attempt::Accepted(Box::new(descriptor.accepted(fd)), offset, length);
            }
            // The client was gone before it was accepted: the next one may be there.
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(Errno::AGAIN) => {
                descriptor.listens = true;
                descriptor.ready.read = false;
                return Attempt::Blocked;
            }
            Err(errno) if is_exhausted(errno) => return Attempt::Exhausted,
            Err(errno) => return Attempt::error(errno),
        }
    }
}

#[cfg(not(target_vendor = "apple"))]
fn accept_from(listener: &Descriptor) -> Result<(OwnedFd, Option<SocketAddrAny>), Errno> {
    use rustix::net::SocketFlags;
    rustix::net::acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)
}

#[cfg(target_vendor = "apple")]
fn accept_from(listener: &Descriptor) -> Result<(OwnedFd, Option<SocketAddrAny>), Errno> {
    let (fd, peer) = rustix::net::acceptfrom(listener)?;
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&fd, true)?;
    Ok((fd, peer))
}
