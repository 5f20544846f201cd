//! The numbers of the descriptors that the domains of this process hold: taking one over twice would close it twice, and
//! the second time it may be somebody else's.
//!
//! **Invariant CLOSED-ONCE**: a number is claimed from before its descriptor enters a domain until right before that is
//! closed, and what is claimed can't be taken over. What Node or others hold is not known here.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers that are kept count of: as many as a process of Linux may have by default.
const KNOWN: usize = 1 << 20;

static CLAIMED: [AtomicU64; KNOWN / 64] = [const { AtomicU64::new(0) }; KNOWN / 64];

fn bit(number: RawFd) -> Option<(&'static AtomicU64, u64)> {
    let number = usize::try_from(number).ok()?;
    Some((CLAIMED.get(number / 64)?, 1 << (number % 64)))
}

/// Claims a number; whether nobody had.
pub fn claim(number: RawFd) -> bool {
    bit(number).is_none_or(|(word, bit)| word.fetch_or(bit, Ordering::AcqRel) & bit == 0)
}

/// Gives a claim up.
pub fn release(number: RawFd) {
    if let Some((word, bit)) = bit(number) {
        word.fetch_and(!bit, Ordering::AcqRel);
    }
}

/// The claim on a descriptor of our own. It stands before the descriptor in whatever holds both, so that it ends first.
#[derive(Debug)]
pub struct Claim(RawFd);

impl Claim {
    /// Claims the number of `fd`.
    pub fn on(fd: &impl AsRawFd) -> Self {
        claim(fd.as_raw_fd());
        Self(fd.as_raw_fd())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        release(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_claimed_once_until_it_is_released() {
        for number in [KNOWN as RawFd - 1, KNOWN as RawFd - 65] {
            assert!(claim(number));
            assert!(!claim(number));
            release(number);
            assert!(claim(number));
            release(number);
        }
    }

    #[test]
    fn numbers_beyond_what_is_known_are_let_through() {
        for number in [-1, KNOWN as RawFd, RawFd::MAX] {
            assert!(claim(number) && claim(number));
            release(number);
        }
    }
}
