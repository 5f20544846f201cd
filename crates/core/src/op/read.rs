//! Reading from a stream or a file.

use rustix::io::Errno;

use super::Attempt;
use crate::descriptor::{Descriptor, Returned};
use crate::ring::{PIECE, Ring};

/// Reads at most `most` bytes into the receive area. Completes with their count (0 is the end) and their offset.
pub fn read(most: usize, descriptor: &mut Descriptor, ring: &mut Ring) -> Attempt {
    let most = most.min(PIECE);
    if ring.receive_room() < most {
        return Attempt::NoRoom;
    }
    let (offset, buffer) = ring.receive_buffer(most);
    if let Some(returned) = descriptor.take_returned() {
        let Returned::Bytes { bytes, mut taken } = returned else { return Attempt::error(Errno::INVAL) };
        let length = most.min(bytes.len() - taken);
        buffer[..length].copy_from_slice(&bytes[taken..taken + length]);
        taken += length;
        if taken < bytes.len() {
            descriptor.give_back(Returned::Bytes { bytes, taken });
        }
        ring.hold(length);
        return Attempt::Done(length as i32, offset, 0);
    }
    if !descriptor.ready.read {
        return Attempt::Blocked;
    }
    loop {
        match rustix::io::read(&*descriptor, &mut *buffer) {
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
