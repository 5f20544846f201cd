//! Reading from a stream or a file.

use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::Attempt;
use crate::descriptor::{Descriptor, Kind, Returned};
use crate::ring::{PIECE, Ring};

/// Reads at most `most` bytes into the receive area. Completes with their count (0 is the end), their offset, and
/// where they stand in the stream, which an error has too. Asked for nothing, it reads nothing, and does not wait either.
/// After the loss of a connection there is no end, but that error again.
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
    if let Some((position, returned)) = descriptor.take_returned() {
        let (bytes, mut taken) = match returned {
            Returned::Bytes { bytes, taken } => (bytes, taken),
            Returned::Error(error) => return Attempt::Done(error, 0, position.cast_signed()),
            _ => return Attempt::error(Errno::INVAL),
        };
        let length = most.min(bytes.len() - taken);
        buffer[..length].copy_from_slice(&bytes[taken..taken + length]);
        taken += length;
        if taken < bytes.len() {
            descriptor.give_back(position.wrapping_add(length as u32), Returned::Bytes { bytes, taken });
        }
        ring.hold(length);
        return Attempt::Done(length as i32, offset, position.cast_signed());
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
                    if let Some(errno) = descriptor.lost() {
                        return fail(errno, descriptor);
                    }
                }
                ring.hold(length);
                return Attempt::Done(length as i32, offset, descriptor.given(length).cast_signed());
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                descriptor.ready.read = false;
                return Attempt::Blocked;
            }
            Err(errno) => {
                descriptor.failed(errno);
                return fail(errno, descriptor);
            }
        }
    }
}

fn fail(errno: Errno, descriptor: &mut Descriptor) -> Attempt {
    Attempt::Done(-errno.raw_os_error(), 0, descriptor.given(1).cast_signed())
}

/// A stream socket in blocking mode is read without blocking all the same.
fn read_from(descriptor: &Descriptor, buffer: &mut [u8]) -> Result<usize, Errno> {
    if descriptor.blocking && descriptor.kind == Kind::Stream {
        return rustix::net::recv(descriptor, &mut *buffer, RecvFlags::DONTWAIT).map(|(length, _)| length);
    }
    rustix::io::read(descriptor, buffer)
}
