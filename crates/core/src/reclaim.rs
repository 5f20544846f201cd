//! When memory that other threads may still look at is freed: once all of them have moved on. The epochs are crossbeam's
//! (K. Fraser, Practical lock-freedom, 2004). Under loom nothing is freed, so that the models are about what uses this.

#[cfg(not(loom))]
use crossbeam_epoch as epoch;

/// A thread looks at shared memory: as long as its guard lives, nothing is freed that it could have found.
#[derive(Debug)]
pub struct Guard {
    #[cfg(not(loom))]
    guard: epoch::Guard,
}

/// Begins to look.
#[must_use]
pub fn pin() -> Guard {
    Guard {
        #[cfg(not(loom))]
        guard: epoch::pin(),
    }
}

impl Guard {
    /// Drops a value once nobody looks who looks now.
    pub fn later<T: Send>(&self, value: T) {
        #[cfg(not(loom))]
        // SAFETY: the value is owned by the closure, which may run on any thread, since it is `Send`, and at any time: what
        // is deferred here borrows nothing, see `defer`'s callers, who hand over boxes and reference counts.
        unsafe {
            self.guard.defer_unchecked(move || drop(value));
        }
        #[cfg(loom)]
        let _ = std::mem::ManuallyDrop::new(value);
    }
}

/// Frees what can be freed by now. Three rounds, since what was given up in one epoch is freed two epochs later.
pub fn sweep() {
    #[cfg(not(loom))]
    for _ in 0..3 {
        epoch::pin().flush();
    }
}
