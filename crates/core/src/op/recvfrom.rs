//! Receiving a datagram.

use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::Attempt;
use crate::address;
use crate::descriptor::{Descriptor, Returned};
use crate::ring::{PIECE, Ring};

/// What a datagram counts as: the length of an address fits below.
pub const DATAGRAM: usize = 256;

/// Receives one datagram, of which at most `most` bytes are kept. Completes with their count, their offset, and
/// where it stands among the datagrams plus the length of the sender's encoded address, which lies behind them.
pub fn recvfrom(most: usize, descriptor: &mut Descriptor, ring: &mut Ring) -> Attempt {
    let most = most.min(PIECE);
    if ring.receive_room() < most + address::MOST {
        return Attempt::NoRoom;
    }
    let (offset, buffer) = ring.receive_buffer(most + address::MOST);
    if let Some((position, returned)) = descriptor.take_returned() {
        let (bytes, from) = match returned {
            Returned::Datagram { bytes, from } => (bytes, from),
            Returned::Error(error) => return Attempt::Done(error, 0, position.cast_signed()),
            _ => return Attempt::error(Errno::INVAL),
        };
        let length = most.min(bytes.len());
        let sender = from.len().min(address::MOST);
        buffer[..length].copy_from_slice(&bytes[..length]);
        buffer[length..length + sender].copy_from_slice(&from[..sender]);
        ring.hold(length + sender);
        return Attempt::Done(length as i32, offset, (position | sender as u32).cast_signed());
    }
    if !descriptor.ready.read {
        return Attempt::Blocked;
    }
    loop {
        match rustix::net::recvfrom(&*descriptor, &mut buffer[..most], RecvFlags::DONTWAIT) {
            Ok((length, _, from)) => {
                let sender = address::encode(from.as_ref(), &mut buffer[length..]);
                ring.hold(length + sender);
                let position = descriptor.given(DATAGRAM);
                return Attempt::Done(length as i32, offset, (position | sender as u32).cast_signed());
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                descriptor.ready.read = false;
                return Attempt::Blocked;
            }
            Err(errno) => return Attempt::Done(-errno.raw_os_error(), 0, descriptor.given(DATAGRAM).cast_signed()),
        }
    }
}
