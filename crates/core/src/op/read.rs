//! Reading from a stream or a file.

use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::Attempt;
use crate::descriptor::{Descriptor, Kind, Returned};
use crate::ring::{PIECE, Ring};

/// Reads at most `most` bytes into the receive area. Completes with their count (0 is the end) and their offset. Asked for
/// nothing, it reads nothing, and does not wait either.
pub fn read(most: usize, descriptor: &mut Descriptor, ring: &mut Ring) -> Attempt {
    let most = most.min(PIECE);
    if ring.receive_room() < most {
        return Attempt::NoRoom;
    }
    let (offset, buffer) = ring.receive_buffer(most);
    if most == 0 {
        ring.hold(0);
        return Attempt::Done(0, offset, 0);
    }
    if let Some(returned) = descriptor.take_returned() {
        let (bytes, mut taken) = match returned {
            Returned::Bytes { bytes, taken } => (bytes, taken),
            Returned::Error(error) => return Attempt::result(error),
            _ => return Attempt::error(Errno::INVAL),
        };
        let length = most.min(bytes.len() - taken);
        buffer[..length].copy_from_slice(&bytes[taken..taken + length]);
        taken += length;
        if taken < bytes.len() {
            descriptor.give_back(Returned::Bytes { bytes, taken });
        }
        ring.hold(length);
        return Attempt::Done(length as i32, offset, 0);
    }
    if !descriptor.readable() {
        return Attempt::Blocked;
    }
    loop {
        match read_from(descriptor, buffer) {
            Ok(length) => {
                if length < most {
                    descriptor.drained();
                }
                if length == 0 {
                    // The end stays: whoever reads again must not wait for an edge that never comes.
                    descriptor.ready.read = true;
                }
                ring.hold(length);
                return Attempt::Done(length as i32, offset, 0);
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                descriptor.ready.read = false;
                return Attempt::Blocked;
            }
            Err(errno) => return Attempt::error(errno),
        }
    }
}

/// A stream socket in blocking mode is read without blocking all the same.
fn read_from(descriptor: &Descriptor, buffer: &mut [u8]) -> Result<usize, Errno> {
    if descriptor.blocking && descriptor.kind == Kind::Stream {
        return rustix::net::recv(descriptor, &mut *buffer, RecvFlags::DONTWAIT).map(|(length, _)| length);
    }
    rustix::io::read(descriptor, buffer)
}
