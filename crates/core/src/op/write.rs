//! Writing to a stream or a file.

use rustix::io::Errno;

use super::Attempt;
use crate::descriptor::Descriptor;

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
        Self { bytes: bytes[taken..].into(), written: 0, length: bytes.len() }
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
            Err(errno) => return Err(errno),
        }
    }
}
