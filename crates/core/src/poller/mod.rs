//! The poller: which descriptors became ready. Edge-triggered, one registration a descriptor, never blocking: a domain
//! that has nothing to do waits on the poller's own descriptor, in Node's loop.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use epoll::Poller;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod kqueue;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use kqueue::Poller;

/// Which descriptor an event is about: its place in the domain's table and its generation, so that an event of a closed
/// descriptor never reaches the next owner of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u64);

impl Key {
    /// The key of the domain's waker.
    pub const WAKER: Self = Self(u64::MAX);

    /// The key of a descriptor.
    #[must_use]
    pub const fn of(index: u32, generation: u32) -> Self {
        Self((generation as u64) << 32 | index as u64)
    }

    /// Place in the table.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0 as u32
    }

    /// Generation.
    #[must_use]
    pub const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// What the system says of a descriptor. Errors and hang-ups count as both readable and writable.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Whose event.
    pub key: Key,
    /// A read would not block.
    pub readable: bool,
    /// A write would not block.
    pub writable: bool,
    /// Nothing more will come: the reading side stays ready for ever.
    pub read_closed: bool,
    /// Nothing more can be sent, or the descriptor failed: the writing side stays ready for ever.
    pub write_closed: bool,
}

/// Most events that one look takes.
pub const EVENTS: usize = 512;
