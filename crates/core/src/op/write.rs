//! Writing to a stream or a file.

use rustix::io::Errno;
use rustix::net::SendFlags;
use rustix::pipe::PIPE_BUF;

use super::Attempt;
use crate::descriptor::{Descriptor, Kind};

/// What the kernel did not take of a write: kept here, never in memory of the user.
#[derive(Debug)]
pub struct Unwritten {
    bytes: Box<[u8]>,
    written: usize,
    /// Bytes of the whole piece, with those that were taken at once.
    length: usize,
}

impl Unwritten {
    /// Keeps a copy of what is left of `bytes` when the kernel has taken the first `taken`.
    #[must_use]
    pub fn of(bytes: &[u8], taken: usize) -> Self {
        Self {
            bytes: bytes[taken..].into(),
            written: 0,
            length: bytes.len(),
        }
    }

    /// Writes on. Completes with the count of this piece's bytes once all of them are written.
    pub fn attempt(&mut self, descriptor: &mut Descriptor) -> Attempt {
        match write(&self.bytes[self.written..], descriptor) {
            Ok(written) => {
                self.written += written;
                if self.written == self.bytes.len() {
                    Attempt::result(self.length as i32)
                } else {
                    Attempt::Blocked
                }
            }
            Err(errno) => Attempt::error(errno),
        }
    }
}

/// Writes as much as the kernel takes now and returns how much that was. A write that is shorter than asked ends the
/// readiness without a second call.
pub fn write(bytes: &[u8], descriptor: &mut Descriptor) -> Result<usize, Errno> {
    if descriptor.blocking {
        return write_blocking(bytes, descriptor);
    }
    if !descriptor.ready.write {
        return Ok(0);
    }
    loop {
        match rustix::io::write(&*descriptor, bytes) {
            Ok(written) => {
                if written < bytes.len() {
                    descriptor.filled();
                }
                return Ok(written);
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                descriptor.ready.write = false;
                return Ok(0);
            }
            Err(errno) => {
                descriptor.failed(errno);
                return Err(errno);
            }
        }
    }
}

/// A socket in blocking mode is written without blocking all the same; of another file is only known that it takes
/// `PIPE_BUF` bytes once it polls as writable.
fn write_blocking(bytes: &[u8], descriptor: &mut Descriptor) -> Result<usize, Errno> {
    let mut written = 0;
    while written < bytes.len() && descriptor.writable() {
        let rest = &bytes[written..];
        let taken = if descriptor.kind == Kind::Stream {
            rustix::net::send(&*descriptor, rest, SendFlags::DONTWAIT)
        } else {
            rustix::io::write(&*descriptor, &rest[..rest.len().min(PIPE_BUF)])
        };
        match taken {
            Ok(length) => written += length,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => descriptor.ready.write = false,
            // What was taken before counts: the next attempt meets the error again.
            Err(errno) => {
                descriptor.failed(errno);
                if written == 0 {
                    return Err(errno);
                }
                break;
            }
        }
    }
    Ok(written)
}
