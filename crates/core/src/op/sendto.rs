//! Sending a datagram.

use rustix::io::Errno;
use rustix::net::SendFlags;

use super::Attempt;
use crate::address::Address;
use crate::descriptor::Descriptor;

/// A datagram that the kernel did not take.
#[derive(Debug)]
pub struct Unsent {
    /// Its payload.
    pub bytes: Box<[u8]>,
    /// The encoded address that it goes to.
    pub to: Box<[u8]>,
}

/// Sends one datagram to an encoded address. Completes with the count of its bytes.
pub fn sendto(bytes: &[u8], to: &[u8], descriptor: &mut Descriptor) -> Attempt {
    if !descriptor.ready.write {
        return Attempt::Blocked;
    }
    let to = match Address::decode(to) {
        Ok(to) => to,
        Err(error) => return Attempt::result(-error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error())),
    };
    loop {
        let sent = match &to {
            Address::Inet(to) => rustix::net::sendto(&*descriptor, bytes, SendFlags::DONTWAIT, to),
            Address::Path(to) => rustix::net::sendto(&*descriptor, bytes, SendFlags::DONTWAIT, to),
        };
        match sent {
            Ok(length) => return Attempt::result(length as i32),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                descriptor.ready.write = false;
                return Attempt::Blocked;
            }
            Err(errno) => return Attempt::error(errno),
        }
    }
}
